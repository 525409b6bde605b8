import t from 'tap'
import { type Metrics, point } from '../../../collector/telemetry/host/instruments'
import { CounterStarts } from '../../../collector/telemetry/host/starts'

const BOOT = 1000

const received = (...values: [name: string, bytes: number][]): Metrics => ({
  'system.network.io': values.map(([name, bytes]) =>
    point(bytes, { 'network.interface.name': name, 'network.io.direction': 'receive' }),
  ),
})
const startsOf = (starts: CounterStarts, metrics: Metrics, begin: number | null = BOOT) =>
  starts.place(metrics, begin).flatMap(([, points]) => points.map(({ startUnixMs }) => startUnixMs))

t.test('counters and amounts began when their source did, gauges never', async (t) => {
  const starts = new CounterStarts()
  t.strictSame(startsOf(starts, received(['eth0', 5], ['eth1', 6])), [BOOT, BOOT])
  t.strictSame(startsOf(starts, { 'system.memory.limit': [point(1)] }), [BOOT])
  t.strictSame(startsOf(starts, { 'system.uptime': [point(1)] }), [null])
  t.strictSame(startsOf(starts, { 'container.cpu.time': [point(1)] }, null), [null])
})

t.test(
  'a counter that falls began again after the last reading, and goes on from there',
  async (t) => {
    const starts = new CounterStarts()
    startsOf(starts, received(['eth0', 500], ['eth1', 6]))
    starts.close(15_000)
    t.strictSame(startsOf(starts, received(['eth0', 20], ['eth1', 6])), [15_000, BOOT])
    starts.close(30_000)
    t.strictSame(startsOf(starts, received(['eth0', 400], ['eth1', 7])), [15_000, BOOT])
    starts.close(45_000)
    t.strictSame(startsOf(starts, received(['eth0', 399], ['eth1', 7])), [45_000, BOOT])
  },
)

t.test('one that was away and came back with less began again', async (t) => {
  const starts = new CounterStarts()
  startsOf(starts, received(['wg0', 500]))
  starts.close(15_000)
  startsOf(starts, received(['eth0', 1]))
  starts.close(30_000)
  t.strictSame(startsOf(starts, received(['wg0', 10])), [30_000])
})

t.test('a value that is no number, and a metric without values, are left out', async (t) => {
  const starts = new CounterStarts()
  const metrics = { ...received(['eth0', NaN], ['eth1', 1]), 'system.disk.io': [] }
  t.strictSame(
    starts.place(metrics, BOOT).map(([name, points]) => [name, points.length]),
    [['system.network.io', 1]],
  )
})

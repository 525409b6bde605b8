import { pino } from 'pino'
import t from 'tap'
import { HostMetrics, type HostMetricsParts } from '../../collector/telemetry/host-metrics'
import type { HostReading } from '../../collector/telemetry/host/reader'
import { createCounters } from '../../collector/telemetry/counters'
import { createLog } from '../../collector/telemetry/log'
import { until } from '../helpers/until'
import { valuesOf } from './host/decode'

const NOTHING: HostReading = {
  cpu: null,
  load: null,
  uptimeSeconds: null,
  memory: null,
  disks: null,
  interfaces: null,
  filesystems: null,
  container: null,
}

interface Sent {
  readonly body: Buffer
  readonly receivedMs: number
  readonly release: () => void
  readonly answer: (outcome: { rejected: number; message: string }) => void
  readonly refuse: (error: Error) => void
}

/** Host metrics with a clock that is moved by hand, and an ingest that answers when it is told to. */
function begin(parts: Partial<HostMetricsParts> = {}) {
  const counters = createCounters()
  const lines: { level: string; msg: string }[] = []
  const sent: Sent[] = []
  let uptimeSeconds = 0
  let run = () => undefined as void
  let isEnded = false
  let unixMs = 1_790_000_000_000
  const metrics = new HostMetrics({
    intervalMs: 15_000,
    read: () => Promise.resolve({ ...NOTHING, uptimeSeconds: ++uptimeSeconds }),
    resource: { 'service.name': 'sidelight' },
    version: '1.2.3',
    accept: (body, receivedMs, release) =>
      new Promise((answer, refuse) => sent.push({ body, receivedMs, release, answer, refuse })),
    counters,
    log: createLog('info', { write: (line) => lines.push(JSON.parse(line)) }),
    now: () => ({ unixMs, monotonicMs: unixMs }),
    repeat(tick, intervalMs) {
      run = () => {
        unixMs += intervalMs
        tick()
      }
      return () => (isEnded = true)
    },
    ...parts,
  })
  return {
    metrics,
    sent,
    lines,
    isEnded: () => isEnded,
    tick: () => run(),
    reads: () => uptimeSeconds,
    async outcomes() {
      const { values } = await counters.hostMetricsExports.get()
      return Object.fromEntries(values.map(({ labels, value }) => [labels.outcome, value]))
    },
  }
}

const ACCEPTED = { rejected: 0, message: '' }
/** Everything that waits for nothing but other promises has happened. */
const settle = () => new Promise(setImmediate)

t.test('the first reading is taken at the start and is not exported', async (t) => {
  const { sent, tick, reads } = begin()
  await settle()
  t.equal(reads(), 1)
  t.equal(sent.length, 0)
  tick()
  await settle()
  t.equal(sent.length, 1)
  t.equal(sent[0]?.receivedMs, 1_790_000_015_000)
  t.strictSame(valuesOf(sent[0]?.body ?? Buffer.alloc(0), 'system.uptime'), { '': 2 })
})

t.test(
  'there are never two at once: one that is due meanwhile is skipped and counted',
  async (t) => {
    const { sent, tick, outcomes } = begin()
    await settle()
    tick()
    await settle()
    tick()
    t.strictSame(await outcomes(), { skipped: 1 })
    sent[0]?.answer(ACCEPTED)
    await settle()
    // Its body is still in memory.
    tick()
    await settle()
    t.equal(sent.length, 1)
    t.strictSame(await outcomes(), { skipped: 2, accepted: 1 })
    sent[0]?.release()
    tick()
    await settle()
    t.equal(sent.length, 2)
  },
)

t.test('one that is due while the first reading is still under way is skipped', async (t) => {
  let finish: (reading: HostReading) => void = () => undefined
  const { sent, tick, outcomes } = begin({ read: () => new Promise((done) => (finish = done)) })
  tick()
  finish(NOTHING)
  await settle()
  t.equal(sent.length, 0)
  t.strictSame(await outcomes(), { skipped: 1 })
})

t.test('a refused export is counted, told once, and the next one goes on', async (t) => {
  const { sent, tick, outcomes, lines } = begin()
  await settle()
  for (let number = 0; number < 2; number++) {
    tick()
    await settle()
    sent[number]?.release()
    sent[number]?.refuse(new Error('the spool is full'))
    await settle()
  }
  t.strictSame(await outcomes(), { refused: 2 })
  t.match(lines, [{ level: 'warn', err: { message: 'the spool is full' } }])
  tick()
  await settle()
  sent[2]?.release()
  sent[2]?.answer(ACCEPTED)
  await settle()
  t.strictSame(await outcomes(), { refused: 2, accepted: 1 })
  t.match(lines.slice(1), [{ level: 'info', msg: 'host metrics are accepted again' }])
  t.equal(lines.length, 2)
})

t.test('points that are rejected are counted and told with the reason', async (t) => {
  const { sent, tick, outcomes, lines } = begin()
  await settle()
  tick()
  await settle()
  sent[0]?.answer({ rejected: 3, message: 'too old' })
  await settle()
  t.strictSame(await outcomes(), { rejected: 1 })
  t.match(lines, [{ level: 'warn', rejected: 3, reason: 'too old' }])
})

t.test('a reading that fails is counted, and the next one goes on', async (t) => {
  let reads = 0
  const { sent, tick, outcomes } = begin({
    read: () => (++reads < 3 ? Promise.reject(new Error('broken')) : Promise.resolve(NOTHING)),
  })
  await settle()
  tick()
  await settle()
  t.strictSame(await outcomes(), { failed: 2 })
  t.equal(sent.length, 0)
  tick()
  await settle()
  t.equal(sent.length, 1)
})

t.test('after a stop nothing is exported, not even what was being read', async (t) => {
  const finish: ((reading: HostReading) => void)[] = []
  const { metrics, sent, tick, isEnded } = begin({
    read: () => new Promise((done) => finish.push(done)),
  })
  finish[0]?.(NOTHING)
  await settle()
  tick()
  metrics.stop()
  t.ok(isEnded())
  finish[1]?.(NOTHING)
  await settle()
  t.equal(sent.length, 0)
})

t.test('what a stop refuses is counted and no trouble', async (t) => {
  const { metrics, sent, tick, outcomes, lines } = begin()
  await settle()
  tick()
  await settle()
  metrics.stop()
  sent[0]?.refuse(new Error('stopping'))
  await settle()
  t.strictSame(await outcomes(), { refused: 1 })
  t.strictSame(lines, [])
})

t.test('with the real clock it goes on by itself, and ends', async (t) => {
  let reads = 0
  const metrics = new HostMetrics({
    intervalMs: 1,
    read: () => Promise.resolve({ ...NOTHING, uptimeSeconds: ++reads }),
    resource: {},
    version: '1.2.3',
    accept(_body, _receivedMs, release) {
      release()
      return Promise.resolve(ACCEPTED)
    },
    counters: createCounters(),
    log: pino({ level: 'silent' }),
  })
  await until(() => reads > 3, 10_000, 'three exports')
  metrics.stop()
  await settle()
  const atTheEnd = reads
  // As many turns of a timer as gave three exports.
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  await until(() => turns > 3, 10_000, 'the same time again')
  clearInterval(timer)
  t.equal(reads, atTheEnd)
})

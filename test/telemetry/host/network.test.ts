import t from 'tap'
import { parseLoad, parseUptime } from '../../../collector/telemetry/host/load'
import { parseInterfaces } from '../../../collector/telemetry/host/network'
import { readProc } from './fixture'

t.test(
  'interfaces to the outside are told, both directions, without those of containers',
  async (t) => {
    const interfaces = parseInterfaces(readProc('server', 'self/net/dev'))
    t.strictSame(
      interfaces.map(({ name }) => name),
      ['enp1s0', 'enp2s0', 'wg0'],
    )
    t.strictSame(interfaces[0], {
      name: 'enp1s0',
      receive: { bytes: 9_876_543_210_987, packets: 8_765_432, errors: 3, dropped: 45 },
      transmit: { bytes: 876_543_210, packets: 7_654_321, errors: 1, dropped: 2 },
    })
    // Old kernels leave no blank after the colon.
    t.strictSame(interfaces[1]?.receive, { bytes: 1024, packets: 8, errors: 0, dropped: 0 })
  },
)

t.test('inside of a container its end of the pair is told', async (t) => {
  const interfaces = parseInterfaces(readProc('container-v2', 'self/net/dev'))
  t.strictSame(
    interfaces.map(({ name, receive, transmit }) => [name, receive.bytes, transmit.bytes]),
    [['eth0', 1_500_000, 900_000]],
  )
})

t.test('/proc/loadavg gives the load of three spans of time', async (t) => {
  t.strictSame(parseLoad(readProc('server', 'loadavg')), {
    oneMinute: 0.52,
    fiveMinutes: 1.25,
    fifteenMinutes: 2.08,
  })
  t.equal(parseLoad('1 2'), null)
  t.equal(parseLoad(''), null)
})

t.test('/proc/uptime gives the seconds since the boot', async (t) => {
  t.equal(parseUptime(readProc('server', 'uptime')), 250_123.45)
  t.equal(parseUptime(''), null)
})

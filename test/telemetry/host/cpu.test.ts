import t from 'tap'
import {
  type CpuReading,
  type CpuSeconds,
  parseCpu,
  shareCpu,
  steadyCpu,
} from '../../../collector/telemetry/host/cpu'
import { readProc } from './fixture'

const NOTHING: CpuSeconds = {
  user: 0,
  nice: 0,
  system: 0,
  idle: 0,
  iowait: 0,
  interrupt: 0,
  steal: 0,
}
const reading = (seconds: Partial<CpuSeconds>): CpuReading => ({
  logicalCount: 1,
  bootUnixSeconds: null,
  seconds: { ...NOTHING, ...seconds },
})

t.test('/proc/stat gives the CPUs, their time by mode and the boot', async (t) => {
  t.strictSame(parseCpu(readProc('server', 'stat')), {
    logicalCount: 4,
    seconds: {
      user: 12345.67,
      nice: 23.45,
      system: 3456.78,
      idle: 987654.32,
      iowait: 456.78,
      interrupt: 123.45,
      steal: 6.78,
    },
    bootUnixSeconds: 1_790_000_000,
  })
})

t.test('modes a kernel does not count are 0', async (t) => {
  const { seconds } = parseCpu('cpu  100 200 300 400\ncpu0 100 200 300 400\n') ?? reading({})
  t.strictSame(seconds, { ...NOTHING, user: 1, nice: 2, system: 3, idle: 4 })
})

t.test('interrupts are those of hardware and software together', async (t) => {
  t.equal(parseCpu('cpu  0 0 0 0 0 700 1100 0 0 0\n')?.seconds.interrupt, 18)
})

t.test('a text without the line of all CPUs is no reading', async (t) => {
  t.equal(parseCpu(''), null)
  t.equal(parseCpu('cpu0 1 2 3 4\n'), null)
})

t.test('shares are of the time of all modes and add up to 1', async (t) => {
  const before = { ...NOTHING, user: 10, idle: 100 }
  const now = { ...NOTHING, user: 13, system: 1, idle: 104 }
  t.strictSame(shareCpu(now, before), { ...NOTHING, user: 3 / 8, system: 1 / 8, idle: 4 / 8 })
})

t.test('there are no shares of no time, nor of counters that began again', async (t) => {
  t.equal(shareCpu(NOTHING, NOTHING), null)
  t.equal(shareCpu({ ...NOTHING, user: 1, idle: 90 }, { ...NOTHING, idle: 60, user: 2 }), null)
})

t.test('a mode that falls a little stays, one that falls far began again', async (t) => {
  const before = reading({ idle: 100, iowait: 50, user: 20 })
  const { seconds } = steadyCpu(reading({ idle: 97, iowait: 10, user: 21 }), before)
  t.strictSame(seconds, { ...NOTHING, idle: 100, iowait: 10, user: 21 })
  t.strictSame(steadyCpu(before, null), before)
})

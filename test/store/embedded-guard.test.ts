import { pino } from 'pino'
import t from 'tap'
import { createSizeGuard, judgeSize, measureFreeBytes } from '../../collector/store/embedded/guard'

const MIB = 1024 * 1024
const log = pino({ level: 'silent' })

t.test('the verdict on a size', async (t) => {
  for (const { size, cap, free, verdict } of [
    { size: 99, cap: 100, free: 256, verdict: null },
    { size: 100, cap: 100, free: 9_999, verdict: /at its cap \(100 of 100 MiB\)/ },
    { size: 1, cap: 100, free: 255, verdict: /nearly full \(255 MiB left\)/ },
  ]) {
    const judged = judgeSize(size * MIB, cap * MIB, free * MIB)
    if (verdict === null) t.equal(judged, null)
    else t.match(judged, verdict)
  }
})

t.test(
  'a guard refuses while there is no room, and keeps its verdict when it cannot measure',
  async (t) => {
    let measure = async () => 200 * MIB
    const guard = createSizeGuard({
      measureBytes: () => measure(),
      freeBytes: () => measureFreeBytes(__dirname).then(() => 1024 * MIB),
      maxSizeBytes: 100 * MIB,
      log,
    })
    t.teardown(() => guard.stop())
    t.equal(guard.refusal(), null)
    await guard.check()
    t.match(guard.refusal(), /at its cap/)
    measure = () => Promise.reject(new Error('no connection'))
    await guard.check()
    t.match(guard.refusal(), /at its cap/)
    measure = async () => 50 * MIB
    await guard.check()
    t.equal(guard.refusal(), null)
  },
)

import { setTimeout as wait } from 'node:timers/promises'
import { quantile } from '../../bench/report'
import { isLevel, thirds } from '../memory'
import type { Scenario } from '../scenario'

const SECOND_MS = 1_000
const WARM_UP_MS = 5 * SECOND_MS
const FULL = { lastsMs: 30 * 60 * SECOND_MS, itemsPerSecond: 5_000, itemsPerRequest: 64 }
const SHORT = { lastsMs: 20 * SECOND_MS, itemsPerSecond: 2_000, itemsPerRequest: 64 }

/** No fault at all: what grows with time shows. */
export const STEADY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'steady',
    fault:
      'no fault: 30 min at 5,000 items/s (short: 20 s at 2,000); memory and latency stay level',
    times: { full: 1, short: 1 },
    async run(stage) {
      const { lastsMs, ...load } = stage.isShort ? SHORT : FULL
      const { sidecar, client } = await stage.play(load)
      await wait(WARM_UP_MS)
      const fromMs = Date.now()
      await wait(lastsMs)
      const rssMib = sidecar
        .rssSamples()
        .filter(({ atMs }) => atMs > fromMs)
        .map((sample) => sample.rssMib)
      const rss = thirds(rssMib)
      const rssFigures = `${Math.round(rss.first)} MiB in the first third, ${Math.round(rss.last)} in the last`
      stage.note(`RSS: ${rssFigures}`)
      stage.claim(isLevel(rssMib), `RSS grows: ${rssFigures}`)
      const tookMs = client
        .entries()
        .filter(({ sentAtMs }) => sentAtMs > fromMs)
        .map((entry) => entry.tookMs)
      const latency = thirds(tookMs)
      const figures = `${latency.first.toFixed(1)} ms in the first third, ${latency.last.toFixed(1)} in the last`
      stage.note(`median answer: ${figures}; p99 ${quantile(tookMs, 0.99).toFixed(1)} ms`)
      stage.claim(latency.last <= latency.first * 1.5 + 5, `answers get slower: ${figures}`)
      stage.claimNoFailure(client)
    },
  },
]

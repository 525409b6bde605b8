import { setTimeout as wait } from 'node:timers/promises'
import { quantile } from '../../bench/report'
import { until } from '../../helpers/until'
import { isLevel } from '../memory'
import type { Scenario } from '../scenario'
import type { Sidecar } from '../sidecar'
import type { Stage } from '../stage'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
/** Compiling, the first growth of the heap: over by then. */
const WARM_UP_MS = 5 * SECOND_MS
const ITEMS_PER_REQUEST = 16
const FULL = { awayMs: 10 * MINUTE_MS, itemsPerSecond: 2_000, judgedQuantile: 0.99 }
/** Of its few requests a single pause of the machine is the slowest hundredth. */
const SHORT = { awayMs: 30 * SECOND_MS, itemsPerSecond: 500, judgedQuantile: 0.9 }
const DRAIN_MS = 10 * MINUTE_MS
const MAX_ANSWER_MS = 100
/** Of the live rate. */
const MIN_DRAIN_RATIO = 5

/** Postgres is away for long while the load goes on. */
export const AWAY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'away',
    fault:
      'Postgres away for 10 min at 2,000 items/s (short: 30 s at 500), then drained under load',
    times: { full: 1, short: 1 },
    async run(stage) {
      const { awayMs, itemsPerSecond, judgedQuantile } = stage.isShort ? SHORT : FULL
      const { sidecar, client } = await stage.play({
        itemsPerSecond,
        itemsPerRequest: ITEMS_PER_REQUEST,
      })
      await wait(WARM_UP_MS)
      await stage.repeat(async () => {
        await stage.cluster.stop('SIGINT')
        const fromMs = Date.now()
        await wait(awayMs)
        judge(stage, sidecar, client, { fromMs, judgedQuantile })
        await drain(stage, sidecar, itemsPerSecond)
      })
      stage.claimNoFailure(client)
    },
  },
]

/** The time without Postgres: memory level, answers quick. */
function judge(
  stage: Stage,
  sidecar: Sidecar,
  client: { entries(): readonly { sentAtMs: number; tookMs: number; outcome: string }[] },
  { fromMs, judgedQuantile }: { fromMs: number; judgedQuantile: number },
): void {
  const rssMib = sidecar
    .rssSamples()
    .filter(({ atMs }) => atMs > fromMs)
    .map((sample) => sample.rssMib)
  const figures = [Math.min(...rssMib), Math.max(...rssMib), rssMib.at(-1) ?? NaN].map(Math.round)
  stage.note(`RSS while away: ${figures.join(' / ')} MiB (min / max / last)`)
  stage.claim(isLevel(rssMib), `RSS grows while Postgres is away: ${figures.join(' / ')} MiB`)
  const tookMs = client
    .entries()
    .filter(({ sentAtMs, outcome }) => sentAtMs > fromMs && outcome === 'acknowledged')
    .map((entry) => entry.tookMs)
  const p99Ms = quantile(tookMs, 0.99)
  stage.note(`acknowledgements while away: ${tookMs.length}, p99 ${p99Ms.toFixed(1)} ms`)
  const judgedMs = quantile(tookMs, judgedQuantile)
  const judged = `p${100 * judgedQuantile} of acknowledgements while away is ${judgedMs.toFixed(1)} ms`
  stage.claim(judgedMs < MAX_ANSWER_MS, judged)
}

/** Measured from the first answer of Postgres to the empty spool, while the clients go on; what they add is not counted. */
async function drain(stage: Stage, sidecar: Sidecar, liveItemsPerSecond: number): Promise<void> {
  const records = await sidecar.spoolRecords()
  await stage.cluster.restart()
  const backAtMs = performance.now()
  await until(async () => (await sidecar.spoolRecords()) === 0, DRAIN_MS, 'a drained spool')
  const seconds = (performance.now() - backAtMs) / SECOND_MS
  const itemsPerSecond = (records * ITEMS_PER_REQUEST) / seconds
  const ratio = itemsPerSecond / liveItemsPerSecond
  const figures = `${records} records in ${seconds.toFixed(1)} s: ${Math.round(itemsPerSecond)} items/s, ${ratio.toFixed(1)} x the live rate`
  stage.note(`drained ${figures}`)
  stage.claim(ratio >= MIN_DRAIN_RATIO, `drained too slowly: ${figures}`)
}

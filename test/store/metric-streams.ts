import type { Series } from '../../collector/store/queries/metric/selection'
import type { Steps } from '../../collector/store/queries/metric/steps'
import type { Random } from '../helpers/random'

/** Twenty minutes, a minute each, with five minutes before that are read too. */
export const STEPS: Steps = { sinceMs: 600_000, untilMs: 1_800_000, stepMs: 60_000, count: 20 }
const READ_SINCE_MS = 300_000

export const CUMULATIVE: Series = seriesOf({})
export const DELTA: Series = seriesOf({ isDelta: true })
export const UP_AND_DOWN: Series = seriesOf({ isMonotonic: false })

export function seriesOf(overrides: Partial<Series>): Series {
  return {
    id: '1',
    isDelta: false,
    isMonotonic: true,
    standsIn: false,
    bounds: null,
    groupOf: () => 0,
    ...overrides,
  }
}

/** What one process reported: `counted` is what happened since its report before. */
export interface Report {
  readonly timeMs: number
  readonly startMs: number | null
  readonly counted: number
}

/** The life of a process, as it reports it, at odd times and with gaps. */
export function createReports(
  random: Random,
  { startMs, endMs, isStartSent }: { startMs: number; endMs: number; isStartSent: boolean },
): Report[] {
  const reports: Report[] = []
  let counted = 0
  for (let timeMs = startMs + 1 + random.below(30_000); timeMs < endMs;) {
    counted += random.chance(0.2) ? 0 : random.below(1000)
    const isLost = random.chance(0.2)
    if (!isLost) {
      reports.push({ timeMs, startMs: isStartSent ? startMs : null, counted })
      counted = 0
    }
    timeMs += 5_000 + random.below(random.chance(0.1) ? 200_000 : 20_000)
  }
  return reports
}

/** What is counted in each step by the model: of each process alone, what it reports after its first report that is read. */
export function expectedIncreases(processes: readonly (readonly Report[])[]): (number | null)[] {
  const steps: (number | null)[] = Array.from({ length: STEPS.count }, () => null)
  for (const reports of processes) {
    let hasBaseline = false
    for (const { timeMs, startMs, counted } of reports) {
      if (timeMs < READ_SINCE_MS || timeMs >= STEPS.sinceMs + STEPS.count * STEPS.stepMs) continue
      const counts = hasBaseline || (startMs !== null && startMs >= READ_SINCE_MS)
      hasBaseline = true
      const step = Math.floor((timeMs - STEPS.sinceMs) / STEPS.stepMs)
      if (counts && step >= 0) steps[step] = (steps[step] ?? 0) + counted
    }
  }
  return steps
}

/** Reports as points of a cumulative stream that begins at `base`, in order of time, those that are read. */
export function cumulativePoints(
  processes: readonly (readonly Report[])[],
  base: number | bigint = 0,
) {
  return inOrder(
    processes.flatMap((reports) => {
      let total = BigInt(base)
      return reports.map(({ timeMs, startMs, counted }) => {
        total += BigInt(counted)
        const value = total > BigInt(Number.MAX_SAFE_INTEGER) ? total : Number(total)
        return { ...timesOf(timeMs, startMs), value }
      })
    }),
  )
}

/** The same as points of a delta stream. */
export function deltaPoints(processes: readonly (readonly Report[])[]) {
  return inOrder(
    processes.flatMap((reports) =>
      reports.map(({ timeMs, startMs, counted }) => ({
        ...timesOf(timeMs, startMs),
        value: counted,
      })),
    ),
  )
}

export function timesOf(timeMs: number, startMs: number | null) {
  return {
    timeUs: timeMs * 1000,
    startUs: startMs === null ? null : startMs * 1000,
    isStale: false,
  }
}

function inOrder<P extends { readonly timeUs: number }>(points: readonly P[]): P[] {
  return points
    .filter(({ timeUs }) => timeUs >= READ_SINCE_MS * 1000 && timeUs < 1_800_000_000)
    .sort((a, b) => a.timeUs - b.timeUs)
}

import {
  type Distribution,
  meanNs,
  mergeDistributions,
  quantileOfAll,
} from '../translate/distribution'

/** Spans received, and how many these stand for by their sampling; and of both, how many failed. */
export interface Counts {
  readonly count: number
  readonly errorCount: number
  readonly adjustedCount: number
  readonly adjustedErrorCount: number
}

/** What is counted of requests, or of all spans. */
export interface Counted extends Counts {
  /** Null when no duration is known. */
  readonly durations: Distribution | null
}

/** What is counted, requests of a service or spans of a module, for people. */
export type Noun = 'requests' | 'spans'

const NS_A_MS = 1_000_000
const SECOND_MS = 1_000

/** What several figures add up to. */
export function addUp(parts: readonly Counted[]): Counted {
  const durations = mergeDistributions(parts.map((part) => part.durations))
  return { ...addCounts(parts), durations }
}

/** The counts of what they add up to. */
export function addCounts(parts: readonly Counts[]): Counts {
  const total = { count: 0, errorCount: 0, adjustedCount: 0, adjustedErrorCount: 0 }
  for (const part of parts) {
    total.count += part.count
    total.errorCount += part.errorCount
    total.adjustedCount += part.adjustedCount
    total.adjustedErrorCount += part.adjustedErrorCount
  }
  return total
}

/** How many of a hundred failed, each counted for those it stands for; null without any. */
export function errorRatePercent({ adjustedCount, adjustedErrorCount }: Counts): number | null {
  return adjustedCount > 0 ? (100 * adjustedErrorCount) / adjustedCount : null
}

/** How many there were a second, each counted for those it stands for; 0 where no time has passed. */
export function ratePerSecond({ adjustedCount }: Counts, ms: number): number {
  return ms > 0 ? adjustedCount / (ms / SECOND_MS) : 0
}

/** The milliseconds within which a share (0 to 1) ended; null when no duration is known. */
export function quantileMs(figures: Counted, share: number): number | null {
  return quantileMsOfAll([figures], share)
}

/** The same of what several figures add up to, for a tenth of the work. */
export function quantileMsOfAll(parts: readonly Counted[], share: number): number | null {
  const durations = parts.map((part) => part.durations)
  const ns = quantileOfAll(durations, share)
  return ns === null ? null : ns / NS_A_MS
}

/** The mean in milliseconds; null when no duration is known. */
export function meanMs({ durations }: Counted): number | null {
  return durations === null ? null : meanNs(durations) / NS_A_MS
}

import {
  type Distribution,
  meanNs,
  mergeDistributions,
  quantileNs,
} from '../translate/distribution'

/** What is counted of requests, or of all spans: those received, and how many these stand for by their sampling. */
export interface Counted {
  readonly count: number
  readonly errorCount: number
  readonly adjustedCount: number
  readonly adjustedErrorCount: number
  /** Null when no duration is known. */
  readonly durations: Distribution | null
}

/** What is counted, requests of a service or spans of a module, for people. */
export type Noun = 'requests' | 'spans'

const NS_A_MS = 1_000_000

/** What several figures add up to. */
export function addUp(parts: readonly Counted[]): Counted {
  const total = { count: 0, errorCount: 0, adjustedCount: 0, adjustedErrorCount: 0 }
  for (const part of parts) {
    total.count += part.count
    total.errorCount += part.errorCount
    total.adjustedCount += part.adjustedCount
    total.adjustedErrorCount += part.adjustedErrorCount
  }
  return { ...total, durations: mergeDistributions(parts.map(({ durations }) => durations)) }
}

/** How many of a hundred failed, each counted for those it stands for; null without any. */
export function errorRatePercent({ adjustedCount, adjustedErrorCount }: Counted): number | null {
  return adjustedCount > 0 ? (100 * adjustedErrorCount) / adjustedCount : null
}

/** The milliseconds within which a share (0 to 1) ended; null when no duration is known. */
export function quantileMs({ durations }: Counted, share: number): number | null {
  return durations === null ? null : quantileNs(durations, share) / NS_A_MS
}

/** The mean in milliseconds; null when no duration is known. */
export function meanMs({ durations }: Counted): number | null {
  return durations === null ? null : meanNs(durations) / NS_A_MS
}

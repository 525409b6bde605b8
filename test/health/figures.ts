import type { Counted } from '../../collector/health/figures'
import { bucketIndexOf } from '../../collector/translate/distribution'

const NS_A_MS = 1_000_000

/** So many requests, of which so many failed, that all took the same. */
export function counted(count: number, errorCount = 0, durationMs: number | null = 100): Counted {
  const ns = (durationMs ?? 0) * NS_A_MS
  const durations =
    durationMs === null || count === 0
      ? null
      : {
          minNs: ns,
          maxNs: ns,
          sumNs: count * ns,
          zeroCount: 0,
          indexes: [bucketIndexOf(ns)],
          counts: [count],
        }
  return {
    count,
    errorCount,
    adjustedCount: count,
    adjustedErrorCount: errorCount,
    durations,
  }
}

import { identityKey } from '../health/identity'
import { composeHealth, MINUTE_MS, pastSinceMs, VERDICT_MINUTES } from '../health/system'
import type { ThresholdSet } from '../health/thresholds'
import type { JudgeHealth } from './overview'

/** Judges as the API does: the last minutes, and those before for what is stable. */
export function createHealthJudge(thresholds: ThresholdSet): JudgeHealth {
  return ({ minutes: { figures: minutes }, unresolved }, nowMs) => {
    const untilMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
    const sinceMs = untilMs - VERDICT_MINUTES * MINUTE_MS
    const firstMs = pastSinceMs(untilMs)
    const health = composeHealth({
      figures: minutes.filter((minute) => minute.sinceMs >= sinceMs),
      unresolved,
      past: {
        untilMs,
        minutes: minutes.filter((minute) => minute.sinceMs >= firstMs && minute.sinceMs < untilMs),
      },
      thresholds,
      module: null,
    })
    const byService = new Map(
      health.services.map((each) => [identityKey(each.identity), each.status]),
    )
    return {
      status: health.status,
      stableStatus: health.stable?.status ?? health.status,
      reasons: health.reasons.map(({ message }) => message),
      statusOf: (service) => byService.get(identityKey(service)) ?? 'no_data',
    }
  }
}

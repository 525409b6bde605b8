import type { Objective } from '../health/sla'
import type { Settings } from './keys'

/** What is promised of the services. */
export function objectiveOf({
  sloAvailabilityPercent,
  sloLatencyMs,
  sloLatencyPercent,
}: Settings): Objective {
  const latency =
    sloLatencyMs === null ? null : { thresholdMs: sloLatencyMs, targetPercent: sloLatencyPercent }
  return { availabilityPercent: sloAvailabilityPercent, latency }
}

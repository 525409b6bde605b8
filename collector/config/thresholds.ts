import type { Limits, Thresholds, ThresholdSet } from '../health/thresholds'
import type { Fault } from './fault'
import { HEALTH_KEYS } from './health'
import { type HealthSetting, type HealthSettings, type Override, pathOf } from './override'

/** The thresholds of all services, and of those services and modules that have some of their own. */
export function composeThresholds(
  settings: HealthSettings,
  overrides: readonly Override[],
): ThresholdSet {
  const of = (wanted: Override['of']) =>
    new Map(
      overrides
        .filter((override) => override.of === wanted)
        .map((override) => [override.name, thresholdsOf({ ...settings, ...override.settings })]),
    )
  return { overall: thresholdsOf(settings), services: of('services'), modules: of('modules') }
}

const PAIRS: readonly (readonly [degraded: HealthSetting, critical: HealthSetting])[] = [
  ['healthErrorRateDegradedPercent', 'healthErrorRateCriticalPercent'],
  ['healthP95DegradedMs', 'healthP95CriticalMs'],
  ['healthUnresolvedErrorsDegraded', 'healthUnresolvedErrorsCritical'],
]

/** Faults for limits from which on something is degraded that lie above those of critical. `isSound`: the setting could be read. */
export function judgeThresholds(
  settings: HealthSettings,
  overrides: readonly Override[],
  isSound: (name: HealthSetting) => boolean,
): Fault[] {
  return PAIRS.filter((pair) => pair.every(isSound)).flatMap(([degraded, critical]) => {
    const ownFaults = overrides.flatMap((override) => {
      const { texts } = override
      const own = texts.has(degraded) ? degraded : critical
      const text = texts.get(own)
      const merged = { ...settings, ...override.settings }
      if (text === undefined || merged[degraded] <= merged[critical]) return []
      const problem = tell(merged, degraded, critical)
      const key = pathOf(override, own)
      return [{ key, value: text.text, problem, allowed: null, place: text.place }]
    })
    if (settings[degraded] <= settings[critical]) return ownFaults
    const { env: key, type } = HEALTH_KEYS[degraded]
    const problem = tell(settings, degraded, critical)
    const value = type.format(settings[degraded])
    return [{ key, value, problem, allowed: null, place: null }, ...ownFaults]
  })
}

function tell(settings: HealthSettings, degraded: HealthSetting, critical: HealthSetting): string {
  return `degraded, from ${settings[degraded]} on, lies above critical, ${settings[critical]}`
}

function thresholdsOf(settings: HealthSettings): Thresholds {
  const limits = ([degraded, critical]: readonly [HealthSetting, HealthSetting]): Limits => ({
    degraded: settings[degraded],
    critical: settings[critical],
  })
  const [errorRatePercent, p95Ms, unresolvedErrors] = PAIRS.map(limits)
  return {
    errorRatePercent: errorRatePercent!,
    p95Ms: p95Ms!,
    unresolvedErrors: unresolvedErrors!,
    minRequests: settings.healthMinRequests,
  }
}

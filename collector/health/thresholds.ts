/** The limits of a criterion: from `degraded` on it is degraded, above `critical` critical. */
export interface Limits {
  readonly degraded: number
  readonly critical: number
}

/** What decides between healthy, degraded and critical. */
export interface Thresholds {
  readonly errorRatePercent: Limits
  readonly p95Ms: Limits
  readonly unresolvedErrors: Limits
  /** Fewer requests are not judged, unless nothing but failures is among them: of nine, one that fails is over 10 %. */
  readonly minRequests: number
}

/** The thresholds that hold where nothing else is said, and those of single services and modules. */
export interface ThresholdSet {
  readonly overall: Thresholds
  readonly services: ReadonlyMap<string, Thresholds>
  readonly modules: ReadonlyMap<string, Thresholds>
}

export const DEFAULT_THRESHOLDS: Thresholds = {
  errorRatePercent: { degraded: 5, critical: 10 },
  p95Ms: { degraded: 2000, critical: 5000 },
  unresolvedErrors: { degraded: 5, critical: 10 },
  minRequests: 10,
}

/** The thresholds of a module, or of a service where no module is named: those of a service are about its requests, not its spans. */
export function thresholdsOf(
  { overall, services, modules }: ThresholdSet,
  service: string | null,
  module: string | null,
): Thresholds {
  if (module !== null) return modules.get(module) ?? overall
  return (service === null ? undefined : services.get(service)) ?? overall
}

/** The same with every limit at this share of itself. */
export function scaleThresholds(thresholds: Thresholds, share: number): Thresholds {
  const scale = ({ degraded, critical }: Limits) => ({
    degraded: share * degraded,
    critical: share * critical,
  })
  return {
    errorRatePercent: scale(thresholds.errorRatePercent),
    p95Ms: scale(thresholds.p95Ms),
    unresolvedErrors: scale(thresholds.unresolvedErrors),
    minRequests: thresholds.minRequests,
  }
}

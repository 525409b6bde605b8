import { DEFAULT_OBJECTIVE } from '../health/sla'
import { DEFAULT_THRESHOLDS } from '../health/thresholds'
import { declare } from './key'
import { decimal, optional, wholeNumber } from './value'

const MAX_MS = 86_400_000
const MAX_ERRORS = 1_000_000

const { errorRatePercent, p95Ms, unresolvedErrors, minRequests } = DEFAULT_THRESHOLDS

/** From when on a service is degraded or critical. What they say of all services the file may say of one, or of a module. */
export const HEALTH_KEYS = {
  healthErrorRateDegradedPercent: declare({
    env: 'SIDELIGHT_HEALTH_ERROR_RATE_DEGRADED_PERCENT',
    path: 'health.error_rate_percent.degraded',
    type: decimal(0.001, 100),
    fallback: errorRatePercent.degraded,
    unit: '%',
    description: 'A service is degraded from this share of failed requests on',
  }),
  healthErrorRateCriticalPercent: declare({
    env: 'SIDELIGHT_HEALTH_ERROR_RATE_CRITICAL_PERCENT',
    path: 'health.error_rate_percent.critical',
    type: decimal(0.001, 100),
    fallback: errorRatePercent.critical,
    unit: '%',
    description: 'A service is critical above this share of failed requests',
  }),
  healthP95DegradedMs: declare({
    env: 'SIDELIGHT_HEALTH_P95_DEGRADED_MS',
    path: 'health.p95_ms.degraded',
    type: wholeNumber(1, MAX_MS),
    fallback: p95Ms.degraded,
    unit: 'ms',
    description: 'A service is degraded from this 95th percentile of durations on',
  }),
  healthP95CriticalMs: declare({
    env: 'SIDELIGHT_HEALTH_P95_CRITICAL_MS',
    path: 'health.p95_ms.critical',
    type: wholeNumber(1, MAX_MS),
    fallback: p95Ms.critical,
    unit: 'ms',
    description: 'A service is critical above this 95th percentile of durations',
  }),
  healthUnresolvedErrorsDegraded: declare({
    env: 'SIDELIGHT_HEALTH_UNRESOLVED_ERRORS_DEGRADED',
    path: 'health.unresolved_errors.degraded',
    type: wholeNumber(1, MAX_ERRORS),
    fallback: unresolvedErrors.degraded,
    unit: 'errors',
    description: 'A service is degraded from so many unresolved errors on',
  }),
  healthUnresolvedErrorsCritical: declare({
    env: 'SIDELIGHT_HEALTH_UNRESOLVED_ERRORS_CRITICAL',
    path: 'health.unresolved_errors.critical',
    type: wholeNumber(1, MAX_ERRORS),
    fallback: unresolvedErrors.critical,
    unit: 'errors',
    description: 'A service is critical above so many unresolved errors',
  }),
  healthMinRequests: declare({
    env: 'SIDELIGHT_HEALTH_MIN_REQUESTS',
    path: 'health.min_requests',
    type: wholeNumber(1, MAX_ERRORS),
    fallback: minRequests,
    unit: 'requests',
    description:
      'Fewer requests are not judged: `insufficient_data`, unless there are three or more and all of them failed',
  }),
} as const

/** What is promised of the services, for `/api/admin/observability/sla`. */
export const SLO_KEYS = {
  sloAvailabilityPercent: declare({
    env: 'SIDELIGHT_SLO_AVAILABILITY_PERCENT',
    path: 'slo.availability_percent',
    type: decimal(1, 99.9999),
    fallback: DEFAULT_OBJECTIVE.availabilityPercent,
    unit: '%',
    description:
      'The share of requests that must succeed; what is missing to 100 is the error budget',
  }),
  sloLatencyMs: declare({
    env: 'SIDELIGHT_SLO_LATENCY_MS',
    path: 'slo.latency_ms',
    type: optional<number>(wholeNumber(1, MAX_MS)),
    fallback: null,
    unit: 'ms',
    description: 'The time within which requests must end; not set: nothing is promised about it',
  }),
  sloLatencyPercent: declare({
    env: 'SIDELIGHT_SLO_LATENCY_PERCENT',
    path: 'slo.latency_percent',
    type: decimal(1, 100),
    fallback: 95,
    unit: '%',
    description: 'The share of requests that must end within that time',
  }),
  sloPeriodHours: declare({
    env: 'SIDELIGHT_SLO_PERIOD_HOURS',
    path: 'slo.period_hours',
    type: wholeNumber(1, 8784),
    fallback: 24,
    unit: 'hours',
    description: 'The period an SLA is answered for when none is asked for',
  }),
} as const

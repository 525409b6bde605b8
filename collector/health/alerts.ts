import type { Identity } from './identity'
import { CRITERIA, type Criterion, type Reason } from './judge'
import type { ServiceHealth, SystemHealth } from './system'

/** What an alert is about; `error_pattern`: one error again and again, or several fatal ones. */
export const ALERT_CRITERIA = [...CRITERIA, 'error_pattern'] as const

/** A limit that is passed at present. */
export interface Alert extends Identity {
  readonly severity: 'critical' | 'warning'
  readonly message: string
  /** What it is about, for people: a service, a module in one, or an error. */
  readonly resourceName: string
  readonly module: string | null
  readonly criterion: (typeof ALERT_CRITERIA)[number]
  readonly value: number
  readonly limit: number
  readonly unit: string
  /** The group of errors it is about, if it is about one. */
  readonly errorId: string | null
  readonly sinceMs: number
}

/** The limits that are passed, critical ones first. `beganMs`: of the window, for want of anything better known. */
export function listAlerts(
  { services }: SystemHealth,
  module: string | null,
  beganMs: number,
): Alert[] {
  const alerts = services.flatMap((service) =>
    service.reasons.filter(isBreach).map((reason) => describe(service, reason, module, beganMs)),
  )
  return bySeverity(alerts)
}

/** Critical ones first, in the order they have otherwise. */
export function bySeverity<A extends Pick<Alert, 'severity'>>(alerts: readonly A[]): A[] {
  const ofSeverity = (wanted: Alert['severity']) =>
    alerts.filter(({ severity }) => severity === wanted)
  return [...ofSeverity('critical'), ...ofSeverity('warning')]
}

function isBreach({ status }: Reason): boolean {
  return status === 'degraded' || status === 'critical'
}

function describe(
  health: ServiceHealth,
  { status, criterion, value, limit, unit, message }: Reason,
  module: string | null,
  beganMs: number,
): Alert {
  const service = health.identity.service ?? ''
  const place = module === null ? service : `${module} in ${service}`
  return {
    severity: status === 'critical' ? 'critical' : 'warning',
    message: `${place}: ${message}`,
    resourceName: place,
    ...health.identity,
    module,
    criterion,
    value,
    limit,
    unit,
    errorId: null,
    sinceMs: breachedSince(health, criterion) ?? beganMs,
  }
}

/** The first of the latest minutes in all of which the criterion was breached; the last one when it is breached only now. */
function breachedSince({ past }: ServiceHealth, criterion: Criterion): number | null {
  const lastGood = past.findLastIndex(
    ({ reasons }) => !reasons.some((one) => one.criterion === criterion && isBreach(one)),
  )
  return (past[lastGood + 1] ?? past.at(-1))?.atMs ?? null
}

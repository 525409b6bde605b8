import { ask, type CallOptions } from './ask'
import type {
  AlertConditions,
  AlertConditionsQuery,
  ModuleHealth,
  ModuleHealthQuery,
  SLAMetrics,
  SLAMetricsQuery,
  SystemHealth,
  SystemHealthQuery,
} from './openapi'
import { type Hours, windowOf } from './window'

/**
 * Whether the services are healthy, degraded or critical, in all and each, with the reasons: `status`,
 * `performance.p95ResponseTimeMs` in milliseconds, `errors.errorRate` in percent, `errors.unresolvedErrors`. The window is the
 * last five minutes unless hours are given.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getSystemHealth } from 'sidelight/client'
 *
 * const { status, performance, errors, reasons } = await getSystemHealth(1)
 * console.log(status, performance.p95ResponseTimeMs, errors.unresolvedErrors)
 * for (const { message } of reasons) console.log(message)
 */
export function getSystemHealth(
  query: Hours | SystemHealthQuery = {},
  options: CallOptions = {},
): Promise<SystemHealth> {
  return ask('getSystemHealth', { query: windowOf(query) }, options)
}

/**
 * The same of one module, by all its spans, in every service that has it; of one that nobody knows the status is `no_data`.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getModuleHealth } from 'sidelight/client'
 *
 * const { status, requests } = await getModuleHealth('billing', 1)
 * console.log(status, requests.count)
 */
export function getModuleHealth(
  module: string,
  query: Hours | ModuleHealthQuery = {},
  options: CallOptions = {},
): Promise<ModuleHealth> {
  return ask('getModuleHealth', { path: { module }, query: windowOf(query) }, options)
}

/**
 * How what is promised was kept: `availability` and `errorRate` in percent, `latencyP50` to `latencyP99` in milliseconds, the
 * error budget and how fast it burns. The window is the period of the configuration, 24 hours unless changed, or the hours given.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getSLAMetrics } from 'sidelight/client'
 *
 * const { availability, latencyP95, errorRate, target, isCompliant } = await getSLAMetrics(24)
 * console.log(`${availability} % of ${target} %, p95 ${latencyP95} ms, ${errorRate} % failed`, isCompliant)
 */
export function getSLAMetrics(
  query: Hours | SLAMetricsQuery = {},
  options: CallOptions = {},
): Promise<SLAMetrics> {
  return ask('getSLAMetrics', { query: windowOf(query) }, options)
}

/**
 * The limits that are passed at present, critical ones first, each with a `severity`, a `message` with the figures, and since
 * when; empty when none is. Judged over the last five minutes unless hours are given.
 *
 * Needs a token of scope admin. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getAlertConditions } from 'sidelight/client'
 *
 * for (const { severity, message } of await getAlertConditions(1)) console.log(severity, message)
 */
export function getAlertConditions(
  query: Hours | AlertConditionsQuery = {},
  options: CallOptions = {},
): Promise<AlertConditions> {
  return ask('getAlertConditions', { query: windowOf(query) }, options)
}

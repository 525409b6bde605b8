import type { BoundOptions, CallOptions } from './ask'
import { type ClientSettings, connect } from './connection'
import * as business from './business'
import * as errors from './errors'
import * as health from './health'
import * as monitoring from './monitoring'
import * as performance from './performance'
import * as stories from './stories'
import * as traces from './traces'

type Functions = typeof business &
  typeof errors &
  typeof health &
  typeof monitoring &
  typeof performance &
  typeof stories &
  typeof traces

/** The functions of this module, all of one collector. */
export type Client = { readonly [Name in keyof Functions]: Functions[Name] }

/**
 * The same functions as of this module, for a collector that is said here and not by the environment: for one at another place,
 * for several of them, or for tokens of several tenants. What is left out the environment says. They need no `this`.
 *
 * Nothing is asked yet. Throws {@link SidelightError} where the URL, the token or the time-out is none.
 *
 * @example
 * import { createClient } from 'sidelight/client'
 *
 * const { getSystemHealth, getAggregatedErrors } = createClient({
 *   url: process.env.SIDELIGHT_API_URL ?? 'http://127.0.0.1:4319',
 *   timeoutMs: 5_000,
 * })
 * const { status } = await getSystemHealth(1)
 * const { errors } = await getAggregatedErrors({ hours: 1, unresolvedOnly: true })
 * console.log(status, errors.length)
 */
export function createClient(settings: ClientSettings = {}): Client {
  const connection = connect(settings)
  const on = <O extends CallOptions>(options?: O): O & BoundOptions =>
    ({ ...options, connection }) as O & BoundOptions
  return {
    getPerformanceStats: (query, options) => performance.getPerformanceStats(query, on(options)),
    getTopSlowOperations: (query, options) => performance.getTopSlowOperations(query, on(options)),
    getPerformanceTrends: (query, options) => performance.getPerformanceTrends(query, on(options)),
    getSlowOperations: (query, options) => performance.getSlowOperations(query, on(options)),
    getPerformanceMetrics: (query, options) =>
      performance.getPerformanceMetrics(query, on(options)),
    getTrace: (traceId, options) => traces.getTrace(traceId, on(options)),
    getTraceSpans: (traceId, options) => traces.getTraceSpans(traceId, on(options)),
    getTraceTree: (traceId, options) => traces.getTraceTree(traceId, on(options)),
    getSlowTraces: (query, options) => traces.getSlowTraces(query, on(options)),
    getTraceStats: (query, options) => traces.getTraceStats(query, on(options)),
    searchTraces: (query, options) => traces.searchTraces(query, on(options)),
    getAggregatedErrors: (query, options) => errors.getAggregatedErrors(query, on(options)),
    getErrorDetail: (id, query, options) => errors.getErrorDetail(id, query, on(options)),
    getErrorOccurrences: (id, query, options) => errors.getErrorOccurrences(id, query, on(options)),
    getErrorStats: (query, options) => errors.getErrorStats(query, on(options)),
    getErrorTrend: (query, options) => errors.getErrorTrend(query, on(options)),
    resolveError: (id, who, notes, options) => errors.resolveError(id, who, notes, on(options)),
    getSystemHealth: (query, options) => health.getSystemHealth(query, on(options)),
    getModuleHealth: (module, query, options) => health.getModuleHealth(module, query, on(options)),
    getSLAMetrics: (query, options) => health.getSLAMetrics(query, on(options)),
    getAlertConditions: (query, options) => health.getAlertConditions(query, on(options)),
    getMonitoringMetrics: (query, options) => monitoring.getMonitoringMetrics(query, on(options)),
    getWebhookMetrics: (id, options) => monitoring.getWebhookMetrics(id, on(options)),
    getRuleMetrics: (options) => monitoring.getRuleMetrics(on(options)),
    getRateLimitMetrics: (options) => monitoring.getRateLimitMetrics(on(options)),
    checkAlerts: (orgId, options) => monitoring.checkAlerts(orgId, on(options)),
    getCosts: (query, options) => business.getCosts(query, on(options)),
    getBusinessEvents: (query, options) => business.getBusinessEvents(query, on(options)),
    getBusinessSeries: (query, options) => business.getBusinessSeries(query, on(options)),
    getCorrelation: (id, query, options) => stories.getCorrelation(id, query, on(options)),
    searchLogs: (query, options) => stories.searchLogs(query, on(options)),
  }
}

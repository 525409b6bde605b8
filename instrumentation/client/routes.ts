/** A route of the API. */
export interface Route {
  readonly method: 'GET' | 'POST'
  /** As the OpenAPI document has it, with names in braces. */
  readonly path: string
}

/**
 * What each function asks. The types in `openapi.ts` are generated from this: `getErrorStats` takes an `ErrorStatsQuery`
 * and is answered an `ErrorStats`.
 */
export const ROUTES = {
  getPerformanceStats: get('/api/admin/observability/performance/stats'),
  getTopSlowOperations: get('/api/admin/observability/performance/top-slow'),
  getPerformanceTrends: get('/api/admin/observability/performance/trends'),
  getSlowOperations: get('/api/admin/observability/performance/slow'),
  getPerformanceMetrics: get('/api/admin/observability/performance/metrics'),
  getTrace: get('/api/admin/observability/traces/{traceId}'),
  getTraceSpans: get('/api/admin/observability/traces/{traceId}'),
  getTraceTree: get('/api/admin/observability/traces/{traceId}'),
  getSlowTraces: get('/api/admin/observability/traces/slow'),
  getTraceStats: get('/api/admin/observability/traces/stats'),
  searchTraces: get('/api/v1/traces'),
  searchLogs: get('/api/v1/logs'),
  getAggregatedErrors: get('/api/v1/errors'),
  getErrorDetail: get('/api/v1/errors/{id}'),
  getErrorOccurrences: get('/api/v1/errors/{id}/occurrences'),
  getErrorStats: get('/api/v1/errors/stats'),
  getErrorTrend: get('/api/v1/errors/trend'),
  resolveError: post('/api/v1/errors/{id}/resolve'),
  getSystemHealth: get('/api/admin/observability/health'),
  getModuleHealth: get('/api/admin/observability/health/{module}'),
  getSLAMetrics: get('/api/admin/observability/sla'),
  getAlertConditions: get('/api/admin/observability/alerts'),
  getMonitoringMetrics: get('/api/v1/monitoring/metrics'),
  getWebhookMetrics: get('/api/v1/monitoring/metrics'),
  getRuleMetrics: get('/api/v1/monitoring/metrics'),
  getRateLimitMetrics: get('/api/v1/monitoring/metrics'),
  checkAlerts: get('/api/v1/monitoring/metrics'),
  getCosts: get('/api/v1/costs'),
  getBusinessEvents: get('/api/v1/business-events'),
  getBusinessSeries: get('/api/v1/business-events/series'),
  getCorrelation: get('/api/v1/correlations/{id}'),
} as const satisfies Readonly<Record<string, Route>>

/** A function of the client. */
export type Name = keyof typeof ROUTES

function get(path: string): Route {
  return { method: 'GET', path }
}

function post(path: string): Route {
  return { method: 'POST', path }
}

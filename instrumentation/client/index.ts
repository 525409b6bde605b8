/**
 * What asks a collector: `import { getSystemHealth } from 'sidelight/client'`. The environment says where it is
 * (`SIDELIGHT_API_URL`) and with which token; `createClient` makes functions of another one.
 */
export { getBusinessEvents, getBusinessSeries, getCosts } from './business'
export type { CostGroups, CostsQuestion } from './business'
export { createClient, type Client } from './client'
export type { CallOptions } from './ask'
export type { ClientSettings } from './connection'
export { SidelightError, type Fault } from './error'
export {
  getAggregatedErrors,
  getErrorDetail,
  getErrorOccurrences,
  getErrorStats,
  getErrorTrend,
  resolveError,
} from './errors'
export { getAlertConditions, getModuleHealth, getSLAMetrics, getSystemHealth } from './health'
export {
  checkAlerts,
  getMonitoringMetrics,
  getRateLimitMetrics,
  getRuleMetrics,
  getWebhookMetrics,
} from './monitoring'
export type { AlertCondition, RateLimitMetrics, RuleMetrics, WebhookMetrics } from './monitoring'
export {
  getPerformanceMetrics,
  getPerformanceStats,
  getPerformanceTrends,
  getSlowOperations,
  getTopSlowOperations,
} from './performance'
export { getCorrelation, searchLogs } from './stories'
export {
  getSlowTraces,
  getTrace,
  getTraceSpans,
  getTraceStats,
  getTraceTree,
  searchTraces,
} from './traces'
export type { Hours } from './window'
export type * from './openapi'

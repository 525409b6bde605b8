/** What an application imports: `import { traceOperation } from 'sidelight'`. Without the bootstrap it all does nothing. */
export { logAdminAction, logAuditEvent, logConfigurationChange, logDataChange } from './api/audit'
export type {
  AdminAction,
  AuditEvent,
  Changes,
  ConfigurationChange,
  DataChange,
  Party,
} from './api/audit'
export { type BusinessEvent, businessEvent, type BusinessFields } from './api/business'
export { trackCache } from './api/cache'
export { currentContext, runInContext, updateContext } from './api/context'
export type { ContextUpdate, RequestContext } from './api/context'
export { correlationHeaders } from './api/correlation'
export type { CorrelationOptions } from './api/correlation'
export { type CostOwner, trackCost } from './api/cost'
export { traceDatabaseQuery, trackDatabaseQuery, trackQuery } from './api/database'
export { type ErrorContext, trackError, trackErrorFromException } from './api/error-report'
export { traceExternalCall, trackExternalApiCall } from './api/external-call'
export { type JobOptions, trackJob } from './api/job'
export type { Metadata } from './api/metadata'
export { LogFields } from './api/log-fields'
export {
  logDatabaseOperation,
  logError,
  logExternalApiCall,
  logHttpRequest,
  logWithTiming,
  startOperationTimer,
} from './api/log-operations'
export type {
  DatabaseOperationFields,
  ErrorFields,
  ExternalApiCallFields,
  HttpRequestFields,
  OperationTimer,
} from './api/log-operations'
export { createModuleLogger, type ModuleLogger } from './api/logger'
export type { AccessEntry } from './api/access'
export {
  expressCorrelation,
  fastifyCorrelation,
  koaCorrelation,
  withCorrelation,
} from './api/middleware'
export type { ConnectMiddleware, FastifyLike, KoaLike } from './api/middleware'
export { withMonitoring } from './api/monitoring'
export type { MonitoringContext, MonitoringOptions } from './api/monitoring'
export { addSpanEvent, addSpanTag, traceOperation } from './api/operation'
export type { OperationKind, OperationSpan } from './api/operation'
export { measurePerformance, type MeasureOptions, withPerformanceTracking } from './api/performance'
export { type QueueState, trackQueue } from './api/queue'
export { apiKeyFingerprint, type RateLimitUse, trackRateLimit } from './api/rate-limit'
export { redact, redactText } from './api/redaction'
export { createRequestLogger } from './api/request-logger'
export type { RequestLogger, RequestLoggerFields } from './api/request-logger'
export { registerRule, type RuleRegistration, trackRuleExecution } from './api/rule'
export { logSecurityEvent, type SecurityEvent } from './api/security'
export { trackUpload, type Upload } from './api/upload'
export { type APIRequest, trackAPIRequest } from './api/usage'
export { registerWebhook, trackWebhookDelivery, type WebhookRegistration } from './api/webhook'

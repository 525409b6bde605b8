/** What an application imports: `import { traceOperation } from 'sidelight'`. Without the bootstrap it all does nothing. */
export { redact, redactText } from './api/redaction'
export { addSpanEvent, addSpanTag, traceOperation } from './api/operation'
export type { OperationKind, OperationSpan } from './api/operation'
export { trackWebhookDelivery, registerWebhook } from './api/webhook'
export type { WebhookRegistration } from './api/webhook'
export { registerRule, trackRuleExecution } from './api/rule'
export type { RuleRegistration } from './api/rule'
export { trackAPIRequest } from './api/usage'
export type { APIRequest } from './api/usage'
export { apiKeyFingerprint, trackRateLimit } from './api/rate-limit'
export type { RateLimitUse } from './api/rate-limit'
export { businessEvent } from './api/business'
export type { BusinessEvent, BusinessFields } from './api/business'
export { trackCost } from './api/cost'
export type { CostOwner } from './api/cost'
export { logAdminAction, logAuditEvent, logConfigurationChange, logDataChange } from './api/audit'
export type {
  AdminAction,
  AuditEvent,
  Changes,
  ConfigurationChange,
  DataChange,
  Party,
} from './api/audit'
export { logSecurityEvent } from './api/security'
export type { SecurityEvent } from './api/security'
export { trackUpload } from './api/upload'
export type { Upload } from './api/upload'
export { currentContext, runInContext, updateContext } from './api/context'
export type { ContextUpdate, RequestContext } from './api/context'
export { correlationHeaders } from './api/correlation'
export type { CorrelationOptions } from './api/correlation'
export {
  expressCorrelation,
  fastifyCorrelation,
  koaCorrelation,
  withCorrelation,
} from './api/middleware'
export { withMonitoring } from './api/monitoring'
export type { AccessEntry } from './api/access'
export type { MonitoringContext, MonitoringOptions } from './api/monitoring'
export type { ConnectMiddleware, FastifyLike, KoaLike } from './api/middleware'
export { LogFields } from './api/log-fields'
export { createModuleLogger } from './api/logger'
export type { ModuleLogger } from './api/logger'
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
export { createRequestLogger } from './api/request-logger'
export type { RequestLogger, RequestLoggerFields } from './api/request-logger'

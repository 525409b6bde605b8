/** What an application imports: `import { traceOperation } from 'sidelight'`. Without the bootstrap it all does nothing. */
export { redact, redactText } from './api/redaction'
export { addSpanEvent, addSpanTag, traceOperation } from './api/operation'
export type { OperationKind, OperationSpan } from './api/operation'
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

/** What an application imports: `import { traceOperation } from 'sidelight'`. Without the bootstrap it all does nothing. */
export { redact, redactText } from './api/redaction'
export { addSpanEvent, addSpanTag, traceOperation } from './api/operation'
export type { OperationKind, OperationSpan } from './api/operation'

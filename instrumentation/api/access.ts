import { type LogAttributes, logs, SeverityNumber } from '@opentelemetry/api-logs'
import { ATTRIBUTE } from './attributes'
import { contextAttributes } from './context'
import { cleanPath } from './url'

/** A request and what became of it. */
export interface AccessEntry {
  readonly requestId: string
  readonly method: string
  /** Without its query, which may hold secrets. */
  readonly path: string
  readonly statusCode: number
  readonly durationMs: number
  readonly ip?: string
  readonly userAgent?: string
  /** Whether the client went away before it had the whole answer. */
  readonly isAborted: boolean
}

/** Sends the line of an access log: a log record without an event name. */
export function logAccess(entry: AccessEntry): void {
  const path = cleanPath(entry.path)
  const { method, statusCode, durationMs, ip, userAgent, isAborted } = entry
  const attributes: LogAttributes = {
    ...contextAttributes(),
    [ATTRIBUTE.httpMethod]: method,
    [ATTRIBUTE.httpPath]: path,
    [ATTRIBUTE.httpStatusCode]: statusCode,
    [ATTRIBUTE.durationMs]: durationMs,
  }
  if (ip !== undefined) attributes[ATTRIBUTE.clientAddress] = ip
  if (userAgent !== undefined) attributes[ATTRIBUTE.userAgent] = userAgent
  // A failure is an error of its own, where it was thrown.
  const isFailure = statusCode >= 500
  logs.getLogger('sidelight').emit({
    severityNumber: isFailure ? SeverityNumber.WARN : SeverityNumber.INFO,
    severityText: isFailure ? 'WARN' : 'INFO',
    body: `${method} ${path} ${statusCode}${isAborted ? ' aborted' : ''}`,
    attributes,
  })
}

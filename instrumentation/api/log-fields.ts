/**
 * Names of fields, the same in every line: `LogFields.userId` is `'userId'`, and a line's fields are of the type of that name.
 *
 * @example
 * import { LogFields } from 'sidelight'
 *
 * console.log(LogFields.durationMs) // prints durationMs
 */
export const LogFields = {
  requestId: 'requestId',
  correlationId: 'correlationId',
  userId: 'userId',
  tenantId: 'tenantId',
  module: 'module',
  operation: 'operation',
  event: 'event',
  durationMs: 'durationMs',
  method: 'method',
  path: 'path',
  statusCode: 'statusCode',
  clientIp: 'clientIp',
  userAgent: 'userAgent',
  success: 'success',
  errorType: 'errorType',
  errorCode: 'errorCode',
  errorMessage: 'errorMessage',
  dbOperation: 'dbOperation',
  dbTable: 'dbTable',
  rowsAffected: 'rowsAffected',
  slow: 'slow',
  externalService: 'externalService',
  externalApi: 'externalApi',
  metric: 'metric',
  value: 'value',
} as const

/** The fields of a line. Those that have a name of their own have a type, others are whatever JSON has. */
export interface LogFields {
  readonly requestId?: string | undefined
  readonly correlationId?: string | undefined
  readonly userId?: string | undefined
  readonly tenantId?: string | undefined
  readonly module?: string | undefined
  readonly operation?: string | undefined
  /** What happened, as `http.request`. */
  readonly event?: string | undefined
  readonly durationMs?: number | undefined
  readonly method?: string | undefined
  readonly path?: string | undefined
  readonly statusCode?: number | undefined
  readonly clientIp?: string | undefined
  readonly userAgent?: string | undefined
  readonly success?: boolean | undefined
  readonly errorType?: string | undefined
  readonly errorCode?: string | number | undefined
  readonly errorMessage?: string | undefined
  readonly dbOperation?: string | undefined
  readonly dbTable?: string | undefined
  readonly rowsAffected?: number | undefined
  readonly slow?: boolean | undefined
  readonly externalService?: string | undefined
  readonly externalApi?: string | undefined
  readonly metric?: string | undefined
  readonly value?: unknown
  readonly [name: string]: unknown
}

import { cutText, LONGEST, refuse } from './argument'
import { attempt } from './attempt'
import type { LogFields } from './log-fields'
import { slowQueryMs } from './log-settings'
import { createModuleLogger, type ModuleLogger } from './logger'
import { observe } from './observed'
import { textOf as wordOf } from './span'

/** A request that was answered. */
export interface HttpRequestFields extends LogFields {
  readonly method: string
  readonly path: string
  readonly statusCode: number
  /** Milliseconds. */
  readonly durationMs: number
}

/** A call of a database that has ended. */
export interface DatabaseOperationFields extends LogFields {
  /** As `SELECT`. */
  readonly operation: string
  readonly table: string
  /** Milliseconds. */
  readonly durationMs: number
  readonly rowsAffected?: number | undefined
  /** Whether it did what it was to do; true by default. */
  readonly success?: boolean | undefined
}

/** A call of another service that has ended. */
export interface ExternalApiCallFields extends LogFields {
  /** Whom was called, as `stripe`. */
  readonly service: string
  /** What was called, as `charges`. */
  readonly api?: string | undefined
  /** Milliseconds. */
  readonly durationMs: number
  readonly statusCode?: number | undefined
  /** Whether it did what it was to do; by default, unless the status is 400 or above. */
  readonly success?: boolean | undefined
}

/** Where an error occurred. */
export interface ErrorFields extends LogFields {
  /** The part of the service, whose logger it is; `app` by default. */
  readonly module?: string | undefined
  readonly operation?: string | undefined
  readonly userId?: string | undefined
}

/**
 * Writes a line of the access log, by the logger `http`: a warning for a status from 400 on, else `info`. What went wrong is an error of
 * its own, told by `logError` or the span of the request.
 *
 * @example
 * import { logHttpRequest } from 'sidelight'
 *
 * logHttpRequest({ method: 'GET', path: '/orders', statusCode: 200, durationMs: 12, userId: 'u-1' })
 */
export function logHttpRequest(fields: HttpRequestFields): void {
  attempt('logHttpRequest', () => {
    const given = fieldsOf('logHttpRequest', fields)
    const { method, path, statusCode, durationMs } = given
    const level = statusCode >= 400 ? 'warn' : 'info'
    loggerOf('http')[level](
      { event: 'http.request', ...given },
      `${word(method)} ${word(path)} ${word(statusCode)} in ${rounded(durationMs)} ms`,
    )
  })
}

/**
 * Writes a line about a call of a database, by the logger `database`: an error if it failed, a warning with `slow: true` if it took as
 * long as `LOG_SLOW_QUERY_MS` says (milliseconds, 1000 by default), else one of level `debug`.
 *
 * @example
 * import { logDatabaseOperation } from 'sidelight'
 *
 * logDatabaseOperation({ operation: 'SELECT', table: 'orders', durationMs: 1500, rowsAffected: 3, success: true })
 */
export function logDatabaseOperation(fields: DatabaseOperationFields): void {
  attempt('logDatabaseOperation', () => {
    const given = fieldsOf('logDatabaseOperation', fields)
    const { operation, table, durationMs, success = true, ...others } = given
    slowMs ??= slowQueryMs(process.env)
    const isSlow = durationMs >= slowMs
    const level = !success ? 'error' : isSlow ? 'warn' : 'debug'
    const outcome = success ? (isSlow ? 'was slow:' : 'took') : 'failed after'
    loggerOf('database')[level](
      {
        event: 'db.operation',
        operation,
        dbOperation: operation,
        dbTable: table,
        durationMs,
        success,
        ...(isSlow ? { slow: true } : undefined),
        ...others,
      },
      `${word(operation)} ${word(table)} ${outcome} ${rounded(durationMs)} ms`,
    )
  })
}

let slowMs: number | undefined

/**
 * Writes a line about a call of another service, by the logger `external`: a warning if it failed, else one of level `info`.
 *
 * @example
 * import { logExternalApiCall } from 'sidelight'
 *
 * logExternalApiCall({ service: 'stripe', api: 'charges', statusCode: 200, durationMs: 87 })
 */
export function logExternalApiCall(fields: ExternalApiCallFields): void {
  attempt('logExternalApiCall', () => {
    const given = fieldsOf('logExternalApiCall', fields)
    const { service, api, durationMs, statusCode, ...others } = given
    const { success = statusCode === undefined || statusCode < 400 } = given
    const called = api === undefined ? word(service) : `${word(service)} ${word(api)}`
    const status = statusCode === undefined ? '' : ` with ${word(statusCode)}`
    loggerOf('external')[success ? 'info' : 'warn'](
      {
        event: 'external.call',
        ...others,
        externalService: service,
        ...(api === undefined ? undefined : { externalApi: api }),
        ...(statusCode === undefined ? undefined : { statusCode }),
        durationMs,
        success,
      },
      `${called} ${success ? 'answered' : 'failed'}${status} after ${rounded(durationMs)} ms`,
    )
  })
}

/**
 * Writes a line of level `error` about what was thrown, with its type, message, stack and causes. With the bootstrap it counts as an
 * occurrence of its group of errors. Whatever is not an error is told as text.
 *
 * @example
 * import { logError } from 'sidelight'
 *
 * try {
 *   throw new TypeError('no such order')
 * } catch (error) {
 *   logError(error, { module: 'orders', operation: 'cancel', userId: 'u-1' })
 * }
 */
export function logError(error: unknown, fields: ErrorFields = {}): void {
  attempt('logError', () => {
    const { module = 'app', ...others } = fieldsOf('logError', fields)
    const err = error instanceof Error ? error : new Error(textOf(error))
    loggerOf(module).error(
      { ...others, errorType: err.name, ...codeOf(err), err },
      err.message === '' ? err.name : cutText(err.message, LONGEST.message),
    )
  })
}

/** A clock that runs. */
export interface OperationTimer {
  /** Milliseconds until now. */
  elapsedMs(): number
  /** Writes a line of level `info` with `durationMs`, which it returns. */
  end(fields?: LogFields): number
  /** Writes a line of level `error` with `durationMs`, which it returns, and the error. */
  fail(error: unknown, fields?: LogFields): number
}

/**
 * Starts the clock of an operation, of which the module's logger writes a line when it ends or fails: whatever is called first, once.
 *
 * @example
 * import { startOperationTimer } from 'sidelight'
 *
 * const timer = startOperationTimer('import', 'catalogue')
 * const durationMs = timer.end({ count: 12 })
 * console.log(durationMs >= 0) // prints true
 */
export function startOperationTimer(
  operation: string,
  module = 'app',
  fields: LogFields = {},
): OperationTimer {
  const start = performance.now()
  let endedMs: number | undefined
  const elapsedMs = () => endedMs ?? performance.now() - start
  function finish(success: boolean, more: LogFields, error?: unknown): number {
    if (endedMs !== undefined) return endedMs
    endedMs = performance.now() - start
    const durationMs = endedMs
    attempt('startOperationTimer', () => {
      const told = fieldsOf('startOperationTimer', fields)
      const added = fieldsOf('startOperationTimer', more)
      const name = word(operation)
      const said = { ...told, operation: name, durationMs, success, ...added }
      const text = `${name} ${success ? 'took' : 'failed after'} ${rounded(durationMs)} ms`
      if (success) loggerOf(module).info(said, text)
      else loggerOf(module).error({ ...said, err: error }, text)
    })
    return durationMs
  }
  return {
    elapsedMs,
    end: (more = {}) => finish(true, more),
    fail: (error, more = {}) => finish(false, more, error),
  }
}

/**
 * Runs `fn`, and writes a line of the module's logger with `durationMs` when it returns, or when its promise settles. What it throws is
 * logged as an error and thrown on unchanged.
 *
 * @example
 * import { logWithTiming } from 'sidelight'
 *
 * console.log(logWithTiming('add', 'maths', () => 40 + 2)) // prints 42
 */
export function logWithTiming<T>(
  operation: string,
  module: string,
  fn: () => T,
  fields: LogFields = {},
): T {
  const timer = startOperationTimer(operation, module, fields)
  return observe(fn, (isFailed, thrown) => void (isFailed ? timer.fail(thrown) : timer.end()))
}

const MOST_LOGGERS = 500
const loggers = new Map<string, ModuleLogger>()

/** The loggers of these functions, a module each. */
function loggerOf(module: string): ModuleLogger {
  let logger = loggers.get(module)
  if (logger === undefined) {
    logger = createModuleLogger(module)
    if (loggers.size < MOST_LOGGERS) loggers.set(module, logger)
  }
  return logger
}

/** None are the characters of a text, the items of a list or bytes: as fields of a line they take seconds. */
function fieldsOf<Given extends object>(caller: string, given: Given): Given {
  if (given === undefined || given === null) return {} as Given
  if (typeof given === 'object' && !Array.isArray(given) && !ArrayBuffer.isView(given)) return given
  refuse(caller, 'its fields', 'an object')
  return {} as Given
}

/** As far as it is read in a message. */
function word(given: unknown): string {
  return cutText(wordOf(given), LONGEST.text)
}

function rounded(ms: unknown): number | string {
  return typeof ms === 'number' ? Math.round(ms * 10) / 10 : '?'
}

function codeOf(error: Error): { errorCode?: string | number } {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' || typeof code === 'number' ? { errorCode: code } : {}
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'unknown error'
  }
}

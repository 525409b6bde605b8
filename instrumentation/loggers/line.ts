import { redactText } from '../api/secret-texts'
import { stampLine } from '../process/request-context'
import { hasException } from './fields'

/** A line of a logger, on its way to the collector. */
export interface LogLine {
  /** Name of the instrumentation scope, as in `sidelight/pino`. */
  readonly scope: string
  readonly timeUnixMs: number
  /** 1 to 24, as in the logs data model of OpenTelemetry. */
  readonly severityNumber: number
  /** The level as the logger calls it. */
  readonly severityText: string
  readonly body: unknown
  /**
   * JSON-like values: texts, finite numbers, booleans, null, arrays and plain objects of them, without cycles. Made for this
   * line: the ids of the active request are added.
   */
  readonly attributes: Record<string, unknown>
  /** What kind of event it is, as in `exception`; lines of loggers are of none. */
  readonly eventName?: string
}

/** Takes a line with the context that is active now. Must be cheap, and must never throw. */
export type LineSink = (line: LogLine) => void

/** Where lines go from now on; until it is called, nowhere. */
export function sendLinesTo(sink: LineSink): void {
  current = sink
}

/** Whether lines go anywhere: if not, none need be made. */
export function sendsLines(): boolean {
  return current !== undefined
}

/**
 * Sends a line on its way. Never throws into the logger. Lines of errors mostly say what the error does, which is kept without
 * secrets; any other text is the application's own, and kept as it is.
 */
export function emitLine(line: LogLine): void {
  if (current === undefined) return
  const { attributes, body } = line
  const isOfError = typeof body === 'string' && hasException(attributes)
  stampLine(attributes)
  current(isOfError ? { ...line, body: redactText(body) } : line)
}

let current: LineSink | undefined

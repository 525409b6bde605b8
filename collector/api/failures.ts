import type { Failure } from './schemas/correlation'
import type { Log } from './schemas/log'
import type { StoredSpan } from './schemas/trace'

/** Severity numbers from ERROR on (OpenTelemetry logs data model, Severity Fields). */
const ERROR = 17

type Attributes = Readonly<Record<string, unknown>>

/**
 * What went wrong among spans and log records, in order of time: exceptions, spans with status error that have none, and
 * records of severity error or fatal. An exception that a span has and that was logged under the span, too, is listed once.
 */
export function findFailures(spans: readonly StoredSpan[], logs: readonly Log[]): Failure[] {
  const ofSpans = spans.flatMap(failuresOfSpan)
  const known = new Set(ofSpans.filter(isException).map(identify))
  const ofLogs = logs
    .flatMap(failureOfLog)
    .filter((failure) => !isException(failure) || !known.has(identify(failure)))
  return [...ofSpans, ...ofLogs].sort(byTime)
}

function failuresOfSpan(span: StoredSpan): Failure[] {
  const { traceId, spanId, service } = span
  const place = { traceId, spanId, service }
  const exceptions = span.events.filter(({ name }) => name === 'exception')
  if (exceptions.length > 0) {
    return exceptions.map(({ attributes, time }) => ({
      source: 'span',
      ...exceptionOf(attributes),
      time: time ?? span.startTime,
      ...place,
    }))
  }
  if (span.status !== 'error') return []
  const type = textOf(span.attributes['error.type'])
  const time = span.endTime ?? span.startTime
  return [{ source: 'span', type, message: span.statusMessage, stack: null, time, ...place }]
}

function failureOfLog(log: Log): Failure[] {
  const { time, traceId, spanId, service, attributes } = log
  const isThrown = ['exception.type', 'exception.message', 'exception.stacktrace'].some(
    (key) => key in attributes,
  )
  if (!isThrown && log.severityNumber < ERROR) return []
  const { type, message, stack } = exceptionOf(attributes)
  return [
    {
      source: 'log',
      type,
      message: message || describeBody(log.body) || describeEvent(log),
      stack,
      time,
      traceId,
      spanId,
      service,
    },
  ]
}

function describeBody(body: unknown): string {
  if (typeof body === 'string') return body
  return body === null || body === undefined ? '' : JSON.stringify(body)
}

/** Events have no body: what they say of an error, else which they are. */
function describeEvent({ eventName, attributes }: Log): string {
  return textOf(attributes['error.message']) ?? eventName ?? ''
}

/** The attributes of an exception (OpenTelemetry semantic conventions, exceptions). */
function exceptionOf(attributes: Attributes) {
  return {
    type: textOf(attributes['exception.type']),
    message: textOf(attributes['exception.message']) ?? '',
    stack: textOf(attributes['exception.stacktrace']),
  }
}

function isException({ type, stack }: Failure): boolean {
  return type !== null || stack !== null
}

function identify({ traceId, spanId, type, message, stack }: Failure): string {
  return JSON.stringify([traceId, spanId, type, message, stack])
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** Times are written alike, so that their texts sort as they do. */
function byTime(a: Failure, b: Failure): number {
  const [left, right] = [a.time ?? '', b.time ?? '']
  return left < right ? -1 : left > right ? 1 : 0
}

import { Type, type Static } from 'typebox'
import { tracedOccurrences } from './error'
import { closed, hex, orNull, refer, text } from './field'
import type { Log } from './log'
import { StoredSpan } from './trace'

const { service, name, kind, status, startTime, durationMs } = StoredSpan.properties

/** The request an id stands for, in short. */
export const CorrelatedRequest = closed({
  traceId: hex(32),
  spanId: hex(16),
  service,
  name,
  kind,
  status,
  method: orNull<string>('string', 'http.request.method'),
  route: orNull<string>('string', 'http.route, else the path'),
  statusCode: orNull<number>('integer', 'http.response.status_code'),
  startTime,
  durationMs,
})
export type CorrelatedRequest = Static<typeof CorrelatedRequest>

/** A failure: an exception, a span with status error, or a log record of severity error or fatal. */
export const Failure = closed({
  source: Type.Unsafe<'span' | 'log'>({ type: 'string', enum: ['span', 'log'] }),
  type: orNull<string>('string', 'exception.type or error.type'),
  message: Type.String({ description: 'exception.message, else the status message or the body' }),
  stack: orNull<string>('string', 'exception.stacktrace'),
  time: orNull<string>('string', 'RFC 3339 with nanoseconds'),
  traceId: orNull<string>('string', '32 hex digits'),
  spanId: orNull<string>('string', '16 hex digits'),
  service,
})
export type Failure = Static<typeof Failure>

/** All that is stored about a correlation or request id. */
export const Correlation = closed(
  {
    id: text('As asked; only its first 256 bytes count'),
    request: Type.Unsafe<CorrelatedRequest | null>({
      ...CorrelatedRequest,
      type: ['object', 'null'],
      description:
        'The earliest SERVER or CONSUMER span, else INTERNAL root, that carries the id; else of these traces',
    }),
    traceIds: Type.Array(hex(32), { description: 'Newest first' }),
    truncated: Type.Boolean({ description: 'There are more traces; these are the newest' }),
    services: Type.Array(Type.String(), { description: 'In order of their first span or record' }),
    startTime: orNull<string>('string', 'Of the first span or log record'),
    endTime: orNull<string>('string', 'Of the last span or log record'),
    spans: Type.Array(refer<StoredSpan>('StoredSpan'), {
      description: 'Of these traces, in order of start',
    }),
    spansTruncated: Type.Boolean({ description: 'There are more spans; these are the earliest' }),
    logs: Type.Array(refer<Log>('Log'), {
      description: 'Of these traces, and those without a trace that carry the id, in order of time',
    }),
    logsTruncated: Type.Boolean({ description: 'There are more log records' }),
    errors: Type.Array(Failure, {
      description:
        'Among these spans and records, in order of time; an exception on a span that was logged too is listed once',
    }),
    errorsTruncated: Type.Boolean({ description: 'There are more errors; these are the earliest' }),
    occurrences: tracedOccurrences,
  },
  { description: 'The whole story of an id' },
)
export type Correlation = Static<typeof Correlation>

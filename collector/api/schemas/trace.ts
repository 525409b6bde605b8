import { Type, type Static } from 'typebox'
import { Attributes, closed, count, hex, orNull, refer, text } from './field'
import { tracedOccurrences } from './error'
import { windowFields } from './figure'
import type { Log } from './log'
import { Resource, Scope } from './origin'

const SpanEvent = closed({
  name: Type.String(),
  time: orNull<string>('string', 'RFC 3339 with nanoseconds; null when none was sent'),
  timeUnixNano: orNull<string>('string', 'The same in nanoseconds since 1970'),
  attributes: Attributes,
  droppedAttributesCount: count('Attributes the sender left out'),
})

const SpanLink = closed({
  traceId: text('32 hex digits'),
  spanId: text('16 hex digits'),
  traceState: Type.String(),
  flags: count('W3C trace flags and the remote bits'),
  attributes: Attributes,
  droppedAttributesCount: count('Attributes the sender left out'),
})

const spanFields = {
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: orNull<string>('string', '16 hex digits; null for a root'),
  name: Type.String(),
  service: text('service.name'),
  module: text('The module attribute, else the name of the instrumentation scope'),
  kind: text('internal, server, client, producer, consumer or unspecified'),
  status: text('unset, ok or error'),
  statusMessage: Type.String(),
  traceState: text('W3C tracestate'),
  flags: count('W3C trace flags and the remote bits'),
  startTime: orNull<string>('string', 'RFC 3339 with nanoseconds; null when none was sent'),
  startTimeUnixNano: orNull<string>('string', 'The same in nanoseconds since 1970'),
  endTime: orNull<string>('string', 'RFC 3339 with nanoseconds; null when none was sent'),
  endTimeUnixNano: orNull<string>('string', 'The same in nanoseconds since 1970'),
  durationMs: orNull<number>('number', 'null without an end, or with one before the start'),
  attributes: Attributes,
  droppedAttributesCount: count('Attributes the sender left out'),
  events: Type.Array(SpanEvent),
  droppedEventsCount: count('Events the sender left out'),
  links: Type.Array(SpanLink),
  droppedLinksCount: count('Links the sender left out'),
  resource: Resource,
  scope: Scope,
}

/** A span as it is stored. */
export const StoredSpan = closed(spanFields, { $id: 'StoredSpan' })
export type StoredSpan = Static<typeof StoredSpan>

/** A stored span and its place in the trace. */
export const Span = closed(
  {
    ...spanFields,
    depth: count('Steps from the root of its tree'),
    selfTimeMs: orNull<number>('number', 'Time in which none of its children ran'),
  },
  { $id: 'Span' },
)

/** A node of the tree: a span, a parent nobody sent (`missing`), or a span listed only in `spans` (`truncated`). */
export interface TraceNode {
  readonly spanId: string
  readonly missing?: true
  readonly truncated?: true
  readonly name?: string
  readonly service?: string
  readonly module?: string
  readonly kind?: string
  readonly status?: string
  readonly startTime?: string | null
  readonly durationMs?: number | null
  readonly selfTimeMs?: number | null
  readonly children: TraceNode[]
}

export const TraceNode = Type.Unsafe<TraceNode>({
  $id: 'TraceNode',
  type: 'object',
  required: ['spanId', 'children'],
  additionalProperties: false,
  properties: {
    spanId: hex(16),
    missing: Type.Boolean({ description: 'A parent that children name but that was not received' }),
    truncated: Type.Boolean({
      description: 'Too deep: the span and those below are in spans only',
    }),
    name: spanFields.name,
    service: spanFields.service,
    module: spanFields.module,
    kind: spanFields.kind,
    status: spanFields.status,
    startTime: spanFields.startTime,
    durationMs: spanFields.durationMs,
    selfTimeMs: orNull<number>('number', 'Time in which none of its children ran'),
    children: { type: 'array', items: { $ref: 'TraceNode#' } },
  },
})

export const Trace = closed(
  {
    traceId: hex(32),
    spanCount: count('Spans in this answer'),
    truncated: Type.Boolean({ description: 'The trace has more spans; these are the earliest' }),
    services: Type.Array(Type.String(), { description: 'In order of their first span' }),
    startTime: orNull<string>('string', 'RFC 3339 with nanoseconds'),
    endTime: orNull<string>('string', 'RFC 3339 with nanoseconds'),
    durationMs: orNull<number>('number', 'From the first start to the last end'),
    spans: Type.Array(refer<Static<typeof Span>>('Span'), { description: 'In order of start' }),
    tree: Type.Array(refer<TraceNode>('TraceNode'), { description: 'Roots in order of start' }),
    logs: Type.Array(refer<Log>('Log'), {
      description: 'Log records with its id, in order of time',
    }),
    logsTruncated: Type.Boolean({
      description: 'There are more log records; these are the earliest',
    }),
    occurrences: tracedOccurrences,
  },
  {
    description:
      'The spans of the trace, twice, in order of time and as a tree, its log records and errors',
  },
)
export type Trace = Static<typeof Trace>

export const SlowTrace = closed({
  traceId: hex(32),
  spanId: hex(16),
  service: Type.String(),
  module: Type.String(),
  name: text('Of the slowest request of the trace'),
  kind: spanFields.kind,
  status: spanFields.status,
  startTime: Type.String(),
  durationMs: Type.Number(),
})
export type SlowTrace = Static<typeof SlowTrace>

const figures = {
  requestCount: count('SERVER and CONSUMER spans and INTERNAL roots'),
  spanCount: count('All spans'),
  errorCount: count('Requests with status error, or SERVER with an HTTP status from 500 on'),
  errorRate: orNull<number>('number', 'Percent of the requests; null without requests'),
  durationMs: closed({
    avg: orNull<number>('number', 'Of the requests; null without requests'),
    p50: orNull<number>('number', 'Median'),
    p95: orNull<number>('number', '95th percentile'),
    p99: orNull<number>('number', '99th percentile'),
    max: orNull<number>('number', 'Slowest'),
  }),
}

/** What was counted in a window, in all and a service each. */
export const TraceStatistics = closed({
  ...figures,
  traceCount: count('Traces whose root span ended in the window'),
  byService: Type.Array(closed({ service: Type.String(), ...figures })),
})
export type TraceStatistics = Static<typeof TraceStatistics>

export const TraceStatisticsAnswer = closed(
  {
    window: windowFields.window,
    ...TraceStatistics.properties,
  },
  {
    description: 'What was counted, and in which window',
  },
)

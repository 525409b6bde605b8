import { Type, type Static } from 'typebox'
import { closed, count, hex, orNull, text } from './field'

/** What the answers about single spans say of each. */
export const foundFields = {
  traceId: hex(32),
  spanId: hex(16),
  service: text('service.name'),
  module: text('The module attribute, else the name of the instrumentation scope'),
  kind: text('internal, server, client, producer, consumer or unspecified'),
  status: text('unset, ok or error'),
  statusMessage: Type.String(),
  startTime: text('RFC 3339 with nanoseconds; the end where no start was sent'),
  durationMs: orNull<number>('number', 'null without an end, or with one before the start'),
}

const FoundTrace = closed({
  traceId: hex(32),
  rootService: orNull<string>('string', 'Of the span without a parent; null when none is stored'),
  rootName: orNull<string>('string', 'Likewise'),
  startTime: text('RFC 3339 with nanoseconds'),
  durationMs: orNull<number>('number', 'From the first start to the last end'),
  spanCount: count('Spans within a day of the one found, 10000 at most'),
  errorCount: count('Those with status error, or SERVER with an HTTP status from 500 on'),
  services: Type.Array(Type.String(), { description: 'In alphabetical order' }),
  span: closed(
    { ...foundFields, name: Type.String() },
    { description: 'The newest span that was looked for' },
  ),
})
export type FoundTrace = Static<typeof FoundTrace>

/** What every page of a search says. */
export const pageFields = {
  nextCursor: orNull<string>(
    'string',
    'Goes on behind these, with the same parameters; null at the end. There may be one with fewer than the limit, even none: the time was over',
  ),
  searchedSince: text(
    'From here to searchedUntil these pages have every match so far: the window when nextCursor is null',
  ),
  searchedUntil: text('See searchedSince'),
}

/** A page of traces. */
export const FoundTraces = closed(
  {
    traces: Type.Array(FoundTrace, {
      description: 'By the start of the span found, newest first',
    }),
    ...pageFields,
  },
  { description: 'Traces that have such a span, each once' },
)

import { Type, type Static } from 'typebox'
import { Attributes, closed, count, orNull, refer, text } from './field'
import { Resource, Scope } from './origin'

/** A log record as it is stored. */
export const Log = closed(
  {
    time: text(
      'RFC 3339 with nanoseconds; when it was observed or received where no time was sent',
    ),
    timeUnixNano: orNull<string>('string', 'Nanoseconds since 1970; null when none was sent'),
    observedTime: orNull<string>('string', 'RFC 3339 with nanoseconds; null when none was sent'),
    observedTimeUnixNano: orNull<string>('string', 'The same in nanoseconds since 1970'),
    severity: orNull<string>(
      'string',
      'trace, debug, info, warn, error or fatal; null when unknown',
    ),
    severityNumber: Type.Integer({
      description: '1 to 24; from the text where no number was sent',
    }),
    severityText: orNull<string>('string', 'As sent, else the short name of the number'),
    sentSeverityNumber: Type.Integer({ description: 'The number as sent; 0 without one' }),
    sentSeverityText: orNull<string>('string', 'The text as sent; null without one'),
    eventName: orNull<string>('string', 'The name of the event; null for a record that is none'),
    body: Type.Unknown({
      description: 'A string, or a value in the form of attribute values; null without one',
    }),
    traceId: orNull<string>('string', '32 hex digits'),
    spanId: orNull<string>('string', '16 hex digits'),
    flags: count('W3C trace flags'),
    service: text('service.name'),
    attributes: Attributes,
    droppedAttributesCount: count('Attributes the sender left out'),
    resource: Resource,
    scope: Scope,
  },
  { $id: 'Log' },
)
export type Log = Static<typeof Log>

/** A page of log records. */
export const Logs = closed(
  {
    logs: Type.Array(refer<Log>('Log'), { description: 'In the order asked for' }),
    nextCursor: orNull<string>(
      'string',
      'Goes on behind these records, with the same parameters; null at the end. There may be one with fewer records than the limit, even none: the time was over',
    ),
    searchedSince: orNull<string>(
      'string',
      'From here to searchedUntil these pages have every match so far: the window when nextCursor is null; null for a trace without a window',
    ),
    searchedUntil: orNull<string>('string', 'See searchedSince'),
  },
  { description: 'Log records in order of time' },
)
export type Logs = Static<typeof Logs>

import { Type } from 'typebox'
import { BUSINESS_STATUSES, type BusinessStatus } from '../business-contract'
import { windowFields } from './figure'
import { Attributes, closed, count, orNull, text } from './field'

const window = closed(
  { since: Type.String(), until: Type.String() },
  { description: 'Whole hours' },
)

/** What things cost. */
export const Costs = closed(
  {
    window,
    totalUsd: Type.Number({ description: 'Of all groups, those beyond the limit too' }),
    count: count('Costs that were told, of all groups'),
    costs: Type.Array(
      closed({
        user: orNull<string>(
          'string',
          'Empty for nobody; null where users are not told apart, as below',
        ),
        endpoint: orNull<string>('string', 'As it was told'),
        day: orNull<string>('string', 'As in 2026-03-01, UTC'),
        service: orNull<string>('string', 'service.name'),
        tenant: orNull<string>('string', 'Empty for none'),
        costUsd: Type.Number({ description: 'US dollars' }),
        count: count('Costs that were told'),
      }),
    ),
    truncated: Type.Boolean({ description: 'There are more groups' }),
  },
  { description: 'Costs by group; those of business events are not among them' },
)

/** Business events have a life of two steps. */
const Status = Type.Unsafe<BusinessStatus>({ type: 'string', enum: BUSINESS_STATUSES })

const BusinessEvent = closed({
  time: text('RFC 3339 with nanoseconds'),
  name: text('Of the event'),
  status: Status,
  tenant: text('Empty for none'),
  service: text('service.name'),
  durationMs: orNull<number>('number', 'From its start; null where it was not told'),
  costUsd: orNull<number>('number', 'US dollars; null where none was told'),
  count: orNull<number>('number', 'How many things it was about; null where it was not told'),
  userId: orNull<string>('string', 'user.id, or another name of it'),
  correlationId: orNull<string>('string', 'The first attribute that holds a correlation id'),
  traceId: orNull<string>('string', '32 hex digits'),
  spanId: orNull<string>('string', '16 hex digits'),
  attributes: Attributes,
})

/** A page of business events. */
export const BusinessEvents = closed(
  {
    events: Type.Array(BusinessEvent, { description: 'Newest first' }),
    nextCursor: orNull<string>(
      'string',
      'Goes on behind these events, with the same parameters; null at the end. There may be one with fewer events than the limit, even none: the time was over',
    ),
    searchedSince: orNull<string>(
      'string',
      'From here to searchedUntil these pages have every match so far',
    ),
    searchedUntil: orNull<string>('string', 'See searchedSince'),
  },
  { description: 'Business events in order of time' },
)

const values = (description: string) => Type.Array(Type.Number(), { description })
const durations = (description: string) =>
  Type.Array(orNull<number>('number', 'Milliseconds; null without a known duration'), {
    description,
  })

/** Business events over time. */
export const BusinessSeries = closed(
  {
    window: windowFields.window,
    stepSeconds: Type.Number({ exclusiveMinimum: 0 }),
    times: Type.Array(Type.String(), { description: 'Begin of each step' }),
    series: Type.Array(
      closed({
        name: text('Of the events'),
        status: Status,
        total: count('Events of the window'),
        totalCostUsd: Type.Number(),
        counts: values('Events, one number a step'),
        costsUsd: values('US dollars likewise'),
        avgDurationsMs: durations('Means likewise'),
        maxDurationsMs: durations('Slowest likewise'),
      }),
      { description: 'Those with the most events first' },
    ),
    truncated: Type.Boolean({ description: 'There are more series' }),
  },
  { description: 'Business events by name, status and step' },
)

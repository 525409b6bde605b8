import { Type } from 'typebox'
import { CRITERIA, type Criterion, STATUSES, type Status } from '../../health/judge'
import { serviceFields, windowFields } from './figure'
import { closed, count, orNull, text } from './field'

const Status = Type.Unsafe<Status>({
  type: 'string',
  enum: STATUSES,
  description: 'of the window; the worst criterion and the worst service decide',
})
const Criterion = Type.Unsafe<Criterion>({ type: 'string', enum: CRITERIA })

const reasonFields = {
  criterion: Criterion,
  value: Type.Number(),
  limit: Type.Number({ description: 'The one that is passed' }),
  unit: text('%, ms, requests, spans, or empty'),
  status: Status,
  message: text('The same in words, with the figures'),
}

const verdictFields = {
  status: Status,
  stableStatus: Type.Unsafe<Status | null>({
    type: ['string', 'null'],
    enum: [...STATUSES, null],
    description:
      'Does not flap: entered when two of three verdicts in successive minutes, each over five, say so; left one step at a ' +
      'time, when three in a row lie below 0.8 of its limits. Unresolved errors count as they are now. null where minutes ' +
      'are not kept any more',
  }),
  stableSince: orNull<string>('string', 'When it came to be, at most half an hour before the end'),
}

const figureFields = {
  requests: closed(
    {
      count: count('Received'),
      adjustedCount: Type.Number({ description: 'How many they stand for by their sampling' }),
      ratePerSecond: Type.Number({ description: 'Of those they stand for' }),
    },
    { description: 'SERVER and CONSUMER spans and INTERNAL roots; of a module all spans' },
  ),
  performance: closed({
    avgResponseTimeMs: orNull<number>('number', 'null without a known duration'),
    p50ResponseTimeMs: orNull<number>('number', 'Median; percentiles are within 2.2 % of exact'),
    p95ResponseTimeMs: orNull<number>('number', '95th percentile'),
    p99ResponseTimeMs: orNull<number>('number', '99th percentile'),
  }),
  errors: closed({
    errorRate: orNull<number>('number', 'Percent, sampled ones weighed; null without requests'),
    errorCount: count('Those with status error, or SERVER with an HTTP status from 500 on'),
    unresolvedErrors: orNull<number>(
      'integer',
      'Groups of errors in the states new, escalating or regressed, with throws of the severity of an error in the window',
    ),
  }),
}

/** Health of all services, or of a module in them. */
export const ServiceHealth = closed(
  {
    ...verdictFields,
    reasons: Type.Array(closed({ ...reasonFields, service: text('Whose it is') }), {
      description: 'Of the services with that status; empty when healthy',
    }),
    module: orNull<string>('string', 'null of the whole'),
    ...figureFields,
    services: Type.Array(
      closed({
        ...serviceFields,
        ...verdictFields,
        reasons: Type.Array(closed(reasonFields)),
        ...figureFields,
      }),
      { description: 'Worst first; those seen in the window or in the half hour before its end' },
    ),
    ...windowFields,
  },
  { description: 'As the worst service is' },
)

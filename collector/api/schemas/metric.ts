import { Type, type Static, type TProperties } from 'typebox'

const text = (description: string) => Type.String({ description })
const orNull = <T>(type: string, description: string) =>
  Type.Unsafe<T | null>({ type: [type, 'null'], description })
const closed = <P extends TProperties>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

const identity = {
  name: Type.String(),
  kind: text('gauge, sum, histogram, exponential_histogram or summary'),
  unit: text('As sent, in UCUM; may be empty'),
  monotonic: orNull<boolean>('boolean', 'Of sums only: whether they never fall'),
}

/** One metric of the catalogue. */
export const Metric = closed({
  ...identity,
  temporality: orNull<string>('string', 'delta or cumulative; null for a gauge or summary'),
  description: text('As sent; one of them where they differ'),
  services: Type.Array(Type.String(), { description: 'The service.name of all that send it' }),
  labelKeys: Type.Array(Type.String(), {
    description:
      'Keys of the attributes of its series, without those of resources; about 200 at most',
  }),
  seriesCount: Type.Integer({ minimum: 0 }),
  lastSeenDay: text('The last day on which a point came in, UTC'),
})
export type Metric = Static<typeof Metric>

export const MetricCatalogue = closed(
  {
    metrics: Type.Array(Metric, {
      description:
        'By name; one that comes as several kinds or in several units is listed as often',
    }),
    truncated: Type.Boolean({ description: 'There are more: narrow the question, or raise limit' }),
  },
  { description: 'What is stored' },
)

const Value = Type.Unsafe<number | string | null>({ type: ['number', 'string', 'null'] })

/** One metric over time. */
export const MetricAnswer = closed(
  {
    ...identity,
    temporality: orNull<string>('string', 'delta, cumulative or mixed; null where there is none'),
    aggregation: text('What the values are'),
    window: closed(
      { since: Type.String(), until: Type.String() },
      { description: 'The window, widened to whole steps' },
    ),
    stepSeconds: Type.Number(),
    times: Type.Array(Type.String(), { description: 'The begin of each step, RFC 3339' }),
    series: Type.Array(
      closed({
        labels: Type.Record(
          Type.String(),
          orNull<string>('string', 'null without that attribute'),
          {
            description: 'What groupBy names',
          },
        ),
        quantile: orNull<number>('number', 'Which one the values are; null for other aggregations'),
        values: Type.Array(Value, {
          description:
            'One a step, null where there is nothing. A string where no JSON number can hold the value: ' +
            'an integer beyond 2^53, all digits exact, or NaN, Infinity or -Infinity',
        }),
      }),
      { description: 'By labels; those without any value are left out' },
    ),
    truncated: Type.Boolean({ description: 'There are more series: narrow the question' }),
  },
  { description: 'A value a step for each group of series' },
)
export type MetricAnswer = Static<typeof MetricAnswer>

import { Type, type Static } from 'typebox'
import { figureFields, identityFields, windowFields } from './figure'
import { Attributes, closed, count, text } from './field'
import { foundFields, pageFields } from './search'

const PerformanceMetric = closed({
  ...foundFields,
  operation: text('Name of the span'),
  attributes: Attributes,
})
/** A single span, as a measurement of its operation. */
export type PerformanceMetric = Static<typeof PerformanceMetric>

/** A page of single spans. */
export const PerformanceMetrics = closed(
  {
    metrics: Type.Array(PerformanceMetric, { description: 'Newest first' }),
    ...pageFields,
  },
  { description: 'Single spans' },
)

/** Single spans that took long. */
export const SlowOperations = closed(
  {
    window: windowFields.window,
    thresholdMs: Type.Number(),
    operations: Type.Array(PerformanceMetric, { description: 'Slowest first' }),
  },
  { description: 'Single spans that took long' },
)

/** What the spans of each operation, module or service add up to. */
export const PerformanceStatistics = closed(
  {
    ...windowFields,
    stats: Type.Array(closed({ ...identityFields, ...figureFields })),
    truncated: Type.Boolean({ description: 'There are more than the limit' }),
  },
  { description: 'What spans add up to, in the order asked for' },
)

/** The same over time. */
export const PerformanceTrends = closed(
  {
    ...windowFields,
    stepSeconds: count('Length of a step; hours where minutes are not kept any more'),
    trends: Type.Array(closed({ time: text('Begin of the step'), ...figureFields }), {
      description: 'Every step of the window, in order',
    }),
  },
  { description: 'What spans add up to, step by step' },
)

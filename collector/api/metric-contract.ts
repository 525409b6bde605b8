import type { Metric } from './schemas/metric'

export const AGGREGATIONS = [
  'avg',
  'min',
  'max',
  'sum',
  'last',
  'count',
  'increase',
  'rate',
  'quantile',
] as const
export type Aggregation = (typeof AGGREGATIONS)[number]

/** The steps of an answer: `count` of them, each `stepMs` long, from `sinceMs` on. Nothing after `untilMs` has happened yet. */
export interface Steps {
  readonly sinceMs: number
  readonly untilMs: number
  readonly stepMs: number
  readonly count: number
}

/** What points are filtered and grouped by; `label` is what the caller calls it. */
export interface MetricKey {
  readonly from: 'point' | 'resource' | 'service'
  readonly key: string
  readonly label: string
}

/** As what a metric is stored; `temporality` and `isMonotonic` are null where its kind has none. */
export interface MetricVariant {
  readonly kind: string
  readonly unit: string
  readonly temporality: string | null
  readonly isMonotonic: boolean | null
}

/** One metric over time. `tenant` is the one the caller's token is bound to, else null for all. */
export interface MetricQuestion {
  readonly name: string
  readonly kind: string
  readonly unit: string
  readonly tenant: string | null
  readonly service: string | null
  readonly steps: Steps
  readonly aggregation: Aggregation
  readonly quantiles: readonly number[]
  readonly filters: readonly { readonly key: MetricKey; readonly value: string }[]
  readonly groupBy: readonly MetricKey[]
  readonly maxSeries: number
}

/** A series with a value a step; a value that no JSON number can hold is a string. */
export interface MetricValues {
  readonly labels: Readonly<Record<string, string | null>>
  readonly quantile: number | null
  readonly values: readonly (number | string | null)[]
}

/** The questions the API asks about metrics. Each throws Unavailable when they cannot be answered now. */
export interface MetricQueries {
  readMetricCatalogue(question: {
    readonly tenant: string | null
    readonly service: string | null
    readonly prefix: string | null
    readonly search: string | null
    readonly limit: number
  }): Promise<{ readonly metrics: Metric[]; readonly isTruncated: boolean }>
  /** Nothing when the metric is unknown. */
  readMetricVariants(question: {
    readonly name: string
    readonly tenant: string | null
    readonly service: string | null
  }): Promise<readonly MetricVariant[]>
  /** Throws BadData when the question is about too many series. */
  readMetricValues(
    question: MetricQuestion,
  ): Promise<{ readonly series: readonly MetricValues[]; readonly isTruncated: boolean }>
}

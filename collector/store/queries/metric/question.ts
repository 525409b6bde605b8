import type { Steps } from './steps'

export type Aggregation =
  'avg' | 'min' | 'max' | 'sum' | 'last' | 'count' | 'increase' | 'rate' | 'quantile'

/** Something a point has: an attribute, an attribute of its resource, or the name of its service. */
export interface MetricKey {
  readonly from: 'point' | 'resource' | 'service'
  /** The attribute's key; of no meaning for the service. */
  readonly key: string
  /** What the answer calls it. */
  readonly label: string
}

/** One metric over time. `tenant` and `service` null for all; `name`, `kind` and `unit` name the metric. */
export interface MetricQuestion {
  readonly name: string
  readonly kind: string
  readonly unit: string
  readonly tenant: string | null
  readonly service: string | null
  readonly steps: Steps
  readonly aggregation: Aggregation
  /** From 0 to 1; with the aggregation `quantile` only. */
  readonly quantiles: readonly number[]
  readonly filters: readonly { readonly key: MetricKey; readonly value: string }[]
  readonly groupBy: readonly MetricKey[]
  /** Most series to answer with; a quantile counts as one. */
  readonly maxSeries: number
}

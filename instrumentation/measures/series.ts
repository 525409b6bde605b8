import type { Attributes } from '@opentelemetry/api'

/** The counts of one combination of attributes, in buckets. */
export class Series {
  readonly attributes: Attributes
  /** One more than there are boundaries: the last bucket has no upper bound. */
  readonly counts: number[]
  total = 0
  sum = 0
  min = Infinity
  max = -Infinity
  readonly #boundaries: readonly number[]

  constructor(attributes: Attributes, boundaries: readonly number[]) {
    this.attributes = attributes
    this.#boundaries = boundaries
    this.counts = new Array<number>(boundaries.length + 1).fill(0)
  }

  /** A value on a boundary belongs to the bucket below it (OTLP, explicit bounds are inclusive above). */
  count(value: number): void {
    const boundaries = this.#boundaries
    let bucket = 0
    // Most durations are short: from the left is faster than halving.
    while (bucket < boundaries.length && value > boundaries[bucket]!) bucket++
    this.counts[bucket]!++
    this.total++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }
}

import type { Distribution } from '../../../translate/distribution'
import type { BinaryRow } from '../../copy-out'

/** What some spans add up to. */
export interface Sums {
  /** When the first and the last bucket began; Infinity and 0 when that is not known. */
  readonly firstSeenMs: number
  readonly lastSeenMs: number
  readonly count: number
  readonly errorCount: number
  readonly rootCount: number
  readonly adjustedCount: number
  readonly adjustedErrorCount: number
  readonly sumNs: number
  /** Infinity, and of the longest -1, when no duration is known. */
  readonly minNs: number
  readonly maxNs: number
  readonly zeroCount: number
  readonly indexes: readonly number[]
  readonly counts: readonly number[]
  readonly slowestTraceId: string | null
  readonly errorTraceId: string | null
  readonly randomTraceId: string | null
}

/** The columns of `selectRollups` from `first` on, of the row that is being visited: nothing is read that nobody looks at. */
export class RowSums implements Sums {
  readonly #row: BinaryRow
  readonly #first: number

  constructor(row: BinaryRow, first: number) {
    this.#row = row
    this.#first = first
  }

  get firstSeenMs(): number {
    return (this.#row.unixMicrosOrNull(this.#first) ?? Infinity) / 1000
  }

  get lastSeenMs(): number {
    return (this.#row.unixMicrosOrNull(this.#first + 1) ?? 0) / 1000
  }

  get count(): number {
    return Number(this.#row.int64(this.#first + 2))
  }

  get errorCount(): number {
    return Number(this.#row.int64(this.#first + 3))
  }

  get rootCount(): number {
    return Number(this.#row.int64(this.#first + 4))
  }

  get adjustedCount(): number {
    return this.#row.float64(this.#first + 5)
  }

  get adjustedErrorCount(): number {
    return this.#row.float64(this.#first + 6)
  }

  get sumNs(): number {
    return this.#row.float64(this.#first + 7)
  }

  get minNs(): number {
    const column = this.#first + 8
    return this.#row.isNull(column) ? Infinity : Number(this.#row.int64(column))
  }

  get maxNs(): number {
    const column = this.#first + 9
    return this.#row.isNull(column) ? -1 : Number(this.#row.int64(column))
  }

  get zeroCount(): number {
    return this.#row.float64(this.#first + 10)
  }

  get indexes(): number[] {
    return this.#row.int16Array(this.#first + 11)
  }

  get counts(): number[] {
    return this.#row.float64Array(this.#first + 12)
  }

  get slowestTraceId(): string | null {
    return this.#row.hexOrNull(this.#first + 13)
  }

  get errorTraceId(): string | null {
    return this.#row.hexOrNull(this.#first + 14)
  }

  get randomTraceId(): string | null {
    return this.#row.hexOrNull(this.#first + 15)
  }
}

/** Adds up. Of the traces to look at it keeps those seen last, whose spans are kept longest. */
export class Tally implements Sums {
  firstSeenMs = Infinity
  lastSeenMs = 0
  count = 0
  errorCount = 0
  rootCount = 0
  adjustedCount = 0
  adjustedErrorCount = 0
  sumNs = 0
  minNs = Infinity
  maxNs = -1
  zeroCount = 0
  slowestTraceId: string | null = null
  errorTraceId: string | null = null
  randomTraceId: string | null = null
  /** The index of the first one in `#buckets`, which has one for every index from there on. */
  #first = 0
  #buckets: number[] = []

  add(sums: Sums): void {
    const { lastSeenMs, maxNs } = sums
    if (lastSeenMs > this.lastSeenMs) {
      this.errorTraceId = sums.errorTraceId ?? this.errorTraceId
      this.randomTraceId = sums.randomTraceId ?? this.randomTraceId
      this.lastSeenMs = lastSeenMs
    } else {
      this.errorTraceId ??= sums.errorTraceId
      this.randomTraceId ??= sums.randomTraceId
    }
    if (maxNs > this.maxNs) {
      this.slowestTraceId = sums.slowestTraceId
      this.maxNs = maxNs
    }
    this.firstSeenMs = Math.min(this.firstSeenMs, sums.firstSeenMs)
    this.count += sums.count
    this.errorCount += sums.errorCount
    this.rootCount += sums.rootCount
    this.adjustedCount += sums.adjustedCount
    this.adjustedErrorCount += sums.adjustedErrorCount
    this.sumNs += sums.sumNs
    this.minNs = Math.min(this.minNs, sums.minNs)
    this.zeroCount += sums.zeroCount
    this.#addBuckets(sums)
  }

  get indexes(): number[] {
    const first = this.#first
    return this.#buckets.flatMap((count, at) => (count === 0 ? [] : [first + at]))
  }

  get counts(): number[] {
    return this.#buckets.filter((count) => count !== 0)
  }

  /** Null when no duration is known. */
  durations(): Distribution | null {
    if (this.maxNs < 0) return null
    const { minNs, maxNs, sumNs, zeroCount, indexes, counts } = this
    return { minNs, maxNs, sumNs, zeroCount, indexes, counts }
  }

  /** In an array without gaps, which takes a fifth of the time of a map. Deltas come with their buckets in any order. */
  #addBuckets({ indexes, counts }: Sums): void {
    for (let at = 0; at < indexes.length; at++) {
      const index = indexes[at] ?? 0
      if (this.#buckets.length === 0) this.#first = index
      for (; index < this.#first; this.#first--) this.#buckets.unshift(0)
      for (let end = this.#first + this.#buckets.length; end <= index; end++) this.#buckets.push(0)
      const place = index - this.#first
      this.#buckets[place] = (this.#buckets[place] ?? 0) + (counts[at] ?? 0)
    }
  }
}

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

/** The columns of `selectRollups` from `first` on. */
export function readSums(row: BinaryRow, first: number): Sums {
  return {
    firstSeenMs: (row.unixMicrosOrNull(first) ?? Infinity) / 1000,
    lastSeenMs: (row.unixMicrosOrNull(first + 1) ?? 0) / 1000,
    count: Number(row.int64(first + 2)),
    errorCount: Number(row.int64(first + 3)),
    rootCount: Number(row.int64(first + 4)),
    adjustedCount: row.float64(first + 5),
    adjustedErrorCount: row.float64(first + 6),
    sumNs: row.float64(first + 7),
    minNs: row.isNull(first + 8) ? Infinity : Number(row.int64(first + 8)),
    maxNs: row.isNull(first + 9) ? -1 : Number(row.int64(first + 9)),
    zeroCount: row.float64(first + 10),
    indexes: row.int16Array(first + 11),
    counts: row.float64Array(first + 12),
    slowestTraceId: row.hexOrNull(first + 13),
    errorTraceId: row.hexOrNull(first + 14),
    randomTraceId: row.hexOrNull(first + 15),
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
    const [later, earlier] = sums.lastSeenMs > this.lastSeenMs ? [sums, this] : [this, sums]
    this.errorTraceId = later.errorTraceId ?? earlier.errorTraceId
    this.randomTraceId = later.randomTraceId ?? earlier.randomTraceId
    if (sums.maxNs > this.maxNs) this.slowestTraceId = sums.slowestTraceId
    this.firstSeenMs = Math.min(this.firstSeenMs, sums.firstSeenMs)
    this.lastSeenMs = later.lastSeenMs
    this.count += sums.count
    this.errorCount += sums.errorCount
    this.rootCount += sums.rootCount
    this.adjustedCount += sums.adjustedCount
    this.adjustedErrorCount += sums.adjustedErrorCount
    this.sumNs += sums.sumNs
    this.minNs = Math.min(this.minNs, sums.minNs)
    this.maxNs = Math.max(this.maxNs, sums.maxNs)
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

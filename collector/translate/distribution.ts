/*
 * Durations as a base-2 exponential histogram of scale 4 (OpenTelemetry metrics data model, ExponentialHistogram): bucket i
 * holds nanoseconds in (2^(i/16), 2^((i+1)/16)]. A quantile told by it is off by 2.17 % at most.
 */

/** How long spans took. Counts are of the spans each one stands for, so they need not be whole. */
export interface Distribution {
  readonly minNs: number
  readonly maxNs: number
  readonly sumNs: number
  /** Of duration 0. */
  readonly zeroCount: number
  /** Ascending. */
  readonly indexes: readonly number[]
  /** As many as there are indexes. */
  readonly counts: readonly number[]
}

const SCALE = 4
const BUCKETS_A_DOUBLING = 2 ** SCALE
/** Where a bucket is told by one number its ends are equally far off, in proportion: their harmonic mean. */
const BASE = 2 ** (1 / BUCKETS_A_DOUBLING)
const MIDDLE = (2 * BASE) / (BASE + 1)

/** Where every bucket of 64 bits of nanoseconds begins. */
const BOUNDS = Float64Array.from({ length: 64 * BUCKETS_A_DOUBLING + 1 }, (_, index) =>
  lowerBound(index),
)
/** A doubling in so many equal slots, each narrower than a bucket: it lies in the bucket of where it begins, or the next. */
const SLOTS = 256
const FIRST_BUCKETS = Int8Array.from(
  { length: SLOTS },
  (_, slot) => Math.ceil(Math.log2(1 + slot / SLOTS) * BUCKETS_A_DOUBLING) - 1,
)
const EXPONENT_BIAS = 1_023
const scratch = new DataView(new ArrayBuffer(8))

/** The bucket of a duration of 1 ns or more. */
export function bucketIndexOf(ns: number): number {
  // The exponent of a double says in which doubling it lies, the first bits of its fraction in which slot of it.
  scratch.setFloat64(0, ns)
  const word = scratch.getInt32(0)
  const doubling = (word >>> 20) - EXPONENT_BIAS
  const index = doubling * BUCKETS_A_DOUBLING + FIRST_BUCKETS[(word >>> 12) & (SLOTS - 1)]!
  return ns > BOUNDS[index + 1]! ? index + 1 : index
}

/** How many spans it tells of. */
export function countOf({ zeroCount, counts }: Distribution): number {
  return counts.reduce((sum, count) => sum + count, zeroCount)
}

/** Where bucket 0 lies among all buckets of 64 bits of nanoseconds. */
const ORIGIN = 1
const MOST_BUCKETS = ORIGIN + 64 * BUCKETS_A_DOUBLING

/** Counts of buckets, while they are added up. Counts are above zero. */
export class Buckets {
  /** How many hold something. */
  size = 0
  readonly #counts = new Float64Array(MOST_BUCKETS)
  #first = MOST_BUCKETS
  #last = -1

  add(index: number, count: number): void {
    const place = index + ORIGIN
    if (this.#counts[place] === 0) this.size++
    this.#counts[place]! += count
    if (place < this.#first) this.#first = place
    if (place > this.#last) this.#last = place
  }

  /** Those that hold something, ascending. */
  forEach(visit: (index: number, count: number) => void): void {
    for (let place = this.#first; place <= this.#last; place++) {
      const count = this.#counts[place]!
      if (count !== 0) visit(place - ORIGIN, count)
    }
  }

  clear(): void {
    if (this.size > 0) this.#counts.fill(0, this.#first, this.#last + 1)
    this.size = 0
    this.#first = MOST_BUCKETS
    this.#last = -1
  }
}

const sums = new Buckets()

/** What several distributions add up to; null when there is none. */
export function mergeDistributions(parts: Iterable<Distribution | null>): Distribution | null {
  const total = addUp(parts)
  if (total === null) return null
  const indexes: number[] = []
  const counts: number[] = []
  sums.forEach((index, count) => {
    indexes.push(index)
    counts.push(count)
  })
  return { ...total, indexes, counts }
}

/** The nanoseconds within which a share (0 to 1) of the spans ended, to within 2.17 % and never beyond the extremes. */
export function quantileNs(distribution: Distribution, share: number): number {
  return quantileOfAll([distribution], share)!
}

/** The same of what several distributions add up to, for a tenth of the work; null when there is none. */
export function quantileOfAll(parts: Iterable<Distribution | null>, share: number): number | null {
  const total = addUp(parts)
  if (total === null) return null
  const { minNs, maxNs, zeroCount } = total
  let count = zeroCount
  sums.forEach((_, each) => (count += each))
  const rank = share * count
  let passed = zeroCount
  let found = rank <= passed && zeroCount > 0 ? 0 : null
  sums.forEach((index, each) => {
    passed += each
    if (found !== null || passed < rank) return
    found = Math.min(maxNs, Math.max(minNs, lowerBound(index) * MIDDLE))
  })
  return found ?? maxNs
}

/** Adds distributions up, their buckets into `sums`. */
function addUp(parts: Iterable<Distribution | null>) {
  sums.clear()
  let [minNs, maxNs, sumNs, zeroCount] = [Infinity, 0, 0, 0]
  for (const part of parts) {
    if (part === null) continue
    minNs = Math.min(minNs, part.minNs)
    maxNs = Math.max(maxNs, part.maxNs)
    sumNs += part.sumNs
    zeroCount += part.zeroCount
    const { indexes, counts } = part
    for (let at = 0; at < indexes.length; at++) sums.add(indexes[at]!, counts[at]!)
  }
  return minNs === Infinity ? null : { minNs, maxNs, sumNs, zeroCount }
}

/** How many spans took `ns` or less; within the bucket of `ns` they are taken to be spread evenly. */
export function countAtMost(distribution: Distribution, ns: number): number {
  const { minNs, maxNs, zeroCount, indexes, counts } = distribution
  if (ns >= maxNs) return countOf(distribution)
  if (ns < minNs) return 0
  let total = zeroCount
  for (const [at, index] of indexes.entries()) {
    const lower = lowerBound(index)
    const share = (ns - lower) / (lowerBound(index + 1) - lower)
    total += counts[at]! * Math.min(1, Math.max(0, share))
  }
  return total
}

/** The mean in nanoseconds. */
export function meanNs(distribution: Distribution): number {
  return distribution.sumNs / countOf(distribution)
}

function lowerBound(index: number): number {
  return 2 ** (index / BUCKETS_A_DOUBLING)
}

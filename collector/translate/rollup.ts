import { bucketIndexOf } from './distribution'
import type { Identity } from './identity'

/** A span as rollups see it. */
export interface SpanFigures {
  /** In which it counts, in minutes since 1970. */
  readonly minute: number
  readonly isRequest: boolean
  readonly isRoot: boolean
  readonly isError: boolean
  /** How many spans it stands for. */
  readonly adjustedCount: number
  /** -1 when it is not known. */
  readonly durationNs: number
  /** Where the 16 bytes of its trace id begin in the body. */
  readonly traceIdStart: number
}

/** What spans of one operation add up to in one minute; a row of `SPAN_ROLLUP`. */
export class Rollup {
  readonly service: Identity
  readonly operation: Identity
  readonly minute: number
  readonly isRequest: boolean
  spanCount = 0
  rootCount = 0
  errorCount = 0
  adjustedCount = 0
  adjustedErrorCount = 0
  durationSumNs = 0
  /** -1 when no duration is known. */
  durationMinNs = -1
  durationMaxNs = -1
  zeroCount = 0
  /** The buckets that hold something, ascending. */
  indexes: number[] = NONE
  counts: number[] = NONE
  /** Trace ids, each as the body it is in and where: of the slowest span, an erroneous one, and one by chance. */
  slowestIn: Buffer | null = null
  slowestAt = 0
  errorIn: Buffer | null = null
  errorAt = 0
  randomIn: Buffer | null = null
  randomAt = 0
  /** The trace by chance is the one that has the least. */
  #randomRank = Infinity

  constructor(service: Identity, operation: Identity, minute: number, isRequest: boolean) {
    this.service = service
    this.operation = operation
    this.minute = minute
    this.isRequest = isRequest
  }

  add(span: SpanFigures, body: Buffer): void {
    const { adjustedCount, traceIdStart } = span
    this.spanCount++
    if (span.isRoot) this.rootCount++
    this.adjustedCount += adjustedCount
    if (span.isError) {
      this.errorCount++
      this.adjustedErrorCount += adjustedCount
      this.#takeError(body, traceIdStart)
    }
    if (span.durationNs >= 0) this.#addDuration(span, body)
    this.#takeRandom(body, traceIdStart, rankOf(body, traceIdStart))
  }

  merge(other: Rollup): void {
    this.spanCount += other.spanCount
    this.rootCount += other.rootCount
    this.errorCount += other.errorCount
    this.adjustedCount += other.adjustedCount
    this.adjustedErrorCount += other.adjustedErrorCount
    this.durationSumNs += other.durationSumNs
    this.zeroCount += other.zeroCount
    this.#takeShortest(other.durationMinNs)
    this.#takeSlowest(other.slowestIn, other.slowestAt, other.durationMaxNs)
    this.#takeError(other.errorIn, other.errorAt)
    this.#takeRandom(other.randomIn, other.randomAt, other.#randomRank)
    for (let at = 0; at < other.indexes.length; at++) {
      this.#count(other.indexes[at]!, other.counts[at]!)
    }
  }

  #addDuration({ durationNs, adjustedCount, traceIdStart }: SpanFigures, body: Buffer): void {
    this.durationSumNs += durationNs * adjustedCount
    this.#takeShortest(durationNs)
    this.#takeSlowest(body, traceIdStart, durationNs)
    if (durationNs === 0) this.zeroCount += adjustedCount
    else this.#count(bucketIndexOf(durationNs), adjustedCount)
  }

  #takeShortest(durationNs: number): void {
    if (durationNs === -1) return
    if (this.durationMinNs === -1 || durationNs < this.durationMinNs)
      this.durationMinNs = durationNs
  }

  #takeSlowest(body: Buffer | null, traceIdStart: number, durationNs: number): void {
    if (durationNs <= this.durationMaxNs) return
    this.durationMaxNs = durationNs
    this.slowestIn = body
    this.slowestAt = traceIdStart
  }

  #takeError(body: Buffer | null, traceIdStart: number): void {
    if (this.errorIn !== null) return
    this.errorIn = body
    this.errorAt = traceIdStart
  }

  #takeRandom(body: Buffer | null, traceIdStart: number, rank: number): void {
    if (rank >= this.#randomRank) return
    this.#randomRank = rank
    this.randomIn = body
    this.randomAt = traceIdStart
  }

  #count(index: number, count: number): void {
    const { indexes, counts } = this
    let at = indexes.length
    if (at === 0) {
      // Most hold one: arrays that grow from nothing have room for 17.
      this.indexes = [index]
      this.counts = [count]
      return
    }
    while (at > 0 && indexes[at - 1]! > index) at--
    if (at > 0 && indexes[at - 1] === index) {
      counts[at - 1]! += count
      return
    }
    indexes.push(0)
    counts.push(0)
    for (let moved = indexes.length - 1; moved > at; moved--) {
      indexes[moved] = indexes[moved - 1]!
      counts[moved] = counts[moved - 1]!
    }
    indexes[at] = index
    counts[at] = count
  }
}

const NONE: number[] = []

/** Chance that is the same each time: a hash of the last 8 bytes of the trace id, which are its most random ones. */
function rankOf(body: Buffer, traceIdStart: number): number {
  const last = traceIdStart + 12
  const first = traceIdStart + 8
  const words =
    (body[first]! | (body[first + 1]! << 8) | (body[first + 2]! << 16) | (body[first + 3]! << 24)) ^
    Math.imul(
      body[last]! | (body[last + 1]! << 8) | (body[last + 2]! << 16) | (body[last + 3]! << 24),
      0x9e37_79b1,
    )
  const mixed = Math.imul(words ^ (words >>> 16), 0x85eb_ca6b)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

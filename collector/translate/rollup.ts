import { FLOAT8_OID, writeArrayHeader } from './data-point-numbers'
import { Buckets, bucketIndexOf } from './distribution'
import type { FieldReader } from './field-reader'
import { writeFloat64, writeInt16, writeNull, writeWhole } from './fields'
import type { RowBuffer } from './buffer'

/** What a rollup wants to know of a span. */
export interface RolledSpan {
  readonly isRoot: boolean
  readonly isError: boolean
  /** How many spans it stands for. */
  readonly adjustedCount: number
  /** -1 when it is not known. */
  readonly durationNs: number
  /** Where the 16 bytes of its trace id begin in the body. */
  readonly traceIdStart: number
}

/** All but the buckets. */
const FIXED_BYTES = 320
/** A bucket's index and count. */
const BUCKET_BYTES = 18
const INT2_OID = 21
const INT2_ELEMENT_BYTES = 6
const TRACE_ID_BYTES = 16

/** What spans of one operation add up to in one minute: a row of `SPAN_ROLLUP` from `span_count` on. One serves for all. */
export class Rollup {
  #spanCount = 0
  #rootCount = 0
  #errorCount = 0
  #adjustedCount = 0
  #adjustedErrorCount = 0
  #durationSumNs = 0
  /** -1 when no duration is known. */
  #durationMinNs = -1
  #durationMaxNs = -1
  #zeroCount = 0
  readonly #buckets = new Buckets()
  readonly #slowest = new TraceId()
  readonly #error = new TraceId()
  /** The trace by chance is the one that has the least rank. */
  readonly #random = new TraceId()
  #randomRank = Infinity

  addSpan(span: RolledSpan, body: Buffer): void {
    const { adjustedCount, traceIdStart } = span
    this.#spanCount++
    if (span.isRoot) this.#rootCount++
    this.#adjustedCount += adjustedCount
    if (span.isError) {
      this.#errorCount++
      this.#adjustedErrorCount += adjustedCount
      this.#takeError(body, traceIdStart)
    }
    if (span.durationNs >= 0) this.#addDuration(span, body)
    this.#takeRandom(body, traceIdStart)
  }

  /** Adds what was written before. */
  addRow(row: FieldReader): void {
    this.#spanCount += row.whole()
    this.#rootCount += row.whole()
    this.#errorCount += row.whole()
    this.#adjustedCount += row.float64()
    this.#adjustedErrorCount += row.float64()
    this.#durationSumNs += row.float64()
    this.#takeShortest(row.whole())
    const durationMaxNs = row.whole()
    this.#zeroCount += row.float64()
    this.#addBuckets(row)
    this.#takeSlowest(row.bytes, row.uuid(), durationMaxNs)
    this.#takeError(row.bytes, row.uuid())
    this.#takeRandom(row.bytes, row.uuid())
  }

  /** Writes its fields, and starts over. */
  take(rows: RowBuffer): void {
    rows.reserve(FIXED_BYTES + this.#buckets.size * BUCKET_BYTES)
    writeWhole(rows, this.#spanCount)
    writeWhole(rows, this.#rootCount)
    writeWhole(rows, this.#errorCount)
    writeFloat64(rows, this.#adjustedCount)
    writeFloat64(rows, this.#adjustedErrorCount)
    writeFloat64(rows, this.#durationSumNs)
    writeDuration(rows, this.#durationMinNs)
    writeDuration(rows, this.#durationMaxNs)
    writeFloat64(rows, this.#zeroCount)
    writeBuckets(rows, this.#buckets)
    this.#slowest.write(rows)
    this.#error.write(rows)
    this.#random.write(rows)
    this.#clear()
  }

  #clear(): void {
    this.#spanCount = this.#rootCount = this.#errorCount = 0
    this.#adjustedCount = this.#adjustedErrorCount = this.#durationSumNs = this.#zeroCount = 0
    this.#durationMinNs = this.#durationMaxNs = -1
    this.#randomRank = Infinity
    this.#buckets.clear()
    this.#slowest.clear()
    this.#error.clear()
    this.#random.clear()
  }

  #addDuration({ durationNs, adjustedCount, traceIdStart }: RolledSpan, body: Buffer): void {
    this.#durationSumNs += durationNs * adjustedCount
    this.#takeShortest(durationNs)
    this.#takeSlowest(body, traceIdStart, durationNs)
    if (durationNs === 0) this.#zeroCount += adjustedCount
    else this.#buckets.add(bucketIndexOf(durationNs), adjustedCount)
  }

  #addBuckets(row: FieldReader): void {
    const count = row.array()
    const indexesAt = row.at
    row.at += count * INT2_ELEMENT_BYTES
    row.array()
    for (
      let at = indexesAt;
      at < indexesAt + count * INT2_ELEMENT_BYTES;
      at += INT2_ELEMENT_BYTES
    ) {
      this.#buckets.add(row.view.getInt16(at + 4), row.float64())
    }
  }

  #takeShortest(durationNs: number): void {
    if (durationNs === -1) return
    if (this.#durationMinNs === -1 || durationNs < this.#durationMinNs) {
      this.#durationMinNs = durationNs
    }
  }

  #takeSlowest(source: Buffer, start: number, durationNs: number): void {
    if (durationNs <= this.#durationMaxNs) return
    this.#durationMaxNs = durationNs
    this.#slowest.set(source, start)
  }

  #takeError(source: Buffer, start: number): void {
    if (start !== -1 && this.#error.source === null) this.#error.set(source, start)
  }

  #takeRandom(source: Buffer, start: number): void {
    const rank = rankOf(source, start)
    if (rank >= this.#randomRank) return
    this.#randomRank = rank
    this.#random.set(source, start)
  }
}

/** 16 bytes of a body or of a row. */
class TraceId {
  source: Buffer | null = null
  #start = 0

  set(source: Buffer, start: number): void {
    this.source = source
    this.#start = start
  }

  clear(): void {
    this.source = null
  }

  write(rows: RowBuffer): void {
    if (this.source === null) return writeNull(rows)
    const { bytes, view, end } = rows
    view.setInt32(end, TRACE_ID_BYTES)
    this.source.copy(bytes, end + 4, this.#start, this.#start + TRACE_ID_BYTES)
    rows.end = end + 4 + TRACE_ID_BYTES
  }
}

function writeDuration(rows: RowBuffer, ns: number): void {
  if (ns === -1) writeNull(rows)
  else writeWhole(rows, ns)
}

function writeBuckets(rows: RowBuffer, buckets: Buckets): void {
  writeArrayHeader(rows, INT2_OID, buckets.size, INT2_ELEMENT_BYTES)
  buckets.forEach((index) => writeInt16(rows, index))
  writeArrayHeader(rows, FLOAT8_OID, buckets.size)
  buckets.forEach((_, count) => writeFloat64(rows, count))
}

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

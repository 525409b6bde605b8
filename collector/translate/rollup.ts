import type { RowBuffer } from './buffer'
import type { FieldReader } from './field-reader'
import { writeFloat64, writeNull, writeWhole } from './fields'
import { RollupDurations } from './rollup-durations'

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

const COUNTS_BYTES = 60
const TRACE_IDS_BYTES = 60
const TRACE_ID_BYTES = 16

/** What spans of one operation add up to in one minute: a row of `SPAN_ROLLUP` from `span_count` on. One serves for all. */
export class Rollup {
  #spanCount = 0
  #rootCount = 0
  #errorCount = 0
  #adjustedCount = 0
  #adjustedErrorCount = 0
  readonly #durations = new RollupDurations()
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
    if (span.durationNs >= 0 && this.#durations.add(span.durationNs, adjustedCount)) {
      this.#slowest.set(body, traceIdStart)
    }
    this.#takeRandom(body, traceIdStart)
  }

  /** Adds what was written before. */
  addRow(row: FieldReader): void {
    this.#spanCount += row.whole()
    this.#rootCount += row.whole()
    this.#errorCount += row.whole()
    this.#adjustedCount += row.float64()
    this.#adjustedErrorCount += row.float64()
    const hasSlowest = this.#durations.addFields(row)
    const slowestStart = row.uuid()
    if (hasSlowest) this.#slowest.set(row.bytes, slowestStart)
    this.#takeError(row.bytes, row.uuid())
    this.#takeRandom(row.bytes, row.uuid())
  }

  /** Writes its fields, and starts over. */
  take(rows: RowBuffer): void {
    rows.reserve(COUNTS_BYTES)
    writeWhole(rows, this.#spanCount)
    writeWhole(rows, this.#rootCount)
    writeWhole(rows, this.#errorCount)
    writeFloat64(rows, this.#adjustedCount)
    writeFloat64(rows, this.#adjustedErrorCount)
    this.#durations.take(rows)
    rows.reserve(TRACE_IDS_BYTES)
    this.#slowest.write(rows)
    this.#error.write(rows)
    this.#random.write(rows)
    this.#clear()
  }

  #clear(): void {
    this.#spanCount = this.#rootCount = this.#errorCount = 0
    this.#adjustedCount = this.#adjustedErrorCount = 0
    this.#randomRank = Infinity
    this.#slowest.clear()
    this.#error.clear()
    this.#random.clear()
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

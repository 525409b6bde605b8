import type { RowBuffer } from './buffer'
import { FLOAT8_OID, writeArrayHeader } from './data-point-numbers'
import { Buckets, bucketIndexOf } from './distribution'
import type { FieldReader } from './field-reader'
import { writeFloat64, writeInt16, writeNull, writeWhole } from './fields'

/** All but the buckets. */
const FIXED_BYTES = 100
/** A bucket's index and count. */
const BUCKET_BYTES = 18
const INT2_OID = 21
const INT2_ELEMENT_BYTES = 6

/** What durations add up to: the columns from `duration_sum_ns` to `bucket_counts` of a rollup. One serves for all. */
export class RollupDurations {
  #sumNs = 0
  /** -1 when no duration is known. */
  #minNs = -1
  #maxNs = -1
  #zeroCount = 0
  readonly #buckets = new Buckets()

  /** Adds a duration that counts so many times. Returns whether it is the longest so far. */
  add(ns: number, count: number): boolean {
    this.#sumNs += ns * count
    this.#takeShortest(ns)
    if (ns === 0) this.#zeroCount += count
    else this.#buckets.add(bucketIndexOf(ns), count)
    return this.#takeLongest(ns)
  }

  /** Adds what was written before; whether the longest is among these. */
  addFields(row: FieldReader): boolean {
    this.#sumNs += row.float64()
    this.#takeShortest(row.whole())
    const maxNs = row.whole()
    this.#zeroCount += row.float64()
    this.#addBuckets(row)
    return this.#takeLongest(maxNs)
  }

  /** Writes the columns, and starts over. */
  take(rows: RowBuffer): void {
    rows.reserve(FIXED_BYTES + this.#buckets.size * BUCKET_BYTES)
    writeFloat64(rows, this.#sumNs)
    writeDuration(rows, this.#minNs)
    writeDuration(rows, this.#maxNs)
    writeFloat64(rows, this.#zeroCount)
    writeBuckets(rows, this.#buckets)
    this.#sumNs = this.#zeroCount = 0
    this.#minNs = this.#maxNs = -1
    this.#buckets.clear()
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

  #takeShortest(ns: number): void {
    if (ns === -1) return
    if (this.#minNs === -1 || ns < this.#minNs) this.#minNs = ns
  }

  #takeLongest(ns: number): boolean {
    if (ns <= this.#maxNs) return false
    this.#maxNs = ns
    return true
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

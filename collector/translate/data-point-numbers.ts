import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'

const TWO_32 = 0x1_0000_0000
const NUMBER_BYTES = 8
/** The types of the elements of an array. */
export const INT8_OID = 20
export const FLOAT8_OID = 701
/** An element of an array of COPY BINARY: its length and 8 bytes. */
export const ELEMENT_BYTES = 12
const HEADER_BYTES = 24
/** Runs beyond this many are not kept room for. */
const USUAL_RUNS = 16

/**
 * Where the 64-bit numbers of a repeated field lie, fixed or varints: in one packed run as a rule, but in several or one by one just
 * as well.
 */
export class Numbers {
  readonly #isVarint: boolean
  readonly #isDouble: boolean
  readonly #runs: number[] = []
  #used = 0
  count = 0
  /** Their sum, taken as unsigned integers: the lower 32 bits, and how often 2^32. */
  sumLow = 0
  sumHigh = 0

  constructor(kind: 'double' | 'fixed64' | 'varint') {
    this.#isVarint = kind === 'varint'
    this.#isDouble = kind === 'double'
  }

  clear(): void {
    if (this.#runs.length > USUAL_RUNS) this.#runs.length = USUAL_RUNS
    this.#used = this.count = this.sumLow = this.sumHigh = 0
  }

  /** Takes the numbers from the cursor to `end`. */
  run(cursor: Cursor, end: number): void {
    this.#runs[this.#used++] = cursor.at
    this.#runs[this.#used++] = end
    if (this.#isVarint) while (cursor.at < end) this.#varint(cursor, end)
    else while (cursor.at < end) this.#fixed(cursor, end)
  }

  /** Takes the one number at the cursor. */
  one(cursor: Cursor, limit: number): void {
    this.#runs[this.#used++] = cursor.at
    if (this.#isVarint) this.#varint(cursor, limit)
    else this.#fixed(cursor, limit)
    this.#runs[this.#used++] = cursor.at
  }

  get runCount(): number {
    return this.#used / 2
  }

  /** Where the first run lies; 0 and 0 where there is none. */
  get firstStart(): number {
    return this.#used === 0 ? 0 : this.#runs[0]!
  }

  get firstEnd(): number {
    return this.#used === 0 ? 0 : this.#runs[1]!
  }

  /** Where they lie: start, end, start, end... */
  runs(): readonly number[] {
    return this.#runs.slice(0, this.#used)
  }

  /** How many bytes the array takes in a row at most. */
  get rowBytes(): number {
    return HEADER_BYTES + this.count * ELEMENT_BYTES
  }

  /** Writes a field of COPY BINARY: bigint[], or double precision[]. There must be room for `rowBytes`. */
  write(rows: RowBuffer, source: Cursor): void {
    writeArrayHeader(rows, this.#isDouble ? FLOAT8_OID : INT8_OID, this.count)
    const { at } = source
    for (let index = 0; index < this.#used; index += 2) {
      source.at = this.#runs[index]!
      this.#writeRun(rows, source, this.#runs[index + 1]!)
    }
    source.at = at
  }

  #writeRun(rows: RowBuffer, source: Cursor, runEnd: number): void {
    const { view } = rows
    let { end } = rows
    while (source.at < runEnd) {
      if (this.#isVarint) source.varint(runEnd)
      else source.fixed64(runEnd)
      view.setInt32(end, NUMBER_BYTES)
      view.setInt32(end + 4, source.high)
      view.setInt32(end + 8, source.low)
      end += ELEMENT_BYTES
    }
    rows.end = end
  }

  #fixed(cursor: Cursor, limit: number): void {
    cursor.fixed64(limit)
    if (this.#isDouble) this.count++
    else this.#count(cursor)
  }

  #varint(cursor: Cursor, limit: number): void {
    cursor.varint(limit)
    this.#count(cursor)
  }

  #count({ low, high }: Cursor): void {
    this.count++
    this.sumLow += low >>> 0
    this.sumHigh += high >>> 0
    if (this.sumLow >= TWO_32) {
      this.sumLow -= TWO_32
      this.sumHigh++
    }
  }
}

/**
 * Writes what comes before the elements of an array of COPY BINARY; each takes `elementBytes` with its length. There must
 * be room.
 */
export function writeArrayHeader(
  rows: RowBuffer,
  elementOid: number,
  count: number,
  elementBytes = ELEMENT_BYTES,
): void {
  const { view, end } = rows
  const dimensions = count === 0 ? 0 : 1
  view.setInt32(end, 12 + dimensions * 8 + count * elementBytes)
  view.setInt32(end + 4, dimensions)
  // No element is null.
  view.setInt32(end + 8, 0)
  view.setInt32(end + 12, elementOid)
  rows.end = end + 16
  if (dimensions === 0) return
  view.setInt32(end + 16, count)
  // Subscripts begin at 1.
  view.setInt32(end + 20, 1)
  rows.end = end + HEADER_BYTES
}

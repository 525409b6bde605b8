import type { PoolClient } from 'pg'
import { to as copyTo } from 'pg-copy-streams'

/** Signature, flags and length of the header extension, of which Postgres sends none. */
const HEADER_BYTES = 19
const ABSENT = -1
/** What the trailer has in place of a number of columns. */
const TRAILER = -1
/** From 1970 to 2000, from where Postgres counts. */
const POSTGRES_EPOCH_US = 946_684_800_000_000
const HIGH_UNIT = 2 ** 32
/** High halves from here on make an integer that a number cannot hold. */
const MAX_SAFE_HIGH = 2 ** 21
const ARRAY_HEADER_BYTES = 20
/** The length of an element and its 8 bytes. */
const ELEMENT_BYTES = 12
/** The same of a smallint. */
const SMALL_ELEMENT_BYTES = 6
/** More than any statement has. */
const MAX_COLUMNS = 32

/**
 * Runs `query`, which can have no parameters, and shows its rows to `visit` one after the other as they arrive in the binary
 * format of COPY: half the time and a hundredth of the memory of rows as objects, when there are hundreds of thousands.
 */
export async function copyOut(
  client: PoolClient,
  query: string,
  visit: (row: BinaryRow) => void,
): Promise<void> {
  const row = new BinaryRow()
  let rest: Buffer = Buffer.alloc(0)
  let skip = HEADER_BYTES
  const stream = client.query(copyTo(`copy (${query}) to stdout (format binary)`))
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    if (skip > 0) {
      if (bytes.length < skip) {
        rest = bytes
        continue
      }
      at = skip
      skip = 0
    }
    for (let next = row.read(bytes, at); next > at; next = row.read(bytes, at)) {
      visit(row)
      at = next
    }
    rest = bytes.subarray(at)
  }
}

/** The row that is being visited; columns count from 0. */
export class BinaryRow {
  #bytes: Buffer = Buffer.alloc(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  readonly #starts = new Int32Array(MAX_COLUMNS)
  readonly #lengths = new Int32Array(MAX_COLUMNS).fill(ABSENT)

  /** Moves to the row at `at` and returns where the next one begins; returns `at` when it is not there as a whole. */
  read(bytes: Buffer, at: number): number {
    if (this.#bytes !== bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    const view = this.#view
    const end = bytes.length
    if (at + 2 > end) return at
    const columns = view.getInt16(at)
    if (columns === TRAILER) return at
    let next = at + 2
    for (let column = 0; column < columns; column++) {
      if (next + 4 > end) return at
      const length = view.getInt32(next)
      next += 4
      this.#starts[column] = next
      this.#lengths[column] = length
      if (length > 0) next += length
    }
    return next > end ? at : next
  }

  isNull(column: number): boolean {
    return this.#lengths[column] === ABSENT
  }

  /** A bigint, as a number where that holds it. */
  int64(column: number): number | bigint {
    return readInt64(this.#view, this.#start(column))
  }

  isTrue(column: number): boolean {
    return this.#view.getInt8(this.#start(column)) === 1
  }

  int32(column: number): number {
    return this.#view.getInt32(this.#start(column))
  }

  float64(column: number): number {
    return this.#view.getFloat64(this.#start(column))
  }

  float64OrNull(column: number): number | null {
    return this.isNull(column) ? null : this.float64(column)
  }

  /** Unix microseconds of a timestamptz. */
  unixMicros(column: number): number {
    const at = this.#start(column)
    return this.#view.getInt32(at) * HIGH_UNIT + this.#view.getUint32(at + 4) + POSTGRES_EPOCH_US
  }

  unixMicrosOrNull(column: number): number | null {
    return this.isNull(column) ? null : this.unixMicros(column)
  }

  text(column: number): string {
    const start = this.#start(column)
    return this.#bytes.toString('utf8', start, start + (this.#lengths[column] ?? 0))
  }

  /** The bytes of a value, two digits each. */
  hexOrNull(column: number): string | null {
    if (this.isNull(column)) return null
    const start = this.#start(column)
    return this.#bytes.toString('hex', start, start + (this.#lengths[column] ?? 0))
  }

  /** A one-dimensional smallint[]; its elements are not null. */
  int16Array(column: number): number[] {
    const view = this.#view
    const values: number[] = []
    const length = this.#elements(column)
    let at = this.#start(column) + ARRAY_HEADER_BYTES
    for (let index = 0; index < length; index++, at += SMALL_ELEMENT_BYTES) {
      values.push(view.getInt16(at + 4))
    }
    return values
  }

  /** A one-dimensional bigint[], rounded to doubles; its elements are not null. */
  int64Array(column: number): number[] {
    const view = this.#view
    const length = this.#elements(column)
    const values = new Array<number>(length)
    let at = this.#start(column) + ARRAY_HEADER_BYTES
    for (let index = 0; index < length; index++, at += ELEMENT_BYTES) {
      const high = view.getInt32(at + 4)
      const low = view.getUint32(at + 8)
      // Nearly all counts are small, and an array of small integers takes up half the memory.
      values[index] = high === 0 ? low : high * HIGH_UNIT + low
    }
    return values
  }

  /** A one-dimensional double precision[]; its elements are not null. */
  float64Array(column: number): number[] {
    const view = this.#view
    const values: number[] = []
    const length = this.#elements(column)
    let at = this.#start(column) + ARRAY_HEADER_BYTES
    for (let index = 0; index < length; index++, at += ELEMENT_BYTES) {
      values.push(view.getFloat64(at + 4))
    }
    return values
  }

  /** How many elements an array has; the columns read here have neither nulls nor several dimensions. */
  #elements(column: number): number {
    const start = this.#start(column)
    const dimensions = this.#view.getInt32(start)
    if (dimensions === 0) return 0
    const hasNulls = this.#view.getInt32(start + 4) !== 0
    if (dimensions > 1 || hasNulls) {
      throw new TypeError(`cannot read column ${column} of a row: nulls, or several dimensions`)
    }
    return this.#view.getInt32(start + 12)
  }

  #start(column: number): number {
    const start = this.#starts[column]
    if (start === undefined || this.isNull(column)) {
      throw new TypeError(`cannot read column ${column} of a row: there is none, or it is null`)
    }
    return start
  }
}

function readInt64(view: DataView, at: number): number | bigint {
  const high = view.getInt32(at)
  if (high > -MAX_SAFE_HIGH && high < MAX_SAFE_HIGH) {
    return high * HIGH_UNIT + view.getUint32(at + 4)
  }
  return view.getBigInt64(at)
}

import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import { writeNull, writeString } from './fields'
import type { TranslationLimits } from './limits'
import { ValueWriter } from './value'

const STRING_VALUE = 0x0a
const JSONB_VERSION = 1
/** A body that is a map tells of an exception under one of these. */
const EXCEPTION_KEYS = ['"err', '"exception', '"stack'].map((key) => Buffer.from(key))
/** Of what is written in JSON, only null begins like this. */
const FIRST_OF_NULL = 0x6e

/**
 * Writes the columns `body_value` and `body`: what a log record says is never cut. A body with nothing in it is none: of the
 * official exporters, one sends that where the other sends no body.
 */
export class BodyWriter {
  readonly #cursor: Cursor
  readonly #rows: RowBuffer
  /** The writer of the record's attributes, which keeps the counts and the limits. */
  readonly #attributes: ValueWriter
  readonly #values: ValueWriter
  /** Where the body written last lies in the source, if it is a string; else both are 0. */
  textStart = 0
  textEnd = 0
  /** Whether it is a map, or a list, in the JSON of which something may tell of an exception. */
  mayHoldException = false

  constructor(cursor: Cursor, rows: RowBuffer, attributes: ValueWriter, limits: TranslationLimits) {
    this.#cursor = cursor
    this.#rows = rows
    this.#attributes = attributes
    this.#values = new ValueWriter(cursor, rows, { ...limits, maxAttributeBytes: Infinity })
  }

  /** `parts`: where the parts of the AnyValue start and end; none if there is no body. */
  write(parts: readonly number[]): void {
    const rows = this.#rows
    this.textStart = this.textEnd = 0
    this.mayHoldException = false
    rows.reserve(8)
    if (parts.length === 0 || this.#attributes.isTooLarge) {
      writeNull(rows)
      writeNull(rows)
    } else if (this.#isText(parts)) {
      this.#text(this.#cursor.at, parts[1]!)
    } else this.#value(parts)
  }

  /** Whether the body is one string and nothing else, as most are; the cursor is then where it begins. */
  #isText({ length, 0: start = 0, 1: end = 0 }: readonly number[]): boolean {
    const cursor = this.#cursor
    if (length > 2 || start === end || cursor.bytes[start] !== STRING_VALUE) return false
    cursor.at = start + 1
    return cursor.delimited(end) === end
  }

  #text(start: number, end: number): void {
    this.textStart = start
    this.textEnd = end
    writeNull(this.#rows)
    this.#attributes.repaired += writeString(this.#rows, this.#cursor, start, end)
  }

  #value(parts: readonly number[]): void {
    const rows = this.#rows
    const values = this.#values
    const attributes = this.#attributes
    const { end } = rows
    values.repaired = 0
    values.isTooDeep = values.isTooLarge = false
    values.endLimit = attributes.endLimit
    rows.reserve(5)
    rows.bytes[end + 4] = JSONB_VERSION
    rows.end = end + 5
    values.anyValue(parts)
    // A string after all, sent in an unusual way.
    if (values.textStart !== -1) {
      rows.end = end
      return this.#text(values.textStart, values.textEnd)
    }
    if (rows.bytes[end + 5] === FIRST_OF_NULL) {
      rows.end = end
      writeNull(rows)
    } else {
      rows.view.setInt32(end, rows.end - end - 4)
      const json = rows.bytes.subarray(end + 5, rows.end)
      this.mayHoldException = EXCEPTION_KEYS.some((key) => json.includes(key))
    }
    rows.reserve(4)
    writeNull(rows)
    attributes.repaired += values.repaired
    if (values.isTooDeep) attributes.isTooDeep = true
    if (values.isTooLarge) attributes.isTooLarge = true
  }
}

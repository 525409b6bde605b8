import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import { writeDouble, writeInt64 } from './number'
import { writeHex } from './text'
import { type UnixNanos, writeNanos } from './time'
import type { ValueWriter } from './value'

const TIME = 0x11
const AS_DOUBLE = 0x19
const SPAN_ID = 0x22
const TRACE_ID = 0x2a
const AS_INT = 0x31
const ATTRIBUTE = 0x3a

const JSONB_VERSION = 1
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
const QUOTE = 0x22

const NO_COLUMN = -1

/**
 * Writes the exemplars of a data point as a column of jsonb straight from the wire: an array of objects, attributes as
 * they come, the other fields after them. What was not sent is left out.
 */
export class ExemplarWriter {
  readonly #cursor: Cursor
  readonly #rows: RowBuffer
  readonly #values: ValueWriter
  readonly #time: UnixNanos = { low: 0, high: 0 }
  #columnStart = NO_COLUMN
  /** Attributes of the exemplar, and whether any field of it was written. */
  #attributes = 0
  #isEmpty = true

  constructor(cursor: Cursor, rows: RowBuffer, values: ValueWriter) {
    this.#cursor = cursor
    this.#rows = rows
    this.#values = values
  }

  begin(): void {
    this.#columnStart = NO_COLUMN
  }

  /** Ends the column, null if there was no exemplar. */
  finish(): void {
    const rows = this.#rows
    rows.reserve(5)
    if (this.#columnStart === NO_COLUMN) {
      rows.view.setInt32(rows.end, -1)
      rows.end += 4
      return
    }
    rows.bytes[rows.end++] = CLOSE_BRACKET
    rows.view.setInt32(this.#columnStart, rows.end - this.#columnStart - 4)
  }

  /** Writes the exemplar that begins at the cursor. */
  exemplar(end: number): void {
    const values = this.#values
    const rows = this.#rows
    if (rows.end > values.endLimit) {
      values.isTooLarge = true
      this.#cursor.at = end
      return
    }
    if (this.#columnStart === NO_COLUMN) this.#beginColumn()
    else rows.byte(COMMA)
    this.#object(end)
  }

  #beginColumn(): void {
    const rows = this.#rows
    rows.reserve(6)
    this.#columnStart = rows.end
    rows.bytes[rows.end + 4] = JSONB_VERSION
    rows.bytes[rows.end + 5] = OPEN_BRACKET
    rows.end += 6
  }

  #object(end: number): void {
    const cursor = this.#cursor
    const time = this.#time
    time.low = time.high = 0
    let valueTag = 0
    let valueAt = 0
    let spanStart = 0
    let spanEnd = 0
    let traceStart = 0
    let traceEnd = 0
    this.#attributes = 0
    this.#isEmpty = true
    this.#rows.byte(OPEN_BRACE)
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      switch (tag) {
        case TIME:
          cursor.fixed64(end)
          time.low = cursor.low
          time.high = cursor.high
          break
        case AS_DOUBLE:
        case AS_INT:
          valueTag = tag
          valueAt = cursor.at
          cursor.fixed64(end)
          break
        case SPAN_ID:
          spanEnd = cursor.delimited(end)
          spanStart = cursor.at
          cursor.at = spanEnd
          break
        case TRACE_ID:
          traceEnd = cursor.delimited(end)
          traceStart = cursor.at
          cursor.at = traceEnd
          break
        case ATTRIBUTE:
          this.#attribute(cursor.delimited(end))
          break
        default:
          cursor.skip(tag, end)
      }
    }
    this.#endAttributes()
    this.#timeField()
    this.#value(valueTag, valueAt)
    this.#id('"trace_id":"', traceStart, traceEnd)
    this.#id('"span_id":"', spanStart, spanEnd)
    this.#rows.byte(CLOSE_BRACE)
  }

  #attribute(end: number): void {
    if (++this.#attributes > this.#values.maxAttributes) {
      this.#cursor.at = end
      return
    }
    if (this.#attributes > 1) this.#rows.byte(COMMA)
    else this.#field('"attributes":{')
    this.#values.keyValue(end, 1)
  }

  #endAttributes(): void {
    if (this.#attributes === 0) return
    this.#rows.byte(CLOSE_BRACE)
    this.#values.droppedAttributes += Math.max(0, this.#attributes - this.#values.maxAttributes)
  }

  #timeField(): void {
    if (this.#time.low === 0 && this.#time.high === 0) return
    this.#field('"time_unix_nano":"')
    writeNanos(this.#rows, this.#time)
    this.#rows.byte(QUOTE)
  }

  #value(tag: number, at: number): void {
    if (tag === 0) return
    const { view } = this.#cursor
    this.#field('"value":')
    if (tag === AS_DOUBLE) writeDouble(this.#rows, view.getFloat64(at, true))
    else writeInt64(this.#rows, view.getInt32(at, true), view.getInt32(at + 4, true))
  }

  #id(label: string, start: number, end: number): void {
    if (start === end) return
    this.#field(label)
    writeHex(this.#rows, this.#cursor.bytes, start, end)
    this.#rows.byte(QUOTE)
  }

  #field(label: string): void {
    if (!this.#isEmpty) this.#rows.byte(COMMA)
    this.#isEmpty = false
    this.#rows.ascii(label)
  }
}

import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import { addDropped } from './limits'
import { BodyWriter } from './log-body'
import type { UnixNanos } from './time'
import type { TableWriter } from './table-writer'
import type { Translation } from './translator'
import type { ValueWriter } from './value'
import type { AttributeWatch } from './watch'

const TIME = 0x09
const SEVERITY_NUMBER = 0x10
const SEVERITY_TEXT = 0x1a
const BODY = 0x2a
const ATTRIBUTE = 0x32
const DROPPED_ATTRIBUTES = 0x38
const FLAGS = 0x45
const TRACE_ID = 0x4a
const SPAN_ID = 0x52
const OBSERVED_TIME = 0x59
const EVENT_NAME = 0x62

const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

const JSONB_VERSION = 1
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
const NOT_BEGUN = -1
const NO_PARTS: number[] = []

/**
 * Reads one LogRecord: its attributes go into the row as they are met, then its body, whose parts may lie anywhere; the
 * other fields are kept until the next record. Strings are kept as where they start and end in the source.
 */
export class LogRecordReader {
  readonly #cursor: Cursor
  readonly #rows: RowBuffer
  readonly #values: ValueWriter
  readonly #watch: AttributeWatch
  /** Where the column of the attributes begins. */
  #columnStart = NOT_BEGUN
  /** Attributes of the record so far. */
  #attributes = 0
  #bodyParts = NO_PARTS
  #traceIdBytes = 0
  #spanIdBytes = 0

  /** Where the 16 and 8 bytes of the ids begin, which are not all zero; -1 for an id that was not sent or is no such id. */
  traceIdStart = -1
  spanIdStart = -1
  /** The body, once it is written. */
  readonly body: BodyWriter
  severityTextStart = 0
  severityTextEnd = 0
  eventNameStart = 0
  eventNameEnd = 0
  readonly time: UnixNanos = { low: 0, high: 0 }
  readonly observed: UnixNanos = { low: 0, high: 0 }
  severity = 0
  flags = 0
  droppedAttributes = 0

  constructor(
    { cursor, limits }: Translation,
    { rows, values }: TableWriter,
    watch: AttributeWatch,
  ) {
    this.#cursor = cursor
    this.#rows = rows
    this.#values = values
    this.#watch = watch
    this.body = new BodyWriter(cursor, rows, values, limits)
  }

  /** Whether an id was sent that is none (logs.proto: such a record is not associated). */
  get hasInvalidId(): boolean {
    return (
      (this.#traceIdBytes > 0 && this.traceIdStart === -1) ||
      (this.#spanIdBytes > 0 && this.spanIdStart === -1)
    )
  }

  /** Where the parts of the body begin and end. */
  get bodyParts(): readonly number[] {
    return this.#bodyParts
  }

  /** Reads the record that begins at the cursor, and writes its first three columns. */
  read(end: number): void {
    const values = this.#values
    this.#reset()
    if (this.#rows.end > values.endLimit) values.isTooLarge = true
    this.#pass(end)
    this.#endAttributes()
    this.body.write(this.#bodyParts)
    this.#cursor.at = end
    this.traceIdStart = this.#idOf(this.traceIdStart, this.#traceIdBytes, TRACE_ID_BYTES)
    this.spanIdStart = this.#idOf(this.spanIdStart, this.#spanIdBytes, SPAN_ID_BYTES)
  }

  #reset(): void {
    this.#columnStart = NOT_BEGUN
    this.#attributes = 0
    this.#bodyParts = NO_PARTS
    this.traceIdStart = this.spanIdStart = -1
    this.#traceIdBytes = this.#spanIdBytes = 0
    this.severityTextEnd = this.severityTextStart = 0
    this.eventNameEnd = this.eventNameStart = 0
    this.time.low = this.time.high = this.observed.low = this.observed.high = 0
    this.severity = this.flags = this.droppedAttributes = 0
  }

  #pass(end: number): void {
    const cursor = this.#cursor
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      switch (tag) {
        case ATTRIBUTE:
          this.#attribute(cursor.delimited(end))
          break
        case TIME:
          cursor.fixed64(end)
          this.time.low = cursor.low
          this.time.high = cursor.high
          break
        case OBSERVED_TIME:
          cursor.fixed64(end)
          this.observed.low = cursor.low
          this.observed.high = cursor.high
          break
        case SEVERITY_NUMBER:
          cursor.varint(end)
          this.severity = cursor.low
          break
        case DROPPED_ATTRIBUTES:
          cursor.varint(end)
          this.droppedAttributes = cursor.low
          break
        case FLAGS:
          this.flags = cursor.fixed32(end)
          break
        case BODY:
        case SEVERITY_TEXT:
        case EVENT_NAME:
        case TRACE_ID:
        case SPAN_ID: {
          const fieldEnd = cursor.delimited(end)
          this.#bytes(tag, cursor.at, fieldEnd)
          cursor.at = fieldEnd
          break
        }
        default:
          cursor.skip(tag, end)
      }
    }
  }

  #attribute(end: number): void {
    const rows = this.#rows
    const values = this.#values
    if (rows.end > values.endLimit) values.isTooLarge = true
    if (values.isTooLarge || ++this.#attributes > values.maxAttributes) {
      this.#cursor.at = end
      return
    }
    if (this.#columnStart === NOT_BEGUN) {
      rows.reserve(6)
      this.#columnStart = rows.end
      rows.bytes[rows.end + 4] = JSONB_VERSION
      rows.bytes[rows.end + 5] = OPEN_BRACE
      rows.end += 6
    } else rows.byte(COMMA)
    const start = rows.end
    values.keyValue(end, 1)
    this.#watch.notice(values, rows, start)
  }

  #endAttributes(): void {
    const rows = this.#rows
    const values = this.#values
    rows.reserve(4)
    if (this.#columnStart === NOT_BEGUN) {
      rows.view.setInt32(rows.end, -1)
      rows.end += 4
    } else {
      rows.bytes[rows.end++] = CLOSE_BRACE
      rows.view.setInt32(this.#columnStart, rows.end - this.#columnStart - 4)
    }
    const ours = this.#attributes - values.maxAttributes
    if (ours > 0) {
      this.droppedAttributes = addDropped(this.droppedAttributes, ours)
      values.droppedAttributes += ours
    }
  }

  #bytes(tag: number, start: number, end: number): void {
    if (tag === BODY) {
      if (this.#bodyParts === NO_PARTS) this.#bodyParts = [start, end]
      else this.#bodyParts.push(start, end)
    } else if (tag === SEVERITY_TEXT) {
      this.severityTextStart = start
      this.severityTextEnd = end
    } else if (tag === TRACE_ID) {
      this.traceIdStart = start
      this.#traceIdBytes = end - start
    } else if (tag === SPAN_ID) {
      this.spanIdStart = start
      this.#spanIdBytes = end - start
    } else {
      this.eventNameStart = start
      this.eventNameEnd = end
    }
  }

  /** `start`, or -1 unless there are as many bytes as an id has, not all of them zero. */
  #idOf(start: number, found: number, wanted: number): number {
    if (found !== wanted) return -1
    const { view } = this.#cursor
    let bits = 0
    for (let at = start; at < start + wanted; at += 4) bits |= view.getInt32(at)
    return bits === 0 ? -1 : start
  }
}

/** A record is kept under its time, else under the one at which it was observed, else under its arrival. */
export function acceptedBy({ time, observed }: LogRecordReader, arrival: UnixNanos): UnixNanos {
  if (time.low !== 0 || time.high !== 0) return time
  return observed.low !== 0 || observed.high !== 0 ? observed : arrival
}

import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import { EventWriter } from './event'
import { addDropped } from './limits'
import { toMs, type UnixNanos } from './time'
import type { TableWriter } from './table-writer'
import type { Translation } from './translator'
import type { ValueWriter } from './value'
import type { AttributeWatch } from './watch'

const TRACE_ID = 0x0a
const SPAN_ID = 0x12
const TRACE_STATE = 0x1a
const PARENT_SPAN_ID = 0x22
const NAME = 0x2a
const KIND = 0x30
const START_TIME = 0x39
const END_TIME = 0x41
const ATTRIBUTE = 0x4a
const DROPPED_ATTRIBUTES = 0x50
const EVENT = 0x5a
const DROPPED_EVENTS = 0x60
const LINK = 0x6a
const DROPPED_LINKS = 0x70
const STATUS = 0x7a
const FLAGS = 0x85
const STATUS_MESSAGE = 0x12
const STATUS_CODE = 0x18

/** The columns written while the span is read, in the order of the row; then come those written from `SpanReader`. */
const NO_COLUMN = 0
const ATTRIBUTES = 1
const EVENTS = 2
const LINKS = 3
const DONE = 4

const JSONB_VERSION = 1
const COMMA = 0x2c
const OPENING = Buffer.from(' {[[')
const CLOSING = Buffer.from(' }]]')

/**
 * Reads one Span: its attributes, events and links go into the row as they are met, the other fields are kept until
 * the next span. Strings and ids are kept as where they start and end in the source.
 */
export class SpanReader {
  readonly #cursor: Cursor
  readonly #rows: RowBuffer
  readonly #values: ValueWriter
  readonly #events: EventWriter
  readonly #watch: AttributeWatch
  /** The column being written, and where it begins. */
  #column = NO_COLUMN
  #columnStart = 0
  /** Attributes of the span so far. */
  #attributes = 0

  traceIdStart = 0
  traceIdEnd = 0
  spanIdStart = 0
  spanIdEnd = 0
  parentStart = 0
  parentEnd = 0
  nameStart = 0
  nameEnd = 0
  traceStateStart = 0
  traceStateEnd = 0
  statusMessageStart = 0
  statusMessageEnd = 0
  readonly start: UnixNanos = { low: 0, high: 0 }
  readonly end: UnixNanos = { low: 0, high: 0 }
  kind = 0
  status = 0
  flags = 0
  droppedAttributes = 0
  droppedEvents = 0
  droppedLinks = 0

  constructor({ cursor }: Translation, { rows, values }: TableWriter, watch: AttributeWatch) {
    this.#cursor = cursor
    this.#rows = rows
    this.#values = values
    this.#events = new EventWriter(cursor, rows, values)
    this.#watch = watch
  }

  /** Whether an event of it tells of an exception. */
  get hasException(): boolean {
    return this.#events.hasException
  }

  /** Reads the span that begins at the cursor, and writes its first three columns. */
  read(end: number): void {
    const { at } = this.#cursor
    const rowStart = this.#rows.end
    const values = this.#values
    this.#reset()
    if (!this.#pass(end, NO_COLUMN)) {
      // Lists that are out of the row's order or interleaved take a pass each.
      this.#rows.end = rowStart
      values.revert()
      this.#reset()
      for (let column = ATTRIBUTES; column < DONE; column++) {
        this.#cursor.at = at
        this.#pass(end, column)
      }
    }
    this.#beginColumn(DONE)
    const ours = this.#attributes - values.maxAttributes
    if (ours > 0) {
      this.droppedAttributes = addDropped(this.droppedAttributes, ours)
      values.droppedAttributes += ours
    }
  }

  #reset(): void {
    this.#column = NO_COLUMN
    this.#attributes = 0
    this.#events.hasException = false
    this.traceIdEnd = this.traceIdStart = this.spanIdEnd = this.spanIdStart = 0
    this.parentEnd = this.parentStart = this.nameEnd = this.nameStart = 0
    this.traceStateEnd = this.traceStateStart = 0
    this.statusMessageEnd = this.statusMessageStart = 0
    this.start.low = this.start.high = this.end.low = this.end.high = 0
    this.kind = this.status = this.flags = 0
    this.droppedAttributes = this.droppedEvents = this.droppedLinks = 0
  }

  /** One pass over the fields, which writes all columns or `only` one. False if the lists do not come in the row's order. */
  #pass(end: number, only: number): boolean {
    const cursor = this.#cursor
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      switch (tag) {
        case ATTRIBUTE:
          if (!this.#list(ATTRIBUTES, only, end)) return false
          break
        case EVENT:
          if (!this.#list(EVENTS, only, end)) return false
          break
        case LINK:
          if (!this.#list(LINKS, only, end)) return false
          break
        case START_TIME:
          cursor.fixed64(end)
          this.start.low = cursor.low
          this.start.high = cursor.high
          break
        case END_TIME:
          cursor.fixed64(end)
          this.end.low = cursor.low
          this.end.high = cursor.high
          break
        case FLAGS:
          this.flags = cursor.fixed32(end)
          break
        case STATUS:
          this.#status(cursor.delimited(end))
          break
        case KIND:
        case DROPPED_ATTRIBUTES:
        case DROPPED_EVENTS:
        case DROPPED_LINKS:
          cursor.varint(end)
          this.#integer(tag, cursor.low)
          break
        case TRACE_ID:
        case SPAN_ID:
        case PARENT_SPAN_ID:
        case NAME:
        case TRACE_STATE: {
          const fieldEnd = cursor.delimited(end)
          this.#bytes(tag, cursor.at, fieldEnd)
          cursor.at = fieldEnd
          break
        }
        default:
          cursor.skip(tag, end)
      }
    }
    return true
  }

  #list(column: number, only: number, limit: number): boolean {
    const cursor = this.#cursor
    const end = cursor.delimited(limit)
    const values = this.#values
    if (this.#rows.end > values.endLimit) values.isTooLarge = true
    if ((only !== NO_COLUMN && only !== column) || values.isTooLarge) {
      cursor.at = end
      return true
    }
    if (column === ATTRIBUTES && ++this.#attributes > values.maxAttributes) {
      cursor.at = end
      return true
    }
    if (this.#column === column) this.#rows.byte(COMMA)
    else if (this.#column > column) return false
    else this.#beginColumn(column)
    if (column === ATTRIBUTES) this.#attribute(end)
    else if (column === EVENTS) this.#events.event(end)
    else this.#events.link(end)
    return true
  }

  #attribute(end: number): void {
    const values = this.#values
    const rows = this.#rows
    const start = rows.end
    values.keyValue(end, 1)
    this.#watch.notice(values, rows, start)
  }

  /** Ends the column being written, writes null for those left out, and begins another. */
  #beginColumn(column: number): void {
    const rows = this.#rows
    rows.reserve(24)
    if (this.#column !== NO_COLUMN) {
      rows.bytes[rows.end++] = CLOSING[this.#column]!
      rows.view.setInt32(this.#columnStart, rows.end - this.#columnStart - 4)
    }
    for (let skipped = this.#column + 1; skipped < column; skipped++) {
      rows.view.setInt32(rows.end, -1)
      rows.end += 4
    }
    this.#column = column
    if (column === DONE) return
    this.#columnStart = rows.end
    rows.bytes[rows.end + 4] = JSONB_VERSION
    rows.bytes[rows.end + 5] = OPENING[column]!
    rows.end += 6
  }

  #integer(tag: number, value: number): void {
    if (tag === KIND) this.kind = value
    else if (tag === DROPPED_ATTRIBUTES) this.droppedAttributes = value
    else if (tag === DROPPED_EVENTS) this.droppedEvents = value
    else this.droppedLinks = value
  }

  #bytes(tag: number, start: number, end: number): void {
    if (tag === TRACE_ID) {
      this.traceIdStart = start
      this.traceIdEnd = end
    } else if (tag === SPAN_ID) {
      this.spanIdStart = start
      this.spanIdEnd = end
    } else if (tag === PARENT_SPAN_ID) {
      this.parentStart = start
      this.parentEnd = end
    } else if (tag === NAME) {
      this.nameStart = start
      this.nameEnd = end
    } else {
      this.traceStateStart = start
      this.traceStateEnd = end
    }
  }

  /** A status sent in several parts merges by itself: each field's last value counts. */
  #status(end: number): void {
    const cursor = this.#cursor
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === STATUS_CODE) {
        cursor.varint(end)
        this.status = cursor.low
      } else if (tag === STATUS_MESSAGE) {
        this.statusMessageEnd = cursor.delimited(end)
        this.statusMessageStart = cursor.at
        cursor.at = this.statusMessageEnd
      } else cursor.skip(tag, end)
    }
  }
}

/** An id of zeros is none. */
export function hasParent({ parentStart, parentEnd }: SpanReader, { view }: Cursor): boolean {
  if (parentEnd === parentStart) return false
  return (view.getInt32(parentStart) | view.getInt32(parentStart + 4)) !== 0
}

/** A span is kept under its start, or under its end if it has no start. */
export function acceptedBy({ start, end }: SpanReader): UnixNanos {
  return start.low === 0 && start.high === 0 ? end : start
}

/** What follows from a span lies at its end, or at its start where that is no end or lies too far ahead of its arrival. */
export function bucketOf(span: SpanReader, receivedMs: number, maxAheadMs: number): UnixNanos {
  const { start, end } = span
  const apart = (end.high >>> 0) - (start.high >>> 0)
  const isReversed = apart < 0 || (apart === 0 && end.low >>> 0 < start.low >>> 0)
  return isReversed || toMs(end) - receivedMs > maxAheadMs ? acceptedBy(span) : end
}

import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import { addDropped } from './limits'
import { writeInt64 } from './number'
import { writeHex, writeJsonString } from './text'
import { type UnixNanos, writeNanos } from './time'
import type { ValueWriter } from './value'

const EVENT = { time: 0x09, name: 0x12, attribute: 0x1a, droppedAttributesCount: 0x20 } as const
const LINK = {
  traceId: 0x0a,
  spanId: 0x12,
  traceState: 0x1a,
  attribute: 0x22,
  droppedAttributesCount: 0x28,
  flags: 0x35,
} as const

const EXCEPTION = Buffer.from('exception.')
const QUOTE = 0x22
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c

/**
 * Writes a span's events and links as JSON objects straight from the wire: attributes as they come, the other fields
 * after them, since the last one sent counts.
 */
export class EventWriter {
  readonly #cursor: Cursor
  readonly #rows: RowBuffer
  readonly #values: ValueWriter
  readonly #time: UnixNanos = { low: 0, high: 0 }
  /** Attributes of the event or link so far. */
  #attributes = 0
  /** Whether an event had an attribute of an exception, since this was set to false. */
  hasException = false

  constructor(cursor: Cursor, rows: RowBuffer, values: ValueWriter) {
    this.#cursor = cursor
    this.#rows = rows
    this.#values = values
  }

  event(end: number): void {
    const cursor = this.#cursor
    const time = this.#time
    time.low = 0
    time.high = 0
    let nameStart = 0
    let nameEnd = 0
    let dropped = 0
    this.#attributes = 0
    this.#rows.byte(0x7b)
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      switch (tag) {
        case EVENT.time:
          cursor.fixed64(end)
          time.low = cursor.low
          time.high = cursor.high
          break
        case EVENT.name:
          nameEnd = cursor.delimited(end)
          nameStart = cursor.at
          cursor.at = nameEnd
          break
        case EVENT.attribute:
          this.#attribute(cursor.delimited(end))
          if (!this.hasException) this.hasException = this.#isOfException()
          break
        case EVENT.droppedAttributesCount:
          cursor.varint(end)
          dropped = cursor.low
          break
        default:
          cursor.skip(tag, end)
      }
    }
    this.#rows.ascii(this.#attributes > 0 ? '},"name":' : '"name":')
    this.#string(nameStart, nameEnd)
    this.#rows.ascii(',"time_unix_nano":"')
    writeNanos(this.#rows, time)
    this.#rows.byte(QUOTE)
    this.#droppedCount(dropped)
    this.#rows.byte(CLOSE_BRACE)
  }

  link(end: number): void {
    const cursor = this.#cursor
    const link = { traceStart: 0, traceEnd: 0, spanStart: 0, spanEnd: 0, dropped: 0, flags: 0 }
    let stateStart = 0
    let stateEnd = 0
    this.#attributes = 0
    this.#rows.byte(0x7b)
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      switch (tag) {
        case LINK.traceId:
          link.traceEnd = cursor.delimited(end)
          link.traceStart = cursor.at
          cursor.at = link.traceEnd
          break
        case LINK.spanId:
          link.spanEnd = cursor.delimited(end)
          link.spanStart = cursor.at
          cursor.at = link.spanEnd
          break
        case LINK.traceState:
          stateEnd = cursor.delimited(end)
          stateStart = cursor.at
          cursor.at = stateEnd
          break
        case LINK.attribute:
          this.#attribute(cursor.delimited(end))
          break
        case LINK.droppedAttributesCount:
          cursor.varint(end)
          link.dropped = cursor.low
          break
        case LINK.flags:
          link.flags = cursor.fixed32(end)
          break
        default:
          cursor.skip(tag, end)
      }
    }
    this.#rows.ascii(this.#attributes > 0 ? '},"trace_id":"' : '"trace_id":"')
    writeHex(this.#rows, cursor.bytes, link.traceStart, link.traceEnd)
    this.#rows.ascii('","span_id":"')
    writeHex(this.#rows, cursor.bytes, link.spanStart, link.spanEnd)
    this.#rows.byte(QUOTE)
    if (stateEnd > stateStart) {
      this.#rows.ascii(',"trace_state":')
      this.#string(stateStart, stateEnd)
    }
    this.#count(',"flags":', link.flags)
    this.#droppedCount(link.dropped)
    this.#rows.byte(CLOSE_BRACE)
  }

  #attribute(end: number): void {
    if (++this.#attributes > this.#values.maxAttributes) {
      this.#cursor.at = end
      return
    }
    if (this.#attributes > 1) this.#rows.byte(COMMA)
    else this.#rows.ascii('"attributes":{')
    this.#values.keyValue(end, 1)
  }

  /** Whether the name of the attribute written last begins like those of exceptions. */
  #isOfException(): boolean {
    const { keyStart, keyEnd } = this.#values
    const { bytes } = this.#cursor
    const { length } = EXCEPTION
    // Most names are told apart by their second letter.
    if (keyEnd - keyStart <= length || bytes[keyStart + 1] !== EXCEPTION[1]) return false
    for (let index = 0; index < length; index++) {
      if (bytes[keyStart + index] !== EXCEPTION[index]) return false
    }
    return true
  }

  /** What the sender dropped, and what was past the limit. */
  #droppedCount(sent: number): void {
    const ours = this.#attributes - this.#values.maxAttributes
    let dropped = sent
    if (ours > 0) {
      this.#values.droppedAttributes += ours
      dropped = addDropped(sent, ours)
    }
    this.#count(',"dropped_attributes_count":', dropped)
  }

  #string(start: number, end: number): void {
    this.#values.repaired += writeJsonString(this.#rows, this.#cursor, start, end)
  }

  /** An unsigned 32-bit number, left out when it is 0. */
  #count(label: string, count: number): void {
    if (count === 0) return
    this.#rows.ascii(label)
    writeInt64(this.#rows, count, 0)
  }
}

import type { HrTime, Link, SpanContext } from '@opentelemetry/api'
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace'
import { writeAttributes } from './value'
import type { Writer } from './writer'

/** Writes a Span message of OTLP as the field `tag` of the message around it. */
export function writeSpan(writer: Writer, tag: number, span: ReadableSpan): void {
  const mark = writer.open(tag, EXPECTED_SPAN_BYTES)
  const context = span.spanContext()
  const parent = span.parentSpanContext
  writer.hex(TRACE_ID, context.traceId)
  writer.hex(SPAN_ID, context.spanId)
  writeTraceState(writer, TRACE_STATE, context)
  if (parent !== undefined && parent.spanId !== '') writer.hex(PARENT_SPAN_ID, parent.spanId)
  writer.text(NAME, span.name)
  writer.reserve(FIXED_FIELDS_BYTES)
  writer.tag(KIND)
  // The API counts kinds from 0, OTLP from 1.
  writer.varint(span.kind + 1)
  writeTime(writer, START_TIME, span.startTime)
  writeTime(writer, END_TIME, span.endTime)
  writeAttributes(writer, ATTRIBUTES, span.attributes)
  writeCount(writer, DROPPED_ATTRIBUTES, span.droppedAttributesCount)
  for (const event of span.events) writeEvent(writer, event)
  writeCount(writer, DROPPED_EVENTS, span.droppedEventsCount)
  for (const link of span.links) writeLink(writer, link)
  writeCount(writer, DROPPED_LINKS, span.droppedLinksCount)
  const { code, message } = span.status
  if (code !== 0 || message !== undefined) writeStatus(writer, code, message)
  writer.reserve(FLAGS_BYTES)
  writer.tag(FLAGS)
  writer.fixed32(flagsOf(context.traceFlags, parent?.isRemote))
  writer.close(mark)
}

/** Writes a time as nanoseconds since 1970, exactly. */
export function writeTime(writer: Writer, tag: number, [seconds, nanoseconds]: HrTime): void {
  writer.reserve(TIME_BYTES)
  writer.tag(tag)
  // In two parts, each of which a double holds exactly: seconds above and below 2^16.
  const below = (seconds & 0xffff) * 1e9 + nanoseconds
  const above = Math.floor(seconds / 0x1_0000) * 1e9
  const low = (below >>> 0) + (((above & 0xffff) << 16) >>> 0)
  const high = Math.floor(below / 2 ** 32) + Math.floor(above / 0x1_0000) + (low >= 2 ** 32 ? 1 : 0)
  writer.fixed32(low)
  writer.fixed32(high)
}

/** Writes a count, if there is something to count: 0 is what a missing one means. */
export function writeCount(writer: Writer, tag: number, count: number | undefined): void {
  if (count === undefined || count === 0) return
  writer.reserve(1)
  writer.tag(tag)
  writer.varint(count)
}

const TRACE_ID = 0x0a
const SPAN_ID = 0x12
const TRACE_STATE = 0x1a
const PARENT_SPAN_ID = 0x22
const NAME = 0x2a
const KIND = 0x30
const START_TIME = 0x39
const END_TIME = 0x41
const ATTRIBUTES = 0x4a
const DROPPED_ATTRIBUTES = 0x50
const EVENT = 0x5a
const DROPPED_EVENTS = 0x60
const LINK = 0x6a
const DROPPED_LINKS = 0x70
const STATUS = 0x7a
/** Field 16, four bytes. */
const FLAGS = 0x85

const EVENT_TIME = 0x09
const EVENT_NAME = 0x12
const EVENT_ATTRIBUTES = 0x1a
const EVENT_DROPPED_ATTRIBUTES = 0x20

const LINK_ATTRIBUTES = 0x22
const LINK_DROPPED_ATTRIBUTES = 0x28
const LINK_FLAGS = 0x35

const STATUS_MESSAGE = 0x12
const STATUS_CODE = 0x18

/** Nearly all are longer than 127 bytes and shorter than 16 KiB. */
const EXPECTED_SPAN_BYTES = 0x100
const FIXED_FIELDS_BYTES = 2
const FLAGS_BYTES = 6
const TIME_BYTES = 9

const HAS_IS_REMOTE = 0x100
const IS_REMOTE = 0x200

function writeEvent(writer: Writer, event: TimedEvent): void {
  const mark = writer.open(EVENT, EXPECTED_SPAN_BYTES)
  writeTime(writer, EVENT_TIME, event.time)
  writer.text(EVENT_NAME, event.name)
  if (event.attributes !== undefined) writeAttributes(writer, EVENT_ATTRIBUTES, event.attributes)
  writeCount(writer, EVENT_DROPPED_ATTRIBUTES, event.droppedAttributesCount)
  writer.close(mark)
}

function writeLink(writer: Writer, { context, attributes, droppedAttributesCount }: Link): void {
  const mark = writer.open(LINK, EXPECTED_SPAN_BYTES)
  writer.hex(TRACE_ID, context.traceId)
  writer.hex(SPAN_ID, context.spanId)
  writeTraceState(writer, TRACE_STATE, context)
  if (attributes !== undefined) writeAttributes(writer, LINK_ATTRIBUTES, attributes)
  writeCount(writer, LINK_DROPPED_ATTRIBUTES, droppedAttributesCount)
  writer.reserve(FLAGS_BYTES)
  writer.tag(LINK_FLAGS)
  writer.fixed32(flagsOf(context.traceFlags, context.isRemote))
  writer.close(mark)
}

function writeStatus(writer: Writer, code: number, message: string | undefined): void {
  const mark = writer.open(STATUS, message === undefined ? 2 : message.length + 5)
  if (message !== undefined && message !== '') writer.text(STATUS_MESSAGE, message)
  writeCount(writer, STATUS_CODE, code)
  writer.close(mark)
}

function writeTraceState(writer: Writer, tag: number, { traceState }: SpanContext): void {
  const text = traceState?.serialize()
  if (text !== undefined && text !== '') writer.text(tag, text)
}

function flagsOf(traceFlags: number, isRemote: boolean | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (isRemote === true ? IS_REMOTE : 0)
}

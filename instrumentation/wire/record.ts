import type { HrTime, SpanContext } from '@opentelemetry/api'
import type { LogLine } from '../loggers/line'
import { writeCount, writeTime } from './span'
import { writeAttributes, writeValue } from './value'
import type { Writer } from './writer'

/** Limits of what a line of a logger or a record carries. */
export interface RecordLimits {
  readonly attributeCount: number
}

/** What there is to write of a record of the logs API; those of the SDK are such. */
export interface WrittenRecord {
  readonly hrTime: HrTime
  readonly hrTimeObserved: HrTime
  readonly severityNumber?: number | undefined
  readonly severityText?: string | undefined
  readonly body?: unknown
  readonly eventName?: string | undefined
  readonly attributes: object
  readonly droppedAttributesCount?: number
  readonly spanContext?: SpanContext | undefined
}

/** Writes a line of a logger as a LogRecord message of OTLP, the field `tag` of the message around it. */
export function writeLine(
  writer: Writer,
  tag: number,
  line: LogLine,
  context: SpanContext | undefined,
  limits: RecordLimits,
): void {
  const mark = writer.open(tag, EXPECTED_RECORD_BYTES)
  writeMillis(writer, TIME, line.timeUnixMs)
  writeCount(writer, SEVERITY_NUMBER, line.severityNumber)
  if (line.severityText !== '') writer.text(SEVERITY_TEXT, line.severityText)
  if (line.body !== undefined) writeBody(writer, line.body)
  const dropped = writeAttributes(writer, ATTRIBUTES, line.attributes, limits.attributeCount)
  writeCount(writer, DROPPED_ATTRIBUTES, dropped)
  if (context !== undefined) writeContext(writer, context)
  if (line.eventName !== undefined) writer.text(EVENT_NAME, line.eventName)
  writeMillis(writer, OBSERVED_TIME, line.timeUnixMs)
  writer.close(mark)
}

/** Writes a record of the logs API as a LogRecord message of OTLP, the field `tag` of the message around it. */
export function writeRecord(
  writer: Writer,
  tag: number,
  record: WrittenRecord,
  limits: RecordLimits = NO_LIMITS,
): void {
  const mark = writer.open(tag, EXPECTED_RECORD_BYTES)
  writeTime(writer, TIME, record.hrTime)
  writeCount(writer, SEVERITY_NUMBER, record.severityNumber)
  if (record.severityText !== undefined && record.severityText !== '') {
    writer.text(SEVERITY_TEXT, record.severityText)
  }
  if (record.body !== undefined) writeBody(writer, record.body)
  const dropped = writeAttributes(writer, ATTRIBUTES, record.attributes, limits.attributeCount)
  writeCount(writer, DROPPED_ATTRIBUTES, dropped + (record.droppedAttributesCount ?? 0))
  if (record.spanContext !== undefined) writeContext(writer, record.spanContext)
  writeTime(writer, OBSERVED_TIME, record.hrTimeObserved)
  if (record.eventName !== undefined && record.eventName !== '') {
    writer.text(EVENT_NAME, record.eventName)
  }
  writer.close(mark)
}

const NO_LIMITS: RecordLimits = { attributeCount: Infinity }

const TIME = 0x09
const SEVERITY_NUMBER = 0x10
const SEVERITY_TEXT = 0x1a
const BODY = 0x2a
const ATTRIBUTES = 0x32
const DROPPED_ATTRIBUTES = 0x38
const FLAGS = 0x45
const TRACE_ID = 0x4a
const SPAN_ID = 0x52
const OBSERVED_TIME = 0x59
const EVENT_NAME = 0x62

const EXPECTED_RECORD_BYTES = 0x100
const FLAGS_BYTES = 5

function writeMillis(writer: Writer, tag: number, millis: number): void {
  const seconds = Math.floor(millis / 1000)
  writeTime(writer, tag, [seconds, Math.round((millis - seconds * 1000) * 1e6)])
}

function writeBody(writer: Writer, body: unknown): void {
  const mark = writer.open(BODY, typeof body === 'string' ? body.length + 3 : EXPECTED_RECORD_BYTES)
  writeValue(writer, body, 0)
  writer.close(mark)
}

function writeContext(writer: Writer, { traceFlags, traceId, spanId }: SpanContext): void {
  if (traceFlags !== 0) {
    writer.reserve(FLAGS_BYTES)
    writer.tag(FLAGS)
    writer.fixed32(traceFlags)
  }
  writer.hex(TRACE_ID, traceId)
  writer.hex(SPAN_ID, spanId)
}

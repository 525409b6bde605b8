import type { Cursor } from '../otlp/cursor'
import type { RejectedItem } from './rejection'
import { acceptedBy, type SpanReader } from './span'
import { decodeText } from './text'
import { toMs } from './time'
import { DEEPEST_VALUE } from './value'

/** Why a span is refused, each with how to mend it. */
export const REASONS = {
  traceId: 'trace_id must be 16 bytes, not all zero',
  spanId: 'span_id must be 8 bytes, not all zero',
  parentSpanId: 'parent_span_id must be 8 bytes, or empty where there is no parent',
  noTime: 'start_time_unix_nano must be set, or at least end_time_unix_nano',
  tooOld: 'the span is older than what is kept: send spans sooner, or raise the retention',
  tooFarAhead:
    "the span lies too far in the future: check the sender's clock, and that times are in nanoseconds",
  tooDeep: `attribute values may be nested at most ${DEEPEST_VALUE} levels deep: flatten them`,
  tooLarge:
    'the spans of a request must not grow to many times its size in JSON: send fewer of them',
} as const

export type Reason = keyof typeof REASONS

export interface AcceptedTimes {
  readonly retentionMs: number
  readonly maxAheadMs: number
}

const SHOWN_ID_BYTES = 20

/** The first rule that the span breaks, but for depth. */
export function judge(
  span: SpanReader,
  source: Cursor,
  receivedMs: number,
  { retentionMs, maxAheadMs }: AcceptedTimes,
): Reason | undefined {
  const { view } = source
  const trace = span.traceIdStart
  if (span.traceIdEnd - trace !== 16) return 'traceId'
  if ((view.getInt32(trace) | view.getInt32(trace + 4)) === 0) {
    if ((view.getInt32(trace + 8) | view.getInt32(trace + 12)) === 0) return 'traceId'
  }
  const id = span.spanIdStart
  if (span.spanIdEnd - id !== 8) return 'spanId'
  if ((view.getInt32(id) | view.getInt32(id + 4)) === 0) return 'spanId'
  const parentBytes = span.parentEnd - span.parentStart
  if (parentBytes !== 0 && parentBytes !== 8) return 'parentSpanId'
  const time = acceptedBy(span)
  if (time.low === 0 && time.high === 0) return 'noTime'
  const aheadMs = toMs(time) - receivedMs
  if (aheadMs < -retentionMs) return 'tooOld'
  return aheadMs > maxAheadMs ? 'tooFarAhead' : undefined
}

/** The offending value of a refused span, in words. */
export function describe(reason: Reason, span: SpanReader, { bytes }: Cursor): RejectedItem {
  const name = decodeText(bytes, span.nameStart, span.nameEnd)
  return { name, fault: faultOf(reason, span, bytes) }
}

function faultOf(reason: Reason, span: SpanReader, bytes: Buffer): string {
  switch (reason) {
    case 'traceId':
      return faultyId('trace_id', bytes.subarray(span.traceIdStart, span.traceIdEnd))
    case 'spanId':
      return faultyId('span_id', bytes.subarray(span.spanIdStart, span.spanIdEnd))
    case 'parentSpanId':
      return faultyId('parent_span_id', bytes.subarray(span.parentStart, span.parentEnd))
    case 'noTime':
      return 'both are 0'
    case 'tooOld':
    case 'tooFarAhead':
      return `the time is ${new Date(toMs(acceptedBy(span))).toISOString()}`
    case 'tooDeep':
      return 'an attribute of the span, its scope or its resource is deeper'
    case 'tooLarge':
      return 'there was no room for all attributes, events and links'
  }
}

function faultyId(field: string, id: Buffer): string {
  const hex = id.toString('hex', 0, SHOWN_ID_BYTES)
  const shown = id.length > SHOWN_ID_BYTES ? `${hex}…` : hex
  return `${field} has ${id.length} bytes${shown && `: ${shown}`}`
}

import type { Cursor } from '../otlp/cursor'
import type { LogRecordReader } from './log-record'
import type { RejectedItem } from './rejection'
import { decodeText } from './text'
import { toMs, type UnixNanos } from './time'
import { DEEPEST_VALUE } from './value'

/** Why a log record is refused, each with how to mend it. */
export const REASONS = {
  tooOld:
    'the log record is older than what is kept: send log records sooner, or raise the retention',
  tooFarAhead:
    "the log record lies too far in the future: check the sender's clock, and that times are in nanoseconds",
  tooDeep: `bodies and attribute values may be nested at most ${DEEPEST_VALUE} levels deep: flatten them`,
  tooLarge:
    'the log records of a request must not grow to many times its size in JSON: send fewer of them',
} as const

export type Reason = keyof typeof REASONS

export interface AcceptedTimes {
  readonly retentionMs: number
  readonly maxAheadMs: number
}

/** Whether the time that the record is kept under can be kept. */
export function judge(
  time: UnixNanos,
  receivedMs: number,
  { retentionMs, maxAheadMs }: AcceptedTimes,
): Reason | undefined {
  const aheadMs = toMs(time) - receivedMs
  if (aheadMs < -retentionMs) return 'tooOld'
  return aheadMs > maxAheadMs ? 'tooFarAhead' : undefined
}

/** More than is shown of a name. */
const LONGEST_NAME_BYTES = 400

/** The offending value of a refused record, in words. Most records have no name: its text says which one it is. */
export function describe(
  reason: Reason,
  record: LogRecordReader,
  time: UnixNanos,
  cursor: Cursor,
): RejectedItem {
  const { eventNameStart, eventNameEnd, body } = record
  const [start, end] =
    eventNameEnd > eventNameStart ? [eventNameStart, eventNameEnd] : [body.textStart, body.textEnd]
  const name = decodeText(cursor.bytes, start, Math.min(end, start + LONGEST_NAME_BYTES))
  return { name, fault: faultOf(reason, time) }
}

function faultOf(reason: Reason, time: UnixNanos): string {
  switch (reason) {
    case 'tooOld':
    case 'tooFarAhead':
      return `the time is ${new Date(toMs(time)).toISOString()}`
    case 'tooDeep':
      return 'its body, or an attribute of the log record, its scope or its resource is deeper'
    case 'tooLarge':
      return 'there was no room for its body and all attributes'
  }
}

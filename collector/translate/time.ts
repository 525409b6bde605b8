import type { RowBuffer } from './buffer'
import { writeWhole } from './fields'
import { writePadded, writeSafe } from './number'

const TWO_32 = 0x1_0000_0000
/** 2000-01-01, where Postgres counts from, in Unix microseconds. */
const POSTGRES_EPOCH_US = 946_684_800_000_000
/** From this high word on (the year 2255), microseconds do not fit a double exactly. */
const LATE_HIGH = 2_097_152_000
const MILLION = 1_000_000
const DAY_US = 86_400_000_000
const MINUTE_US = 60_000_000

/** Unix nanoseconds, an unsigned 64-bit number, as two words. */
export interface UnixNanos {
  low: number
  high: number
}

/** Unix milliseconds, to within 2 microseconds. */
export function toMs({ low, high }: UnixNanos): number {
  return ((high >>> 0) * TWO_32 + (low >>> 0)) / MILLION
}

/** Unix nanoseconds, to the microsecond. */
export function fromMs(ms: number): UnixNanos {
  const nanos = BigInt(Math.round(ms * 1_000)) * 1_000n
  return { low: Number(BigInt.asIntN(32, nanos)), high: Number(BigInt.asIntN(32, nanos >> 32n)) }
}

/** Whole Unix microseconds; exact until the year 2255. */
export function toMicros({ low, high }: UnixNanos): number {
  const unsigned = high >>> 0
  const thousands = Math.floor(unsigned / 1_000)
  return (
    thousands * TWO_32 + Math.floor(((unsigned - thousands * 1_000) * TWO_32 + (low >>> 0)) / 1_000)
  )
}

/** The UTC day, in days since 1970-01-01. */
export function dayOf(time: UnixNanos): number {
  return Math.floor(toMicros(time) / DAY_US)
}

/** Minutes since 1970. */
export function minuteOf(time: UnixNanos): number {
  return Math.floor(toMicros(time) / MINUTE_US)
}

/** Nanoseconds from a time to a later one; beyond 2^53, 104 days, the nearest that a double can say. */
export function nanosBetween(start: UnixNanos, end: UnixNanos): number {
  return ((end.high >>> 0) - (start.high >>> 0)) * TWO_32 + ((end.low >>> 0) - (start.low >>> 0))
}

/** The nanoseconds beyond whole microseconds, 0 to 999. */
export function toRemainder({ low, high }: UnixNanos): number {
  return (((high >>> 0) % 1_000) * TWO_32 + (low >>> 0)) % 1_000
}

/** Writes a timestamptz field. The latest time 64 bits can say, in 2554, fits. */
export function writeTimestamp(rows: RowBuffer, time: UnixNanos): void {
  rows.reserve(12)
  const { view, end } = rows
  view.setInt32(end, 8)
  if (time.high >>> 0 < LATE_HIGH) {
    const micros = toMicros(time) - POSTGRES_EPOCH_US
    const high = Math.floor(micros / TWO_32)
    view.setInt32(end + 4, high)
    view.setUint32(end + 8, micros - high * TWO_32)
  } else {
    view.setBigInt64(end + 4, toBigInt(time) / 1_000n - BigInt(POSTGRES_EPOCH_US))
  }
  rows.end = end + 12
}

/** Writes a timestamptz field: the beginning of a minute, counted since 1970. There must be room. */
export function writeMinute(rows: RowBuffer, minute: number): void {
  writeWhole(rows, minute * MINUTE_US - POSTGRES_EPOCH_US)
}

/** Writes the nanoseconds in decimal. */
export function writeNanos(rows: RowBuffer, time: UnixNanos): void {
  if (time.high >>> 0 >= LATE_HIGH) return rows.ascii(String(toBigInt(time)))
  const micros = toMicros(time)
  const remainder = toRemainder(time)
  if (micros < MILLION) return writeSafe(rows, micros * 1_000 + remainder)
  const seconds = Math.floor(micros / MILLION)
  writeSafe(rows, seconds)
  writePadded(rows, micros - seconds * MILLION, 6)
  writePadded(rows, remainder, 3)
}

/** Writes a bigint field: the nanoseconds from start to end, or null where the end lies before or too far after. */
export function writeDuration(rows: RowBuffer, start: UnixNanos, end: UnixNanos): void {
  rows.reserve(12)
  const borrow = end.low >>> 0 < start.low >>> 0 ? 1 : 0
  const high = (end.high >>> 0) - (start.high >>> 0) - borrow
  const { view } = rows
  if (high < 0 || high > 0x7fff_ffff) {
    view.setInt32(rows.end, -1)
    rows.end += 4
    return
  }
  view.setInt32(rows.end, 8)
  view.setInt32(rows.end + 4, high)
  view.setInt32(rows.end + 8, end.low - start.low)
  rows.end += 12
}

/** Unix nanoseconds as one number. */
export function toBigInt({ low, high }: UnixNanos): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}

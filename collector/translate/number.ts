import type { RowBuffer } from './buffer'

const TWO_32 = 0x1_0000_0000
const BILLION = 1_000_000_000
/** Words above this make a number that a double cannot hold exactly. */
const SAFE_HIGH = 0x20_0000

/** Writes a signed 64-bit integer, given as two words, in decimal. */
export function writeInt64(rows: RowBuffer, low: number, high: number): void {
  if (high === 0 && low >= 0) writeDigits(rows, low)
  else if (high < SAFE_HIGH && high >= -SAFE_HIGH) writeSafe(rows, high * TWO_32 + (low >>> 0))
  else rows.ascii(String((BigInt(high) << 32n) | BigInt(low >>> 0)))
}

/** Writes an integer between plus and minus 2^53 in decimal. */
export function writeSafe(rows: RowBuffer, value: number): void {
  let rest = value
  if (rest < 0) {
    rows.byte(0x2d)
    rest = -rest
  }
  if (rest < BILLION) return writeDigits(rows, rest)
  const billions = Math.floor(rest / BILLION)
  writeDigits(rows, billions)
  writePadded(rows, rest - billions * BILLION, 9)
}

/** Writes a non-negative integer below 2^31 in decimal. */
export function writeDigits(rows: RowBuffer, value: number): void {
  let digits = 1
  for (let limit = 10; limit <= value && digits < 10; limit *= 10) digits++
  writePadded(rows, value, digits)
}

/** Writes a non-negative integer below 2^31 in exactly so many digits. */
export function writePadded(rows: RowBuffer, value: number, digits: number): void {
  rows.reserve(digits)
  const { bytes } = rows
  let rest = value | 0
  for (let at = rows.end + digits - 1; at >= rows.end; at--) {
    const tens = (rest / 10) | 0
    bytes[at] = 0x30 + rest - tens * 10
    rest = tens
  }
  rows.end += digits
}

/**
 * Writes a double so that it can be told from an integer when it comes back from jsonb, whose numbers lose their
 * exponents: always with a point. What JSON or jsonb cannot hold is wrapped: NaN, the infinities, minus zero.
 */
export function writeDouble(rows: RowBuffer, value: number): void {
  if (Number.isSafeInteger(value)) {
    if (Object.is(value, -0)) return rows.ascii('{"$double":"-0"}')
    writeSafe(rows, value)
    rows.ascii('.0')
  } else if (writeShortDecimal(rows, value)) return
  else if (Number.isFinite(value)) rows.ascii(withPoint(String(value)))
  else rows.ascii(`{"$double":"${value}"}`)
}

/**
 * Writes a double that is a decimal of few places, such as an amount, without the detour over a string. Both operands of the
 * division are exact, so the decimal reads back as the same double. False if it is no such number.
 */
function writeShortDecimal(rows: RowBuffer, value: number): boolean {
  const size = Math.abs(value)
  if (!(size < BILLION)) return false
  for (let places = 1, scale = 10; places <= 4; places++, scale *= 10) {
    const scaled = Math.round(size * scale)
    if (scaled / scale !== size) continue
    const whole = Math.floor(scaled / scale)
    if (value < 0) rows.byte(0x2d)
    writeDigits(rows, whole)
    rows.byte(0x2e)
    writePadded(rows, scaled - whole * scale, places)
    return true
  }
  return false
}

/** Negative exponents become decimal places in jsonb by themselves; positive ones need their zeros written. */
function withPoint(text: string): string {
  const exponent = text.indexOf('e+')
  if (exponent === -1) return text.includes('.') || text.includes('e') ? text : `${text}.0`
  const [whole = '', fraction = ''] = text.slice(0, exponent).split('.')
  const zeros = Number(text.slice(exponent + 2)) - fraction.length
  return `${whole}${fraction}${'0'.repeat(zeros)}.0`
}

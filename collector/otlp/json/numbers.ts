import type { ProtobufWriter } from '../writer'
import { DIGIT_0, MINUS, QUOTE, type JsonSource } from './source'
import { readText } from './text'

const TWO_32 = 0x1_0000_0000
const POINT = 0x2e
const LETTER_E = 0x65
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const PARTS = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** The largest uint64 has 20 digits. */
const MAX_DIGITS = 20
const HEAD_DIGITS = 10

/** Powers of ten a double holds exactly: an integer below 2^53 divided by one of them is correctly rounded. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))
const MAX_EXACT_DIGITS = 15

/** What `readInteger` found besides a value. */
const FITS = 0
const TOO_LARGE = 1
const NO_INTEGER = 2

/** An integer as sign and 64-bit magnitude, in two words of 32 bits (as signed numbers). */
class Integer {
  isNegative = false
  low = 0
  high = 0
}

/** What `takePlainInteger` took. Reused by every call: nothing here runs while another call does. */
export const plainInteger = new Integer()
const read = plainInteger

/** Writes int32, enum and uint32 as a varint. */
export function writeVarint32(
  source: JsonSource,
  writer: ProtobufWriter,
  type: 'int32' | 'uint32' | 'enum',
): void {
  const start = source.at
  const verdict = readInteger(source, writer)
  const isUnsigned = type === 'uint32'
  const low = read.low >>> 0
  const limit = isUnsigned
    ? read.isNegative
      ? 0
      : TWO_32 - 1
    : 0x7fffffff + Number(read.isNegative)
  if (verdict !== FITS || read.high !== 0 || low > limit) {
    source.failValue(
      type === 'enum'
        ? 'an enum as an integer (OTLP/JSON has no enum names)'
        : isUnsigned
          ? 'an integer from 0 to 4294967295'
          : 'an integer from -2147483648 to 2147483647',
      start,
    )
  }
  if (read.isNegative && low !== 0) writer.varint(-low | 0, -1)
  else writer.varint(low | 0, 0)
}

/** Writes sint32 as a zigzag varint. */
export function writeZigzag32(source: JsonSource, writer: ProtobufWriter): void {
  const start = source.at
  const verdict = readInteger(source, writer)
  const low = read.low >>> 0
  if (verdict !== FITS || read.high !== 0 || low > 0x7fffffff + Number(read.isNegative)) {
    source.failValue('an integer from -2147483648 to 2147483647', start)
  }
  const value = read.isNegative ? -low | 0 : low
  writer.varint((value << 1) ^ (value >> 31), 0)
}

/** Writes fixed32. */
export function writeFixed32(source: JsonSource, writer: ProtobufWriter): void {
  const start = source.at
  const verdict = readInteger(source, writer)
  const isZero = read.low === 0
  if (verdict !== FITS || read.high !== 0 || (read.isNegative && !isZero)) {
    source.failValue('an integer from 0 to 4294967295', start)
  }
  writer.fixed32(read.low)
}

/** Writes fixed64 or, as a varint, uint64. */
export function writeUnsigned64(
  source: JsonSource,
  writer: ProtobufWriter,
  isFixed: boolean,
): void {
  const start = source.at
  const verdict = readInteger(source, writer)
  const isZero = read.low === 0 && read.high === 0
  if (verdict !== FITS || (read.isNegative && !isZero)) {
    source.failValue('an integer from 0 to 18446744073709551615', start)
  }
  if (isFixed) writer.fixed64(read.low, read.high)
  else writer.varint(read.low, read.high)
}

/**
 * Writes sfixed64 or, as a varint, int64. False when the value is an integer beyond 64 bits and `mayBeLarger`: then
 * nothing is taken or written.
 */
export function writeSigned64(
  source: JsonSource,
  writer: ProtobufWriter,
  isFixed: boolean,
  mayBeLarger: boolean,
): boolean {
  const start = source.at
  const verdict = readInteger(source, writer)
  let { low, high } = read
  const isSmallest = read.isNegative && high === -0x80000000 && low === 0
  if (verdict !== FITS || (high < 0 && !isSmallest)) {
    if (!mayBeLarger || verdict === NO_INTEGER) {
      source.failValue('an integer from -9223372036854775808 to 9223372036854775807', start)
    }
    source.at = start
    return false
  }
  if (read.isNegative) {
    low = -low | 0
    high = low === 0 ? -high | 0 : ~high
  }
  if (isFixed) writer.fixed64(low, high)
  else writer.varint(low, high)
  return true
}

/** Writes a double, given as a number, a number in quotes, or "NaN", "Infinity", "-Infinity". */
export function writeDouble(source: JsonSource, writer: ProtobufWriter): void {
  if (!writePlainDouble(source, writer)) writer.double(readDouble(source, writer))
}

/** Writes a double of few digits and no exponent, exactly; false, with nothing taken or written, for any other value. */
export function writePlainDouble(source: JsonSource, writer: ProtobufWriter): boolean {
  const { bytes, length } = source
  let { at } = source
  const isNegative = at < length && bytes[at] === MINUS
  if (isNegative) at++
  const first = at
  let digits = 0
  let point = -1
  for (; at < length; at++) {
    const byte = bytes[at]!
    const digit = byte - DIGIT_0
    if (digit >= 0 && digit <= 9) digits = digits * 10 + digit
    else if (byte === POINT && point < 0) point = at
    else break
  }
  const decimals = point < 0 ? 0 : at - point - 1
  const wholeEnd = point < 0 ? at : point
  const isPlain =
    at < length &&
    at - first <= MAX_EXACT_DIGITS &&
    endsNumber(bytes[at]!) &&
    wholeEnd > first &&
    (point < 0 || decimals > 0) &&
    (bytes[first] !== DIGIT_0 || wholeEnd === first + 1)
  if (!isPlain) return false
  source.at = at
  const magnitude = digits / POWERS[decimals]!
  writer.double(isNegative ? -magnitude : magnitude)
  return true
}

/** Takes a number in any form of RFC 8259. */
export function skipNumber(source: JsonSource): void {
  takeNumber(source)
}

/** Reads an integer, as a number or in quotes, into `read`. */
function readInteger(source: JsonSource, writer: ProtobufWriter): number {
  return takePlainInteger(source) ? FITS : readOddInteger(source, writer)
}

/**
 * Takes an integer written as nothing but a sign and digits, as a number or in quotes, that fits 64 bits; it is then in
 * `plainInteger`. False, with nothing taken, for anything else.
 */
export function takePlainInteger(source: JsonSource): boolean {
  const { bytes, length } = source
  let { at } = source
  const isQuoted = at < length && bytes[at] === QUOTE
  if (isQuoted) at++
  const isNegative = at < length && bytes[at] === MINUS
  if (isNegative) at++
  const first = at
  let head = 0
  let tail = 0
  for (const headEnd = Math.min(length, first + HEAD_DIGITS); at < headEnd; at++) {
    const digit = bytes[at]! - DIGIT_0
    if (digit < 0 || digit > 9) break
    head = head * 10 + digit
  }
  const tailStart = at
  for (const tailEnd = Math.min(length, first + MAX_DIGITS); at < tailEnd; at++) {
    const digit = bytes[at]! - DIGIT_0
    if (digit < 0 || digit > 9) break
    tail = tail * 10 + digit
  }
  const next = at < length ? bytes[at]! : 0
  const isPlain =
    at > first &&
    (bytes[first] !== DIGIT_0 || at === first + 1) &&
    (isQuoted ? next === QUOTE : endsNumber(next))
  if (!isPlain || !combine(head, tail, at - tailStart)) return false
  source.at = isQuoted ? at + 1 : at
  read.isNegative = isNegative
  return true
}

/** Puts head x 10^tailDigits + tail into `read` if it fits; all products stay below 2^53. */
function combine(head: number, tail: number, tailDigits: number): boolean {
  if (tailDigits === 0 && head < 0x80000000) {
    read.low = head | 0
    read.high = 0
    return true
  }
  const scale = POWERS[tailDigits]!
  const upper = Math.floor(head / 0x10000) * scale
  const lower = (head % 0x10000) * scale + tail
  const low = (upper % 0x10000) * 0x10000 + (lower % TWO_32)
  const high = Math.floor(upper / 0x10000) + Math.floor(lower / TWO_32) + (low >= TWO_32 ? 1 : 0)
  read.low = low | 0
  read.high = high | 0
  return high < TWO_32
}

/** Integers with a point or an exponent, too long ones, and what is no integer at all. */
function readOddInteger(source: JsonSource, writer: ProtobufWriter): number {
  const start = source.at
  const text = source.bytes[start] === QUOTE ? readText(source, writer) : takeNumber(source)
  if (text === undefined || !NUMBER.test(text)) return NO_INTEGER
  const [, whole = '', decimals = '', exponent = '0'] = PARTS.exec(text) ?? []
  const digits = (whole + decimals).replace(/^0+/, '')
  const significant = withoutTrailingZeros(digits)
  const zeros = digits.length - significant.length - decimals.length + Number(exponent)
  read.isNegative = text.startsWith('-')
  read.low = 0
  read.high = 0
  if (significant === '') return FITS
  if (zeros < 0) return NO_INTEGER
  if (significant.length + zeros > MAX_DIGITS) return TOO_LARGE
  const magnitude = BigInt(significant) * 10n ** BigInt(zeros)
  if (magnitude >= 1n << 64n) return TOO_LARGE
  read.low = Number(BigInt.asIntN(32, magnitude))
  read.high = Number(BigInt.asIntN(32, magnitude >> 32n))
  return FITS
}

/** By hand, because the regular expression for it takes quadratic time. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (end > 0 && digits.charCodeAt(end - 1) === DIGIT_0) end--
  return digits.slice(0, end)
}

function readDouble(source: JsonSource, writer: ProtobufWriter): number {
  const start = source.at
  const isText = source.bytes[start] === QUOTE
  const text = isText ? readText(source, writer) : takeNumber(source)
  if (isText && text === 'NaN') return NaN
  if (isText && text === 'Infinity') return Infinity
  if (isText && text === '-Infinity') return -Infinity
  if (text === undefined || !NUMBER.test(text)) return source.failValue('a number', start)
  const value = Number(text)
  if (!Number.isFinite(value)) return source.failValue('a number a double can hold', start)
  return value
}

/** Takes a JSON number and returns its text; undefined when none begins here, a syntax error when it is ill-formed. */
function takeNumber(source: JsonSource): string | undefined {
  const { bytes, length, at: start } = source
  const first = start < length ? bytes[start]! : 0
  if (first !== MINUS && (first < DIGIT_0 || first > DIGIT_0 + 9)) return undefined
  let end = start + 1
  while (end < length && !endsNumber(bytes[end]!)) end++
  const text = bytes.toString('latin1', start, end)
  if (!NUMBER.test(text)) source.failSyntax('a number')
  source.at = end
  return text
}

/** Whether a byte cannot belong to a number: everything but digits, point, signs and exponent. */
function endsNumber(byte: number): boolean {
  if (byte > DIGIT_0 + 9) return (byte | 0x20) !== LETTER_E
  return byte < 0x2b || byte === 0x2c || byte === 0x2f
}

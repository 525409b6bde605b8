const COMMA = 0x2c
const SEMICOLON = 0x3b
const SPACE = 0x20
const TAB = 0x09
const MOST_DIGITS = 14
/** Digits of a half of a threshold: 28 bits, so that neither half loses any. */
const HALF_DIGITS = 7
const HALF = 2 ** 28
const WHOLE = 2 ** 56
const OURS = Buffer.from('ot=')
const THRESHOLD = Buffer.from('th:')

/**
 * How many spans one stands for, by the trace state it was sent with: its sampling threshold says how many of 2^56 random
 * values are rejected (OpenTelemetry, "TraceState: Probability Sampling", `ot=th:`). 1 without a valid one.
 */
export function adjustedCountOf(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end) {
    while (at < end && isBlank(bytes[at]!)) at++
    if (startsWith(bytes, at, end, OURS)) return adjustedCountOfMember(bytes, at + 3, end)
    while (at < end && bytes[at] !== COMMA) at++
    at++
  }
  return 1
}

function adjustedCountOfMember(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== COMMA) {
    if (startsWith(bytes, at, end, THRESHOLD)) return adjustedCountBy(bytes, at + 3, end)
    while (at < end && bytes[at] !== SEMICOLON && bytes[at] !== COMMA) at++
    if (bytes[at] === SEMICOLON) at++
  }
  return 1
}

/** Zeros at the end of the digits are left out by senders. */
function adjustedCountBy(bytes: Uint8Array, start: number, end: number): number {
  let high = 0
  let low = 0
  let at = start
  for (; at < end && !isEnd(bytes[at]!); at++) {
    const digit = digitOf(bytes[at]!)
    if (digit === -1) return 1
    if (at - start < HALF_DIGITS) high = high * 16 + digit
    else low = low * 16 + digit
  }
  const digits = at - start
  if (digits === 0 || digits > MOST_DIGITS) return 1
  high *= 16 ** Math.max(0, HALF_DIGITS - digits)
  low *= 16 ** Math.min(HALF_DIGITS, MOST_DIGITS - digits)
  return WHOLE / ((HALF - high) * HALF - low)
}

function startsWith(bytes: Uint8Array, at: number, end: number, wanted: Uint8Array): boolean {
  if (end - at < wanted.length) return false
  for (let index = 0; index < wanted.length; index++) {
    if (bytes[at + index] !== wanted[index]) return false
  }
  return true
}

function isEnd(byte: number): boolean {
  return byte === SEMICOLON || byte === COMMA || isBlank(byte)
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB
}

/** -1 for what is no hexadecimal digit. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

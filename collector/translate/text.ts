import { isUtf8 } from 'node:buffer'
import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'

const QUOTE = 0x22
const HEX = Buffer.from('0123456789abcdef')
/** Longer strings are escaped in pieces, so that room for the worst case is never made for all of one. */
const PIECE_BYTES = 1_024
/** A control character becomes `\u00xx`. */
const LONGEST_ESCAPE_BYTES = 6

/** What JSON wants escaped: the text of the escape by byte, empty where the byte stands for itself. */
const ESCAPES: readonly string[] = Array.from({ length: 0x80 }, (_, code) => {
  const quoted = JSON.stringify(String.fromCharCode(code)).slice(1, -1)
  return quoted.length > 1 ? quoted : ''
})

/** 1 for the ASCII bytes that JSON takes as they are. */
const PLAIN = Uint8Array.from({ length: 0x100 }, (_, code) => (ESCAPES[code] === '' ? 1 : 0))

/** What text columns take as it is: ASCII but for NUL, which Postgres cannot store. */
const STORABLE = Uint8Array.from({ length: 0x100 }, (_, code) => (code > 0 && code < 0x80 ? 1 : 0))

/**
 * Writes UTF-8 from the wire as a JSON string. NUL and broken sequences become U+FFFD, one for each maximal subpart as
 * the Encoding standard has it. Returns 1 if anything was replaced, else 0.
 */
export function writeJsonString(
  rows: RowBuffer,
  source: Cursor,
  start: number,
  end: number,
): number {
  const length = end - start
  rows.reserve(length + 2)
  const target = rows.bytes
  const first = rows.end + 1
  target[first - 1] = QUOTE
  const copied = copyWords(rows, source, start, end, first)
  if (copied === length) {
    target[first + length] = QUOTE
    rows.end = first + length + 1
    return 0
  }
  rows.end = first + copied
  const repaired = copyEscaped(rows, source.bytes, start + copied, end)
  rows.byte(QUOTE)
  return repaired
}

/**
 * Copies four bytes at a time while none of them needs an escape: no byte is 0x80 or more, less than 0x20, a quote or a
 * backslash. Returns the number of bytes copied.
 */
function copyWords(
  rows: RowBuffer,
  source: Cursor,
  start: number,
  end: number,
  to: number,
): number {
  const length = end - start
  if (length < 4) return copyShort(rows.bytes, source.bytes, start, length, to)
  const from = source.view
  const target = rows.view
  const last = length - 4
  let index = 0
  while (index < last) {
    const word = from.getInt32(start + index, true)
    if (needsEscape(word)) return index
    target.setInt32(to + index, word, true)
    index += 4
  }
  // The last word may overlap the one before.
  const word = from.getInt32(end - 4, true)
  if (needsEscape(word)) return index
  target.setInt32(to + last, word, true)
  return length
}

function needsEscape(word: number): boolean {
  const below = (word - 0x2020_2020) | ((word ^ 0x2222_2222) - 0x0101_0101)
  return ((word | below | ((word ^ 0x5c5c_5c5c) - 0x0101_0101)) & 0x8080_8080) !== 0
}

function copyShort(
  target: Buffer,
  bytes: Buffer,
  start: number,
  length: number,
  to: number,
): number {
  for (let index = 0; index < length; index++) {
    const byte = bytes[start + index]!
    if (PLAIN[byte] === 0) return index
    target[to + index] = byte
  }
  return length
}

function copyEscaped(rows: RowBuffer, bytes: Buffer, start: number, end: number): number {
  let repaired = 0
  let at = start
  while (at < end) {
    rows.reserve((PIECE_BYTES + 4) * LONGEST_ESCAPE_BYTES)
    const target = rows.bytes
    const pieceEnd = Math.min(end, at + PIECE_BYTES)
    while (at < pieceEnd) {
      const byte = bytes[at]!
      if (PLAIN[byte] === 1) {
        target[rows.end++] = byte
        at++
      } else if (byte > 0 && byte < 0x80) {
        rows.ascii(ESCAPES[byte]!)
        at++
      } else {
        const size = copySequence(rows, bytes, at, end)
        if (size < 0) repaired = 1
        at += Math.abs(size)
      }
    }
  }
  return repaired
}

/** Writes UTF-8 from the wire as Postgres text, repaired as `writeJsonString` does. Returns 1 if anything was replaced. */
export function writeText(rows: RowBuffer, source: Cursor, start: number, end: number): number {
  const { bytes } = source
  let repaired = 0
  let at = start + copyAscii(rows, source, start, end)
  while (at < end) {
    rows.reserve((PIECE_BYTES + 4) * 3)
    const target = rows.bytes
    const pieceEnd = Math.min(end, at + PIECE_BYTES)
    while (at < pieceEnd) {
      const byte = bytes[at]!
      if (STORABLE[byte] === 1) {
        target[rows.end++] = byte
        at++
        continue
      }
      const size = copySequence(rows, bytes, at, end)
      if (size < 0) repaired = 1
      at += Math.abs(size)
    }
  }
  return repaired
}

/** Copies four bytes at a time while they are ASCII and not NUL. Returns the number of bytes copied. */
function copyAscii(rows: RowBuffer, source: Cursor, start: number, end: number): number {
  rows.reserve(end - start)
  const from = source.view
  const target = rows.view
  const to = rows.end
  const last = end - start - 4
  let index = 0
  while (index <= last) {
    const word = from.getInt32(start + index, true)
    // A byte of 0x80 or more, or what is borrowed of the bit above by taking 1 from a byte that is 0.
    if (((word | (word - 0x0101_0101)) & 0x8080_8080) !== 0) break
    target.setInt32(to + index, word, true)
    index += 4
  }
  rows.end = to + index
  return index
}

/** Writes bytes as hex digits. */
export function writeHex(rows: RowBuffer, bytes: Buffer, start: number, end: number): void {
  rows.reserve((end - start) * 2)
  const target = rows.bytes
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    target[rows.end++] = HEX[byte >>> 4]!
    target[rows.end++] = HEX[byte & 15]!
  }
}

/** Text for a dictionary: decoded once and remembered, so speed does not matter. */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end).replaceAll('\0', '\ufffd')
}

/** Whether `decodeText` has to replace anything: 1 or 0. */
export function countRepairs(bytes: Buffer, start: number, end: number): number {
  const part = bytes.subarray(start, end)
  return part.includes(0) || !isUtf8(part) ? 1 : 0
}

/** Copies a NUL or a sequence of several bytes; there must be room. Returns how many bytes it took, negative if replaced. */
function copySequence(rows: RowBuffer, bytes: Buffer, at: number, end: number): number {
  const size = sequenceSize(bytes, at, end)
  const target = rows.bytes
  if (size < 0) {
    target[rows.end++] = 0xef
    target[rows.end++] = 0xbf
    target[rows.end++] = 0xbd
    return size
  }
  for (let index = 0; index < size; index++) target[rows.end++] = bytes[at + index]!
  return size
}

/** The size of the UTF-8 sequence at `at`; of its longest valid beginning, negative, where it is broken. */
function sequenceSize(bytes: Buffer, at: number, end: number): number {
  const lead = bytes[at]!
  const size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
  if (size === 0) return -1
  let lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  let highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  for (let index = 1; index < size; index++) {
    const byte = at + index < end ? bytes[at + index]! : 0
    if (byte < lowest || byte > highest) return -index
    lowest = 0x80
    highest = 0xbf
  }
  return size
}

const LONGEST_CONTINUATION = 3

/** Where to cut UTF-8 that is to end at `end` at the latest: before the character that would be split, if it is one. */
export function endOfText(bytes: Uint8Array, end: number): number {
  let at = end
  while (end - at < LONGEST_CONTINUATION && isContinuation(bytes[at]!)) at--
  return isContinuation(bytes[at]!) ? end : at
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}

import type { ProtobufWriter } from '../writer'
import { BACKSLASH, QUOTE, type JsonSource } from './source'

const NOT_A_DIGIT = 0xff
const HEX = digits('0123456789abcdef')
for (const [index, byte] of Buffer.from('ABCDEF').entries()) HEX[byte] = 10 + index

const BASE64 = digits('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
BASE64[0x2d] = 62
BASE64[0x5f] = 63
const PADDING = 0x3d

/** What follows a backslash, by the byte it stands for; `u` is read apart. */
const ESCAPED = new Uint8Array(256)
for (const [letter, byte] of Object.entries({ b: 8, t: 9, n: 10, f: 12, r: 13 })) {
  ESCAPED[letter.charCodeAt(0)] = byte
}
for (const letter of '"\\/') ESCAPED[letter.charCodeAt(0)] = letter.charCodeAt(0)
const LETTER_U = 0x75
const REPLACEMENT = 0xfffd

/** Lengths an id can rightly have; a text that is no id must not pass for one. */
const ID_BYTES = [8, 16]
const QUESTION_MARK = 0x3f

/** Whether each byte of a word is below 0x20 (`word`), or zero (`word ^ pattern` for a byte to be found). */
const ONES = 0x01010101
const HIGH_BITS = 0x80808080 | 0
const QUOTES = 0x22222222
const BACKSLASHES = 0x5c5c5c5c
const SPACES = 0x20202020

/**
 * Copies the text whose opening quote was taken to the writer, unescaped, and takes its closing quote. Four bytes a
 * step; broken UTF-8 passes, a lone surrogate becomes U+FFFD. The writer must have room for what is left of the body.
 */
export function copyText(source: JsonSource, writer: ProtobufWriter): void {
  const { bytes, view } = source
  const target = writer.view
  const lastWord = source.length - 4
  let { at } = source
  let { end } = writer
  for (;;) {
    let stops = 0
    while (at <= lastWord) {
      const word = view.getInt32(at, true)
      const quotes = word ^ QUOTES
      const backslashes = word ^ BACKSLASHES
      target.setInt32(end, word, true)
      stops =
        (((quotes - ONES) & ~quotes) |
          ((backslashes - ONES) & ~backslashes) |
          ((word - SPACES) & ~word)) &
        HIGH_BITS
      if (stops !== 0) break
      at += 4
      end += 4
    }
    if (stops !== 0) {
      const skipped = (31 - Math.clz32(stops & -stops)) >> 3
      at += skipped
      end += skipped
    }
    const byte = at < source.length ? bytes[at]! : -1
    if (byte === QUOTE) {
      source.at = at + 1
      writer.end = end
      return
    }
    source.at = at
    writer.end = end
    if (byte === BACKSLASH) copyEscape(source, writer)
    else if (byte < 0x20) source.failSyntax("a character of a string or '\"'")
    else {
      writer.bytes[writer.end++] = byte
      source.at++
    }
    at = source.at
    end = writer.end
  }
}

/** Writes an id given in hex. What is no hex is written as its text, in a length no id has, so that only its item is refused. */
export function writeId(source: JsonSource, writer: ProtobufWriter): void {
  const { bytes } = source
  const target = writer.bytes
  const start = source.at
  const idStart = writer.open()
  let end = idStart
  let at = start + 1
  const last = source.length - 2
  while (at <= last) {
    const high = HEX[bytes[at]!]!
    const low = HEX[bytes[at + 1]!]!
    if ((high | low) === NOT_A_DIGIT) break
    target[end++] = (high << 4) | low
    at += 2
  }
  if (at < source.length && bytes[at] === QUOTE) {
    source.at = at + 1
    writer.end = end
  } else {
    source.at = start + 1
    copyText(source, writer)
    decodeHexInPlace(writer, idStart)
  }
  writer.close(idStart)
}

/** The way of ids that are not plainly hex: written with escapes, or wrong. */
function decodeHexInPlace(writer: ProtobufWriter, start: number): void {
  const text = writer.bytes.toString('latin1', start, writer.end)
  if (text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text)) {
    writer.end = start + writer.bytes.write(text, start, 'hex')
  } else if (ID_BYTES.includes(text.length)) {
    writer.bytes[writer.end++] = QUESTION_MARK
  }
}

/** Writes bytes given in base64, of the standard or the URL alphabet, with or without padding. */
export function writeBase64(source: JsonSource, writer: ProtobufWriter): void {
  const start = source.at
  const bytesStart = writer.open()
  source.at = start + 1
  copyText(source, writer)
  const { bytes } = writer
  let textEnd = writer.end
  while (textEnd > bytesStart && writer.end - textEnd < 2 && bytes[textEnd - 1] === PADDING) {
    textEnd--
  }
  let end = bytesStart
  let group = 0
  let bits = 0
  for (let at = bytesStart; at < textEnd; at++) {
    const digit = BASE64[bytes[at]!]!
    if (digit === NOT_A_DIGIT) source.failValue('base64', start)
    group = ((group << 6) | digit) & 0xfff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[end++] = group >> bits
  }
  if ((textEnd - bytesStart) % 4 === 1) source.failValue('base64', start)
  writer.end = end
  writer.close(bytesStart)
}

/** The text that begins at the source's quote, for the rare places that need it as a string. Takes it. */
export function readText(source: JsonSource, writer: ProtobufWriter): string {
  const start = writer.end
  source.at++
  copyText(source, writer)
  const text = writer.bytes.toString('latin1', start, writer.end)
  writer.end = start
  return text
}

function copyEscape(source: JsonSource, writer: ProtobufWriter): void {
  const letter = source.at + 1 < source.length ? source.bytes[source.at + 1]! : 0
  if (letter !== LETTER_U) {
    source.at++
    if (ESCAPED[letter] === 0) source.failSyntax('one of "\\/bfnrtu')
    source.at++
    writer.bytes[writer.end++] = ESCAPED[letter]!
    return
  }
  const unit = readUnit(source)
  if (unit < 0xd800 || unit > 0xdfff) return writeCodePoint(writer, unit)
  if (unit > 0xdbff || !isUnitNext(source)) return writeCodePoint(writer, REPLACEMENT)
  const afterHigh = source.at
  const low = readUnit(source)
  if (low >= 0xdc00 && low <= 0xdfff) {
    writeCodePoint(writer, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
  } else {
    source.at = afterHigh
    writeCodePoint(writer, REPLACEMENT)
  }
}

function isUnitNext({ bytes, at }: JsonSource): boolean {
  return bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U
}

/** The four hex digits after `\u`. */
function readUnit(source: JsonSource): number {
  source.at += 2
  let unit = 0
  for (let count = 0; count < 4; count++) {
    const digit = source.at < source.length ? HEX[source.bytes[source.at]!]! : NOT_A_DIGIT
    if (digit === NOT_A_DIGIT) source.failSyntax('four hex digits after \\u')
    unit = (unit << 4) | digit
    source.at++
  }
  return unit
}

function writeCodePoint(writer: ProtobufWriter, point: number): void {
  const { bytes } = writer
  if (point < 0x80) {
    bytes[writer.end++] = point
    return
  }
  if (point < 0x800) {
    bytes[writer.end++] = 0xc0 | (point >> 6)
  } else {
    if (point < 0x10000) {
      bytes[writer.end++] = 0xe0 | (point >> 12)
    } else {
      bytes[writer.end++] = 0xf0 | (point >> 18)
      bytes[writer.end++] = 0x80 | ((point >> 12) & 0x3f)
    }
    bytes[writer.end++] = 0x80 | ((point >> 6) & 0x3f)
  }
  bytes[writer.end++] = 0x80 | (point & 0x3f)
}

function digits(alphabet: string): Uint8Array {
  const table = new Uint8Array(256).fill(NOT_A_DIGIT)
  for (let value = 0; value < alphabet.length; value++) table[alphabet.charCodeAt(value)] = value
  return table
}

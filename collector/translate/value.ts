import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import type { TranslationLimits } from './limits'
import { writeDouble, writeInt64 } from './number'
import { endOfText, writeJsonString } from './text'

/** An AnyValue may hold values this many levels deep, itself included. */
export const DEEPEST_VALUE = 64

const KEY = 0x0a
const VALUE = 0x12
const ELEMENT = 0x0a

const STRING_VALUE = 0x0a
const BOOL_VALUE = 0x10
const INT_VALUE = 0x18
const DOUBLE_VALUE = 0x21
const ARRAY_VALUE = 0x2a
const KVLIST_VALUE = 0x32
const BYTES_VALUE = 0x3a

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const QUOTE = 0x22
const DOLLAR = 0x24

/** Where the parts of a message lie that was sent in several pieces: start, end, start, end... */
type Parts = readonly number[]

/**
 * Writes attributes as JSON straight from the wire, by the rules of ARCHITECTURE.md ("Stored attribute values"). Each
 * method begins at the cursor and leaves it at the end it was given. A message that is neither split nor disordered, as
 * all exporters send it, takes the short way; any other is scanned first, which yields the same as protobuf's merging.
 */
export class ValueWriter {
  readonly #cursor: Cursor
  readonly #rows: RowBuffer
  readonly #maxBytes: number
  /** How many attributes an item may have; its reader counts them. */
  readonly maxAttributes: number
  /** Strings repaired so far, attributes left out by the readers of items, and values cut. */
  repaired = 0
  droppedAttributes = 0
  cutValues = 0
  #marked = [0, 0, 0]
  /** Whether a value was nested deeper than DEEPEST_VALUE, which was left out. */
  isTooDeep = false
  /** Whether a value was left out because the rows had outgrown `endLimit`. */
  isTooLarge = false
  /** How far the rows may reach before values are left out. */
  endLimit = Infinity
  /** Where the key of the attribute written last lies in the source. */
  keyStart = 0
  keyEnd = 0
  /** Where its value lies, if it is a string; else `textStart` is -1. */
  textStart = -1
  textEnd = -1

  constructor(cursor: Cursor, rows: RowBuffer, limits: TranslationLimits) {
    this.#cursor = cursor
    this.#rows = rows
    this.#maxBytes = limits.maxAttributeBytes
    this.maxAttributes = limits.maxAttributes
  }

  /** Remembers the counts, for `revert`. */
  mark(): void {
    this.#marked = [this.repaired, this.droppedAttributes, this.cutValues]
  }

  /** Takes back what was counted since the mark. */
  revert(): void {
    const marked = this.#marked
    this.repaired = marked[0]!
    this.droppedAttributes = marked[1]!
    this.cutValues = marked[2]!
  }

  /** Writes an AnyValue that stands alone, whose parts begin and end at these places. */
  anyValue(parts: Parts): void {
    this.textStart = -1
    this.#mergedValue(parts, 1)
  }

  /** Writes a KeyValue as `"key":value`. `depth` is that of the value, 1 for an attribute. */
  keyValue(end: number, depth: number): void {
    const cursor = this.#cursor
    const start = cursor.at
    this.textStart = -1
    if (start < end && cursor.bytes[start] === KEY) {
      cursor.at = start + 1
      const keyEnd = cursor.delimited(end)
      const keyStart = cursor.at
      if (keyEnd < end && cursor.bytes[keyEnd] === VALUE) {
        cursor.at = keyEnd + 1
        if (cursor.delimited(end) === end) {
          this.#key(keyStart, keyEnd)
          this.#value(end, depth)
          this.keyStart = keyStart
          this.keyEnd = keyEnd
          cursor.at = end
          return
        }
      }
    }
    cursor.at = start
    this.#mergedKeyValue(end, depth)
  }

  #mergedKeyValue(end: number, depth: number): void {
    const cursor = this.#cursor
    let keyStart = end
    let keyEnd = end
    const parts: number[] = []
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === KEY) {
        keyEnd = cursor.delimited(end)
        keyStart = cursor.at
        cursor.at = keyEnd
      } else if (tag === VALUE) {
        addPart(parts, cursor, end)
      } else cursor.skip(tag, end)
    }
    this.#key(keyStart, keyEnd)
    this.#mergedValue(parts, depth)
    this.keyStart = keyStart
    this.keyEnd = keyEnd
    cursor.at = end
  }

  /** Keys beginning with `$` get a second one, to be told from the wrappers of doubles and bytes. */
  #key(start: number, end: number): void {
    const rows = this.#rows
    const cursor = this.#cursor
    if (start < end && cursor.bytes[start] === DOLLAR) {
      const before = rows.end
      this.repaired += writeJsonString(rows, cursor, start, end)
      rows.reserve(1)
      rows.bytes.copyWithin(before + 2, before + 1, rows.end)
      rows.bytes[before + 1] = DOLLAR
      rows.end++
    } else {
      this.repaired += writeJsonString(rows, cursor, start, end)
    }
    rows.byte(COLON)
  }

  #value(end: number, depth: number): void {
    const cursor = this.#cursor
    const start = cursor.at
    if (start >= end) return this.#rows.ascii('null')
    if (depth > DEEPEST_VALUE || this.#rows.end > this.endLimit) return this.#omit(end, depth)
    const tag = cursor.bytes[start]!
    cursor.at = start + 1
    switch (tag) {
      case STRING_VALUE:
        if (cursor.delimited(end) === end) return this.#string(cursor.at, end, depth)
        break
      case INT_VALUE:
        cursor.varint(end)
        if (cursor.at === end) return writeInt64(this.#rows, cursor.low, cursor.high)
        break
      case BOOL_VALUE:
        cursor.varint(end)
        if (cursor.at === end) return this.#bool()
        break
      case DOUBLE_VALUE:
        cursor.fixed64(end)
        if (cursor.at === end) return this.#double(end - 8)
        break
      case ARRAY_VALUE:
        if (cursor.delimited(end) === end) return this.#array([cursor.at, end], depth)
        break
      case KVLIST_VALUE:
        if (cursor.delimited(end) === end) return this.#map([cursor.at, end], depth)
        break
      case BYTES_VALUE:
        if (cursor.delimited(end) === end) return this.#base64(cursor.at, end)
        break
    }
    this.#mergedValue([start, end], depth)
  }

  /** The last member of the oneof wins; parts of the same array or map in a row are joined. */
  #mergedValue(parts: Parts, depth: number): void {
    const cursor = this.#cursor
    let member = 0
    let from = 0
    let to = 0
    let pieces: number[] = []
    for (let index = 0; index < parts.length; index += 2) {
      cursor.at = parts[index]!
      const end = parts[index + 1]!
      while (cursor.at < end) {
        const tag = cursor.tag(end)
        if (tag === ARRAY_VALUE || tag === KVLIST_VALUE) {
          if (member !== tag) pieces = []
          member = tag
          addPart(pieces, cursor, end)
          continue
        }
        if (tag === STRING_VALUE || tag === BYTES_VALUE) {
          to = cursor.delimited(end)
          from = cursor.at
          cursor.at = to
          member = tag
        } else if (tag === BOOL_VALUE || tag === INT_VALUE || tag === DOUBLE_VALUE) {
          from = cursor.at
          cursor.skip(tag, end)
          to = cursor.at
          member = tag
        } else cursor.skip(tag, end)
      }
    }
    if (member !== 0 && depth > DEEPEST_VALUE) this.isTooDeep = true
    this.#member(depth > DEEPEST_VALUE ? 0 : member, from, to, pieces, depth)
  }

  #member(member: number, from: number, to: number, pieces: Parts, depth: number): void {
    const cursor = this.#cursor
    cursor.at = from
    switch (member) {
      case STRING_VALUE:
        return this.#string(from, to, depth)
      case BYTES_VALUE:
        return this.#base64(from, to)
      case BOOL_VALUE:
        cursor.varint(to)
        return this.#bool()
      case INT_VALUE:
        cursor.varint(to)
        return writeInt64(this.#rows, cursor.low, cursor.high)
      case DOUBLE_VALUE:
        return this.#double(from)
      case ARRAY_VALUE:
        return this.#array(pieces, depth)
      case KVLIST_VALUE:
        return this.#map(pieces, depth)
      default:
        return this.#rows.ascii('null')
    }
  }

  #string(start: number, end: number, depth: number): void {
    const cursor = this.#cursor
    let kept = end
    if (end - start > this.#maxBytes) {
      kept = endOfText(cursor.bytes, start + this.#maxBytes)
      this.cutValues++
    }
    if (depth === 1) {
      this.textStart = start
      this.textEnd = kept
    }
    this.repaired += writeJsonString(this.#rows, cursor, start, kept)
    cursor.at = end
  }

  #bool(): void {
    const { low, high } = this.#cursor
    this.#rows.ascii(low === 0 && high === 0 ? 'false' : 'true')
  }

  #double(at: number): void {
    writeDouble(this.#rows, this.#cursor.view.getFloat64(at, true))
  }

  #base64(start: number, end: number): void {
    const rows = this.#rows
    const cursor = this.#cursor
    let kept = end
    if (end - start > this.#maxBytes) {
      kept = start + this.#maxBytes
      this.cutValues++
    }
    rows.ascii('{"$bytes":"')
    const text = cursor.bytes.toString('base64', start, kept)
    rows.reserve(text.length + 2)
    rows.end += rows.bytes.write(text, rows.end, 'latin1')
    rows.bytes[rows.end++] = QUOTE
    rows.bytes[rows.end++] = CLOSE_BRACE
    cursor.at = end
  }

  #array(pieces: Parts, depth: number): void {
    const rows = this.#rows
    const cursor = this.#cursor
    rows.byte(OPEN_BRACKET)
    let isFirst = true
    for (let index = 0; index < pieces.length; index += 2) {
      cursor.at = pieces[index]!
      const end = pieces[index + 1]!
      while (cursor.at < end) {
        const tag = cursor.tag(end)
        if (tag === ELEMENT) {
          if (!isFirst) rows.byte(COMMA)
          isFirst = false
          const elementEnd = cursor.delimited(end)
          this.#value(elementEnd, depth + 1)
          cursor.at = elementEnd
        } else cursor.skip(tag, end)
      }
    }
    rows.byte(CLOSE_BRACKET)
  }

  #map(pieces: Parts, depth: number): void {
    const rows = this.#rows
    const cursor = this.#cursor
    rows.byte(OPEN_BRACE)
    let isFirst = true
    for (let index = 0; index < pieces.length; index += 2) {
      cursor.at = pieces[index]!
      const end = pieces[index + 1]!
      while (cursor.at < end) {
        const tag = cursor.tag(end)
        if (tag === ELEMENT) {
          if (!isFirst) rows.byte(COMMA)
          isFirst = false
          this.keyValue(cursor.delimited(end), depth + 1)
        } else cursor.skip(tag, end)
      }
    }
    rows.byte(CLOSE_BRACE)
  }

  #omit(end: number, depth: number): void {
    if (depth > DEEPEST_VALUE) this.isTooDeep = true
    else this.isTooLarge = true
    this.#rows.ascii('null')
    this.#cursor.at = end
  }
}

function addPart(parts: number[], cursor: Cursor, limit: number): void {
  const end = cursor.delimited(limit)
  parts.push(cursor.at, end)
  cursor.at = end
}

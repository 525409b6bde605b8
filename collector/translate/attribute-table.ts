import type { Cursor } from '../otlp/cursor'
import { decodeText, endOfText } from './text'

/** Where the parts of a message lie in the source: start, end, start, end... */
type Parts = readonly number[]

/** What an AnyValue says: the member sent last, and where it lies; several pieces only of an array or a map. */
interface Member {
  readonly tag: number
  readonly pieces: Parts
}

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
const MEMBERS = new Set([
  STRING_VALUE,
  BOOL_VALUE,
  INT_VALUE,
  DOUBLE_VALUE,
  ARRAY_VALUE,
  KVLIST_VALUE,
  BYTES_VALUE,
])
const DELIMITED = 2

/** Longer texts are cut, where nothing else is said. */
const LONGEST_TEXT_BYTES = 1_024
const LONGEST_KEY_BYTES = 64
const MOST_KEYS = 16

/**
 * Attributes of an item where they lie in the body, to be looked up by name: nothing is decoded but what is asked for. Of
 * several with one name the last counts.
 */
export class AttributeTable {
  readonly #cursor: Cursor
  readonly #keyStarts: number[] = []
  readonly #keyEnds: number[] = []
  /** Of values sent in one part, as nearly all are, where it lies; -1 of others. */
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  /** Of the others all parts, by the number of the attribute. */
  readonly #split = new Map<number, Parts>()
  /** Bits of the lengths and of the last letters of the names there are: most names asked for are of neither. */
  #lengths = 0
  #letters = 0
  /** How many there are. */
  count = 0
  /** Where the KeyValues begin and end; what lies beyond `count` of them is of items before. */
  readonly places: number[] = []

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  clear(): void {
    this.count = 0
    this.#lengths = this.#letters = 0
    if (this.#split.size > 0) this.#split.clear()
  }

  /** Adds the KeyValue that begins at the cursor. */
  read(end: number): void {
    const cursor = this.#cursor
    const index = this.count++
    const { places } = this
    let keyStart = end
    let keyEnd = end
    let parts: number[] | null = null
    places[index * 2] = cursor.at
    places[index * 2 + 1] = end
    this.#starts[index] = this.#ends[index] = -1
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag !== KEY && tag !== VALUE) {
        cursor.skip(tag, end)
        continue
      }
      const fieldEnd = cursor.delimited(end)
      if (tag === KEY) {
        keyStart = cursor.at
        keyEnd = fieldEnd
      } else if (this.#starts[index] === -1 && parts === null) {
        this.#starts[index] = cursor.at
        this.#ends[index] = fieldEnd
      } else {
        parts ??= [this.#starts[index]!, this.#ends[index]!]
        parts.push(cursor.at, fieldEnd)
      }
      cursor.at = fieldEnd
    }
    this.#keyStarts[index] = keyStart
    this.#keyEnds[index] = keyEnd
    this.#lengths |= 1 << ((keyEnd - keyStart) & 31)
    if (keyEnd > keyStart) this.#letters |= 1 << (cursor.bytes[keyEnd - 1]! & 31)
    if (parts === null) return
    this.#starts[index] = -1
    this.#split.set(index, parts)
  }

  /** Adds what a map holds, given as `mapOf` or `map` give it. */
  readMap(pieces: Parts): void {
    const cursor = this.#cursor
    for (let index = 0; index < pieces.length; index += 2) {
      cursor.at = pieces[index]!
      const end = pieces[index + 1]!
      while (cursor.at < end) {
        const tag = cursor.tag(end)
        if (tag === ELEMENT) this.read(cursor.delimited(end))
        else cursor.skip(tag, end)
      }
    }
  }

  /** A string, a number or a boolean as text, of a list the first; null where there is nothing of the kind. */
  text(name: Buffer, maxBytes = LONGEST_TEXT_BYTES): string | null {
    const index = this.#find(name)
    if (index === -1) return null
    return textOf(this.#cursor, this.#valueAt(index), maxBytes)
  }

  /** A string; null where the value is none. */
  string(name: Buffer, maxBytes: number): string | null {
    const index = this.#find(name)
    if (index === -1) return null
    const value = this.#valueAt(index)
    if (memberOf(this.#cursor, value).tag !== STRING_VALUE) return null
    return textOf(this.#cursor, value, maxBytes)
  }

  /** The first of the names that says something. */
  firstText(names: readonly Buffer[], maxBytes = LONGEST_TEXT_BYTES): string | null {
    for (const name of names) {
      const text = this.text(name, maxBytes)
      if (text !== null && text !== '') return text
    }
    return null
  }

  /** Where the map lies that is the value; null where it is none. */
  map(name: Buffer): Parts | null {
    const index = this.#find(name)
    return index === -1 ? null : mapOf(this.#cursor, this.#valueAt(index))
  }

  /** The first names there are. */
  keys(): string[] {
    const { bytes } = this.#cursor
    return this.#keyStarts
      .slice(0, Math.min(this.count, MOST_KEYS))
      .map((start, index) => decodeCut(bytes, start, this.#keyEnds[index]!, LONGEST_KEY_BYTES))
  }

  /** Whether the attribute at this place of `places` has the name. */
  isNamed(place: number, name: Buffer): boolean {
    const index = place >> 1
    const start = this.#keyStarts[index]!
    return this.#keyEnds[index]! - start === name.length && isAt(this.#cursor, start, name)
  }

  /** The number of the last attribute of the name, -1 without. */
  #find(name: Buffer): number {
    const { length } = name
    if ((this.#lengths & (1 << (length & 31))) === 0) return -1
    if (length > 0 && (this.#letters & (1 << (name[length - 1]! & 31))) === 0) return -1
    for (let index = this.count - 1; index >= 0; index--) {
      const start = this.#keyStarts[index]!
      if (this.#keyEnds[index]! - start !== length) continue
      if (isAt(this.#cursor, start, name)) return index
    }
    return -1
  }

  #valueAt(index: number): Parts {
    const start = this.#starts[index]!
    return start === -1 ? (this.#split.get(index) ?? []) : [start, this.#ends[index]!]
  }
}

/** Where the text begins of an AnyValue that is one string and nothing else, as most are; -1 of others. */
function startOfString(cursor: Cursor, start: number, end: number): number {
  if (start === end || cursor.bytes[start] !== STRING_VALUE) return -1
  cursor.at = start + 1
  return cursor.delimited(end) === end ? cursor.at : -1
}

/** The AnyValue, a string, a number or a boolean, as text, of a list the first; null where it is nothing of the kind. */
export function textOf(cursor: Cursor, value: Parts, maxBytes: number): string | null {
  if (value.length === 2) {
    const textStart = startOfString(cursor, value[0]!, value[1]!)
    if (textStart !== -1) return decodeCut(cursor.bytes, textStart, value[1]!, maxBytes)
  }
  const member = memberOf(cursor, value)
  const [start = 0, end = 0] = member.pieces
  switch (member.tag) {
    case STRING_VALUE:
      return decodeCut(cursor.bytes, start, end, maxBytes)
    case BOOL_VALUE:
    case INT_VALUE:
      cursor.at = start
      cursor.varint(end)
      return integerOf(cursor, member.tag)
    case DOUBLE_VALUE:
      return String(cursor.view.getFloat64(start, true))
    case ARRAY_VALUE: {
      const first = firstOf(cursor, member.pieces)
      // A list of lists says nothing.
      if (first === null || memberOf(cursor, first).tag === ARRAY_VALUE) return null
      return textOf(cursor, first, maxBytes)
    }
    default:
      return null
  }
}

/** Where the elements of the map lie that the AnyValue is; null where it is none. */
export function mapOf(cursor: Cursor, value: Parts): Parts | null {
  const { tag, pieces } = memberOf(cursor, value)
  return tag === KVLIST_VALUE ? pieces : null
}

/** Whole characters of a text, up to so many bytes of it. */
export function decodeCut(bytes: Buffer, start: number, end: number, maxBytes: number): string {
  if (end - start <= maxBytes) return decodeText(bytes, start, end)
  return decodeText(bytes, start, endOfText(bytes, start + maxBytes))
}

function memberOf(cursor: Cursor, value: Parts): Member {
  let member = 0
  let pieces: number[] = []
  for (let index = 0; index < value.length; index += 2) {
    cursor.at = value[index]!
    const end = value[index + 1]!
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      const isList = tag === ARRAY_VALUE || tag === KVLIST_VALUE
      const fieldEnd = (tag & 7) === DELIMITED ? cursor.delimited(end) : -1
      const start = cursor.at
      if (fieldEnd === -1) cursor.skip(tag, end)
      else cursor.at = fieldEnd
      if (!MEMBERS.has(tag)) continue
      if (!isList || member !== tag) pieces = []
      member = tag
      pieces.push(start, cursor.at)
    }
  }
  return { tag: member, pieces }
}

function integerOf({ low, high }: Cursor, tag: number): string {
  if (tag === BOOL_VALUE) return low === 0 && high === 0 ? 'false' : 'true'
  return String((BigInt(high) << 32n) | BigInt(low >>> 0))
}

function firstOf(cursor: Cursor, pieces: Parts): Parts | null {
  for (let index = 0; index < pieces.length; index += 2) {
    cursor.at = pieces[index]!
    const end = pieces[index + 1]!
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === ELEMENT) {
        const elementEnd = cursor.delimited(end)
        return [cursor.at, elementEnd]
      }
      cursor.skip(tag, end)
    }
  }
  return null
}

function isAt({ bytes }: Cursor, start: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index++) {
    if (bytes[start + index] !== name[index]) return false
  }
  return true
}

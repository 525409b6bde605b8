import type { Writer } from './writer'

/**
 * Writes attributes as repeated KeyValue in the field `tag`. `limit`: how many at most. Returns how many were left out.
 */
export function writeAttributes(
  writer: Writer,
  tag: number,
  attributes: object,
  limit = Infinity,
): number {
  let count = 0
  for (const key in attributes) {
    if (!Object.hasOwn(attributes, key)) continue
    if (count++ < limit) writeKeyValue(writer, tag, key, read(attributes, key), 0)
  }
  return count > limit ? count - limit : 0
}

/** Writes any value as the content of an AnyValue message; values that OTLP has no kind for are an empty one. */
export function writeValue(writer: Writer, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      writer.text(STRING, value)
      break
    case 'number':
      writeNumber(writer, value)
      break
    case 'boolean':
      writer.reserve(2)
      writer.tag(BOOL)
      writer.varint(value ? 1 : 0)
      break
    case 'bigint':
      writeBigint(writer, value)
      break
    case 'object':
      if (value !== null) writeObject(writer, value, depth)
      break
    default:
  }
}

/** Objects inside of objects; what is deeper is said to be there. It also ends every cycle. */
const MAX_DEPTH = 12
/** Values in one attribute: objects that hold each other many times over would never end otherwise. */
const MAX_VALUES = 20_000

const STRING = 0x0a
const BOOL = 0x10
const INT = 0x18
const DOUBLE = 0x21
const ARRAY = 0x2a
const KEY_VALUES = 0x32
const BYTES = 0x3a
/** The first field of ArrayValue, KeyValueList and KeyValue. */
const FIRST = 0x0a
const SECOND = 0x12

/** Tags and lengths of a KeyValue with a short string. */
const KEY_VALUE_OVERHEAD = 6
const NUMBER_BYTES = 10
/** So that each of its lengths takes one byte. */
const MAX_SHORT_PAIR = 0x7f
const NESTED_BYTES = 0x80

/** The objects a value is inside of, outermost first, and the values the attribute may still have. */
const ancestors: object[] = []
let valuesLeft = MAX_VALUES

function writeKeyValue(
  writer: Writer,
  tag: number,
  key: string,
  value: unknown,
  depth: number,
): void {
  if (typeof value === 'string' && writeShortPair(writer, tag, key, value)) return
  const size = expectedSize(value)
  const pair = writer.open(tag, key.length + size + KEY_VALUE_OVERHEAD)
  writer.text(FIRST, key)
  const content = writer.open(SECOND, size + 2)
  writeValue(writer, value, depth)
  writer.close(content)
  writer.close(pair)
}

/** What most attributes are, written in one go. False, and nothing written, for one that is longer or not ASCII. */
function writeShortPair(writer: Writer, tag: number, key: string, value: string): boolean {
  const keyLength = key.length
  const valueLength = value.length
  const length = keyLength + valueLength + KEY_VALUE_OVERHEAD
  if (length > MAX_SHORT_PAIR) return false
  writer.reserve(length + 2)
  const { buffer } = writer
  let at = writer.at
  buffer[at++] = tag
  buffer[at++] = length
  buffer[at++] = FIRST
  buffer[at++] = keyLength
  let all = 0
  for (let index = 0; index < keyLength; index++) {
    const code = key.charCodeAt(index)
    all |= code
    buffer[at++] = code
  }
  buffer[at++] = SECOND
  buffer[at++] = valueLength + 2
  buffer[at++] = STRING
  buffer[at++] = valueLength
  for (let index = 0; index < valueLength; index++) {
    const code = value.charCodeAt(index)
    all |= code
    buffer[at++] = code
  }
  if (all > 0x7f) return false
  writer.at = at
  return true
}

function expectedSize(value: unknown): number {
  if (typeof value === 'string') return value.length
  return typeof value === 'object' && value !== null ? NESTED_BYTES : NUMBER_BYTES
}

/** Integers as int64 and the rest as doubles, as the exporters of OpenTelemetry do. */
function writeNumber(writer: Writer, value: number): void {
  writer.reserve(1)
  if (Number.isSafeInteger(value)) {
    writer.tag(INT)
    if (value >= 0) writer.varint(value)
    else writer.varint64(BigInt(value))
  } else if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63) {
    writer.tag(INT)
    writer.varint64(BigInt(value))
  } else {
    writer.tag(DOUBLE)
    writer.double(value)
  }
}

function writeBigint(writer: Writer, value: bigint): void {
  if (BigInt.asIntN(64, value) !== value) {
    writer.text(STRING, String(value))
    return
  }
  writer.reserve(1)
  writer.tag(INT)
  writer.varint64(value)
}

function writeObject(writer: Writer, value: object, depth: number): void {
  if (depth === 0) valuesLeft = MAX_VALUES
  const start = writer.at
  ancestors.push(value)
  try {
    if (value instanceof Uint8Array) writer.bytes(BYTES, value)
    else if (ancestors.indexOf(value) < ancestors.length - 1) writer.text(STRING, '[Circular]')
    else writeNested(writer, value, depth)
  } catch {
    // Its proxy or its `toJSON` throws; the value is an empty one then.
    writer.at = start
  }
  ancestors.pop()
}

function writeNested(writer: Writer, value: object, depth: number): void {
  const isArray = Array.isArray(value)
  if (depth >= MAX_DEPTH || valuesLeft <= 0) {
    writer.text(STRING, isArray ? '[Array]' : '[Object]')
  } else if (isArray) {
    writeArray(writer, value, depth)
  } else {
    writeRecord(writer, value, depth)
  }
}

function writeArray(writer: Writer, values: readonly unknown[], depth: number): void {
  const content = writer.open(ARRAY, NESTED_BYTES)
  const { length } = values
  for (let index = 0; index < length && valuesLeft-- > 0; index++) {
    const value = read(values, index)
    const item = writer.open(FIRST, expectedSize(value) + 2)
    writeValue(writer, value, depth + 1)
    writer.close(item)
  }
  writer.close(content)
}

function writeRecord(writer: Writer, value: object, depth: number): void {
  const plain = plainOf(value)
  if (plain !== value) {
    writeValue(writer, plain, depth + 1)
    return
  }
  const content = writer.open(KEY_VALUES, NESTED_BYTES)
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue
    if (valuesLeft-- <= 0) break
    writeKeyValue(writer, FIRST, key, read(value, key), depth + 1)
  }
  writer.close(content)
}

/** What stands for an object: of a date its ISO text, of an error what it says, else what it makes of itself for JSON. */
function plainOf(value: object): unknown {
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    return (value as { toJSON(): unknown }).toJSON()
  }
  if (!(value instanceof Error)) return value
  const { name, message, stack } = value
  return { ...value, type: name, message, stack }
}

function read(from: object, key: string | number): unknown {
  try {
    return (from as Record<string | number, unknown>)[key]
  } catch {
    // A getter that throws.
    return undefined
  }
}

import { cutText } from './argument'

/** What is copied at most: how many values in all, and characters of a text. */
export interface Most {
  readonly values: number
  readonly text: number
}

/**
 * A copy of a field that an application gave, of nothing but what JSON has: dates in RFC 3339, errors as text, maps and sets as
 * objects and lists. It is bounded, whatever is given: 64 names, 128 items of a list, objects four deep. Undefined for what cannot be
 * told, or cannot be read.
 */
export function plainFieldOf(object: object, name: string, most: Most): unknown {
  return readField(object, name, beginReading(most))
}

/** The same of all fields of an object, whatever it is; those that cannot be read are left out. */
export function plainRecordOf(object: object, most: Most): Record<string, unknown> {
  return readRecord(object, beginReading(most))
}

const MOST_NAMES = 64
const MOST_ITEMS = 128
const LONGEST_NAME = 256
const DEEPEST = 4

/** A read under way: what may still be read, and the objects it is inside of. */
interface Reading {
  readonly text: number
  valuesLeft: number
  readonly open: object[]
}

function beginReading({ text, values }: Most): Reading {
  return { text, valuesLeft: values, open: [] }
}

function readRecord(object: object, reading: Reading): Record<string, unknown> {
  const read: Record<string, unknown> = {}
  // To list the names of bytes takes longer than all else.
  if (ArrayBuffer.isView(object)) return read
  let names = 0
  for (const name of Object.keys(object)) {
    if (names++ >= MOST_NAMES || reading.valuesLeft <= 0) break
    const value = readField(object, name, reading)
    if (value !== undefined && name !== '__proto__') read[name.slice(0, LONGEST_NAME)] = value
  }
  return read
}

function readField(object: object, name: string, reading: Reading): unknown {
  try {
    return readValue((object as Readonly<Record<string, unknown>>)[name], reading)
  } catch {
    // An accessor of the application's, or a proxy.
    return undefined
  }
}

function readValue(value: unknown, reading: Reading): unknown {
  reading.valuesLeft--
  switch (typeof value) {
    case 'string':
      return value.length > reading.text ? cutText(value, reading.text) : value
    case 'bigint':
      return BigInt.asIntN(53, value) === value ? Number(value) : value.toString()
    case 'number':
    case 'boolean':
      return value
    case 'object':
      return value === null ? null : readObject(value, reading)
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined
  }
}

function readObject(object: object, reading: Reading): unknown {
  if (object instanceof Date) return object.toJSON()
  if (object instanceof Error) return readValue(`${object.name}: ${object.message}`, reading)
  if (ArrayBuffer.isView(object)) return `[${object.byteLength} bytes]`
  const { open } = reading
  if (open.includes(object)) return '[circular]'
  if (open.length >= DEEPEST) return Array.isArray(object) ? '[list]' : '[object]'
  open.push(object)
  try {
    return readNested(object, reading)
  } finally {
    open.pop()
  }
}

function readNested(object: object, reading: Reading): unknown {
  const { toJSON } = object as { toJSON?: unknown }
  if (typeof toJSON === 'function') return readValue(Reflect.apply(toJSON, object, ['']), reading)
  if (Array.isArray(object) || object instanceof Set) return readList(object, reading)
  if (object instanceof Map) return readMap(object, reading)
  return readRecord(object, reading)
}

function readMap(map: ReadonlyMap<unknown, unknown>, reading: Reading): Record<string, unknown> {
  const entries: [string, unknown][] = []
  for (const [key, value] of map) {
    if (entries.length >= MOST_NAMES) break
    entries.push([typeof key === 'string' ? key : typeof key, value])
  }
  return readRecord(Object.fromEntries(entries), reading)
}

function readList(list: Iterable<unknown>, reading: Reading): unknown[] {
  const read: unknown[] = []
  for (const value of list) {
    if (read.length >= MOST_ITEMS || reading.valuesLeft <= 0) break
    read.push(readValue(value, reading) ?? null)
  }
  return read
}

import type { Attributes, AttributeValue } from '@opentelemetry/api'
import { ATTRIBUTE } from './attributes'
import { redact } from './redaction'

/** Whatever an application says of an operation or error, by name. */
export type Metadata = Readonly<Record<string, unknown>>

/**
 * What an application says as attributes: texts, numbers, booleans and lists of one of these as they are, dates in RFC 3339,
 * anything else as JSON. Secrets are redacted. It is bounded, whatever is given: 64 names, 128 items of a list, 4,096
 * characters a value, objects four deep. Never throws; what cannot be read is left out, and so is the field `without`.
 */
export function attributesOf(metadata: unknown, without?: string): Attributes {
  if (typeof metadata !== 'object' || metadata === null) return {}
  try {
    const reading = { valuesLeft: MOST_VALUES, open: [] }
    const read = redact(readRecord(metadata, reading))
    const attributes: Attributes = {}
    for (const name of Object.keys(read)) {
      const value = name === without ? undefined : attributeOf(read[name])
      if (value !== undefined) attributes[NAMES[name] ?? name] = value
    }
    return attributes
  } catch {
    return {}
  }
}

/** The same for when it is needed. */
export function describer(metadata: Metadata | undefined): (() => Attributes) | undefined {
  return metadata === undefined ? undefined : () => attributesOf(metadata)
}

/** Fields of a request by their names in code, and what they are called everywhere else. */
const NAMES: Readonly<Record<string, string>> = {
  __proto__: null as never,
  requestId: ATTRIBUTE.requestId,
  correlationId: ATTRIBUTE.correlationId,
  userId: ATTRIBUTE.userId,
  tenantId: ATTRIBUTE.tenantId,
  agentId: ATTRIBUTE.agentId,
  httpMethod: ATTRIBUTE.httpMethod,
  httpPath: ATTRIBUTE.httpPath,
}

const MOST_VALUES = 1_000
const MOST_NAMES = 64
const MOST_ITEMS = 128
const LONGEST_NAME = 256
const LONGEST_TEXT = 4_096
const DEEPEST = 4

/** A read under way: what may still be read, and the objects it is inside of. */
interface Reading {
  valuesLeft: number
  readonly open: object[]
}

function readRecord(object: object, reading: Reading): Record<string, unknown> {
  const read: Record<string, unknown> = {}
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
    return readValue((object as Metadata)[name], reading)
  } catch {
    // An accessor of the application's.
    return undefined
  }
}

function readValue(value: unknown, reading: Reading): unknown {
  reading.valuesLeft--
  switch (typeof value) {
    case 'string':
      return value.length > LONGEST_TEXT ? value.slice(0, LONGEST_TEXT) : value
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
  if (object instanceof Date) return object.toISOString()
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

function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value !== 'object') return value as AttributeValue | undefined
  if (value === null) return undefined
  if (Array.isArray(value) && isUniform(value)) return value
  return JSON.stringify(value).slice(0, LONGEST_TEXT)
}

/** Whether it is a list as attributes can be. */
function isUniform(list: readonly unknown[]): list is string[] {
  const type = typeof list[0]
  if (type !== 'string' && type !== 'number' && type !== 'boolean') return list.length === 0
  return list.every((value) => typeof value === type)
}

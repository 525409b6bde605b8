import type { Message } from './target'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A string, or a number, of JSON. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs
const INT64_LIMIT = 2n ** 63n

/** An int64 that stands in JSON as an integer; no key of a sender's begins with one `$`. */
const INTEGER = '$integer'

/** jsonb text with its integers, which were int64, told from its doubles. See "Attribute values" in schema/README.md. */
export function parseJsonb(text: string): Json {
  const marked = text.replace(TOKEN, (token) =>
    isInteger(token) ? `{"${INTEGER}":"${token}"}` : token,
  )
  return JSON.parse(marked) as Json
}

/** A stored attribute value as AnyValue. */
export function anyValueOf(value: Json): Message {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return { doubleValue: value }
  if (isList(value)) return { arrayValue: { values: value.map(anyValueOf) } }
  const [[key, only] = [], ...more] = Object.entries(value)
  if (more.length === 0 && typeof only === 'string') {
    if (key === INTEGER) return { intValue: only }
    if (key === '$double') return { doubleValue: only === '-0' ? -0 : Number(only) }
    if (key === '$bytes') return { bytesValue: Buffer.from(only, 'base64') }
  }
  return { kvlistValue: { values: keyValuesOf(value) } }
}

/** A stored map as KeyValues. */
export function keyValuesOf(map: Json): Message[] {
  return Object.entries(map as Record<string, Json>).map(([key, value]) => ({
    key: key.startsWith('$') ? key.slice(1) : key,
    value: anyValueOf(value),
  }))
}

/** A number that is not an attribute's: of a column in JSON, or of a field beside the attributes. */
export function plainOf(value: Json | undefined): string | number | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' || typeof value === 'string') return value
  const any = anyValueOf(value)
  return (any['intValue'] ?? any['doubleValue']) as string | number
}

export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

export type { Json }

function isInteger(token: string): boolean {
  if (!/^-?\d+$/.test(token)) return false
  const value = BigInt(token)
  return value >= -INT64_LIMIT && value < INT64_LIMIT
}

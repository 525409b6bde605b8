import type { RowBuffer } from '../../collector/translate/buffer'
import type { Identity } from '../../collector/translate/identity'
import { identify } from '../../collector/translate/identity'
import { UNCHANGED } from '../../collector/translate/limits'

export interface AnyValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: { toNumber(): number }
  readonly doubleValue?: number
  readonly arrayValue?: { readonly values: readonly AnyValue[] }
  readonly kvlistValue?: { readonly values: readonly KeyValue[] }
  readonly value?: keyof AnyValue
}

export interface KeyValue {
  readonly key: string
  readonly value?: AnyValue
}

export interface Resource {
  readonly attributes: readonly KeyValue[]
}

/** Ids by what is named, made once. */
export function createIdentities(): (name: string) => Identity {
  const identities = new Map<string, Identity>()
  return (name) => {
    let known = identities.get(name)
    if (known === undefined) {
      known = identify('operation', [name], [name], UNCHANGED)
      identities.set(name, known)
    }
    return known
  }
}

export function toObject(attributes: readonly KeyValue[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const { key, value } of attributes) object[key] = value ? toJson(value) : null
  return object
}

export function toJson(value: AnyValue): unknown {
  switch (value.value) {
    case 'stringValue':
      return value.stringValue
    case 'boolValue':
      return value.boolValue
    case 'intValue':
      return value.intValue?.toNumber()
    case 'doubleValue':
      return value.doubleValue
    case 'arrayValue':
      return value.arrayValue?.values.map(toJson)
    case 'kvlistValue':
      return toObject(value.kvlistValue?.values ?? [])
    default:
      return null
  }
}

export function writeJson(rows: RowBuffer, value: object | null): void {
  if (value === null) return writeNull(rows)
  const text = JSON.stringify(value)
  rows.reserve(text.length * 3 + 512)
  const size = rows.bytes.write(text, rows.end + 5)
  rows.bytes.writeInt32BE(size + 1, rows.end)
  rows.bytes[rows.end + 4] = 1
  rows.end += size + 5
}

export function writeText(rows: RowBuffer, text: string): void {
  if (text === '') return writeNull(rows)
  rows.reserve(text.length * 3 + 512)
  const size = rows.bytes.write(text, rows.end + 4)
  rows.bytes.writeInt32BE(size, rows.end)
  rows.end += size + 4
}

export function writeBytes(rows: RowBuffer, bytes: Buffer): void {
  if (bytes.length === 0) return writeNull(rows)
  rows.end = rows.bytes.writeInt32BE(bytes.length, rows.end)
  rows.bytes.set(bytes, rows.end)
  rows.end += bytes.length
}

export function writeCount(rows: RowBuffer, count: number): void {
  if (count === 0) writeNull(rows)
  else writeInt64(rows, 0, count | 0)
}

export function writeInt64(rows: RowBuffer, high: number, low: number): void {
  rows.view.setInt32(rows.end, 8)
  rows.view.setInt32(rows.end + 4, high)
  rows.view.setInt32(rows.end + 8, low)
  rows.end += 12
}

export function writeInt32(rows: RowBuffer, value: number): void {
  rows.view.setInt32(rows.end, 4)
  rows.view.setInt32(rows.end + 4, value)
  rows.end += 8
}

export function writeInt16(rows: RowBuffer, value: number): void {
  rows.view.setInt32(rows.end, 2)
  rows.view.setInt16(rows.end + 4, value)
  rows.end += 6
}

export function writeNull(rows: RowBuffer): void {
  rows.view.setInt32(rows.end, -1)
  rows.end += 4
}

export function writeDouble(rows: RowBuffer, value: number): void {
  rows.view.setInt32(rows.end, 8)
  rows.view.setFloat64(rows.end + 4, value)
  rows.end += 12
}

/** A 64-bit number as protobufjs decodes it. */
export interface Long {
  readonly high: number
  readonly low: number
}

/** An array of bigint, null when empty. */
export function writeInt64s(rows: RowBuffer, values: readonly Long[]): void {
  if (values.length === 0) return writeNull(rows)
  const bodyBytes = ARRAY_HEAD.length * 4 + values.length * 12
  rows.reserve(bodyBytes + 12)
  // Its length, one dimension without nulls, the type, how many from which index.
  for (const word of [bodyBytes + 8, ...ARRAY_HEAD, values.length, 1]) {
    rows.view.setInt32(rows.end, word)
    rows.end += 4
  }
  for (const { high, low } of values) writeInt64(rows, high, low)
}

const INT8_OID = 20
const ARRAY_HEAD = [1, 0, INT8_OID]

import type { CopyRows } from '../../collector/translate/rows'

/** A decoded value: bigint for int8, number for int2 and int4, text for the rest; jsonb as its text. */
export type Field = bigint | number | string | null
export type Row = Readonly<Record<string, Field>>

/** Reads the bytes of one value. */
export type Decode<T> = (bytes: Buffer) => T

/** 2000-01-01 in Unix microseconds. */
const POSTGRES_EPOCH_US = 946_684_800_000_000n

export const jsonb: Decode<string> = (bytes) => {
  if (bytes[0] !== 1) throw new Error(`jsonb of version ${bytes[0]}`)
  return text(bytes.subarray(1))
}
export const int8: Decode<bigint> = (bytes) => sized(bytes, 8).readBigInt64BE()
export const int4: Decode<number> = (bytes) => sized(bytes, 4).readInt32BE()
export const int2: Decode<number> = (bytes) => sized(bytes, 2).readInt16BE()
export const float8: Decode<number> = (bytes) => sized(bytes, 8).readDoubleBE()
/** 1 or 0. */
export const bool: Decode<number> = (bytes) => sized(bytes, 1).readInt8()
const text: Decode<string> = (bytes) => new TextDecoder('utf8', { fatal: true }).decode(bytes)
const uuid: Decode<string> = (bytes) => sized(bytes, 16).toString('hex')
/** Unix microseconds. */
export const timestamptz: Decode<bigint> = (bytes) => int8(bytes) + POSTGRES_EPOCH_US

/** The columns of every table; those of one name have one type in all of them. */
const TYPES: Readonly<Record<string, Decode<Field>>> = {
  attributes: jsonb,
  events: jsonb,
  links: jsonb,
  trace_id: uuid,
  span_id: int8,
  parent_span_id: int8,
  start_time: timestamptz,
  start_ns: int2,
  end_time: timestamptz,
  end_ns: int2,
  duration_ns: int8,
  service_id: int8,
  operation_id: int8,
  resource_id: int8,
  scope_id: int8,
  flags: int4,
  kind: int4,
  status: int4,
  name: text,
  status_message: text,
  trace_state: text,
  dropped_attributes_count: int8,
  dropped_events_count: int8,
  dropped_links_count: int8,
  time: timestamptz,
  time_ns: int2,
  observed_time: timestamptz,
  observed_ns: int2,
  severity_number: int4,
  sent_severity_number: int4,
  severity_text: text,
  event_name: text,
  body: text,
  body_value: jsonb,
  id: text,
  bucket: timestamptz,
  adjusted_count: float8,
  is_error: bool,
}

/** Decodes rows of `SPAN` by their column names. Throws unless rows and offsets fit together to the byte. */
export function decodeSpanRows(copies: readonly CopyRows[]): Row[] {
  return decodeRows(copies, 'span')
}

/** The same for the rows of any table; what else was copied is passed over. */
export function decodeRows(copies: readonly CopyRows[], name: string): Row[] {
  return copies.flatMap(({ table, bytes, offsets }) => {
    if (table.name !== name) return []
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return offsets.map((start, index) =>
      decodeRow(source.subarray(start, offsets[index + 1] ?? source.length), table.columns, TYPES),
    )
  })
}

/** The columns of one row, each read as `types` says. Throws unless they fill it to the byte. */
export function decodeRow<T>(
  bytes: Buffer,
  columns: readonly string[],
  types: Readonly<Record<string, Decode<T>>>,
): Readonly<Record<string, T | null>> {
  if (bytes.readInt16BE() !== columns.length) throw new Error('a row of another length')
  const row: Record<string, T | null> = {}
  let at = 2
  for (const column of columns) {
    const length = bytes.readInt32BE(at)
    at += 4
    const decode = types[column]
    if (decode === undefined) throw new Error(`column ${column} has no type`)
    if (length > bytes.length - at) throw new Error(`column ${column} reaches past its row`)
    row[column] = length === -1 ? null : decode(bytes.subarray(at, at + length))
    at += Math.max(0, length)
  }
  if (at !== bytes.length) throw new Error('a row does not end where the next begins')
  return row
}

/** `bytes`, which must be as many. */
export function sized(bytes: Buffer, length: number): Buffer {
  if (bytes.length !== length) throw new Error(`${bytes.length} bytes instead of ${length}`)
  return bytes
}

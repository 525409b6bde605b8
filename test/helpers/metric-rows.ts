import type { CopyRows } from '../../collector/translate/rows'
import { type Decode, decodeRow, int2, int4, int8, jsonb, sized, timestamptz } from './copy-rows'

/** int8 as bigint, smaller integers and doubles as numbers, jsonb as its text, timestamptz as Unix microseconds. */
export type Field = bigint | number | string | null | readonly bigint[] | readonly number[]
export type MetricRow = Readonly<Record<string, Field>>

const INT8_OID = 20
const FLOAT8_OID = 701

const float8 = (bytes: Buffer) => sized(bytes, 8).readDoubleBE()
const int8s: Decode<Field> = (bytes) => elements(bytes, INT8_OID).map(int8)
const float8s: Decode<Field> = (bytes) => elements(bytes, FLOAT8_OID).map(float8)

const TYPES: Readonly<Record<string, Decode<Field>>> = {
  exemplars: jsonb,
  attributes: jsonb,
  series_id: int8,
  time: timestamptz,
  time_ns: int2,
  start_time: timestamptz,
  start_ns: int2,
  value: float8,
  value_int: int8,
  flags: int4,
  count: int8,
  sum: float8,
  min: float8,
  max: float8,
  bucket_counts: int8s,
  explicit_bounds: float8s,
  scale: int4,
  zero_count: int8,
  zero_threshold: float8,
  positive_offset: int4,
  positive_counts: int8s,
  negative_offset: int4,
  negative_counts: int8s,
  quantiles: float8s,
  quantile_values: float8s,
}

/** Decodes rows of both tables in the order of their data points, by column names. Throws unless they fit together to the byte. */
export function decodeMetricRows(copies: readonly CopyRows[]): MetricRow[] {
  return copies
    .flatMap(({ table, bytes, offsets, sources }) => {
      const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return offsets.map((start, index) => ({
        at: sources[index] ?? -1,
        row: decodeRow(
          source.subarray(start, offsets[index + 1] ?? source.length),
          table.columns,
          TYPES,
        ),
      }))
    })
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row)
}

/** The elements of an array of one dimension without nulls. */
function elements(bytes: Buffer, oid: number): Buffer[] {
  const dimensions = bytes.readInt32BE(0)
  if (bytes.readInt32BE(4) !== 0) throw new Error('an array that has nulls')
  if (bytes.readInt32BE(8) !== oid) throw new Error(`elements of type ${bytes.readInt32BE(8)}`)
  if (dimensions === 0) {
    sized(bytes, 12)
    return []
  }
  const count = bytes.readInt32BE(12)
  if (dimensions !== 1 || count === 0)
    throw new Error(`${count} elements, ${dimensions} dimensions`)
  if (bytes.readInt32BE(16) !== 1) throw new Error('subscripts that do not begin at 1')
  sized(bytes, 20 + count * 12)
  return Array.from({ length: count }, (_, index) => {
    const at = 20 + index * 12
    if (bytes.readInt32BE(at) !== 8) throw new Error('an element that is not 8 bytes long')
    return bytes.subarray(at + 4, at + 12)
  })
}

import { mergeRollups } from '../../collector/translate/rollup-merge'
import { type CopyRows, SPAN_ROLLUP, type Translated } from '../../collector/translate/rows'
import { bool, type Decode, decodeRow, float8, int2, int8, sized, timestamptz } from './copy-rows'

/** A row of `span_rollup`; what is double precision or an array as numbers, trace ids in hex. */
export interface RollupRow {
  /** Unix microseconds. */
  readonly bucket: bigint
  readonly level: number
  readonly is_request: boolean
  readonly service_id: bigint
  readonly operation_id: bigint
  readonly span_count: bigint
  readonly root_count: bigint
  readonly error_count: bigint
  readonly adjusted_count: number
  readonly adjusted_error_count: number
  readonly duration_sum_ns: number
  readonly duration_min_ns: bigint | null
  readonly duration_max_ns: bigint | null
  readonly zero_count: number
  readonly bucket_indexes: readonly number[]
  readonly bucket_counts: readonly number[]
  readonly slowest_trace_id: string | null
  readonly error_trace_id: string | null
  readonly random_trace_id: string | null
}

export const INT2_OID = 21
export const FLOAT8_OID = 701

const hex: Decode<string> = (bytes) => sized(bytes, 16).toString('hex')

const TYPES: Readonly<Record<keyof RollupRow, Decode<unknown>>> = {
  bucket: timestamptz,
  level: int2,
  is_request: (bytes) => bool(bytes) === 1,
  service_id: int8,
  operation_id: int8,
  span_count: int8,
  root_count: int8,
  error_count: int8,
  adjusted_count: float8,
  adjusted_error_count: float8,
  duration_sum_ns: float8,
  duration_min_ns: int8,
  duration_max_ns: int8,
  zero_count: float8,
  bucket_indexes: arrayOf(INT2_OID, int2),
  bucket_counts: arrayOf(FLOAT8_OID, float8),
  slowest_trace_id: hex,
  error_trace_id: hex,
  random_trace_id: hex,
}

/** The rollups of a request. Throws unless rows and offsets fit together to the byte. */
export function rollupRows({ copies }: Pick<Translated, 'copies'>): RollupRow[] {
  return copies.filter(isOfRollups).flatMap(({ bytes, offsets }) => decodeRows(bytes, offsets))
}

/** The merged rollups of requests. Throws unless they fill their memory to the byte. */
export function mergedRollupRows(requests: readonly Pick<Translated, 'copies'>[]): RollupRow[] {
  const copies = requests.flatMap((request) => request.copies.filter(isOfRollups))
  const merged = mergeRollups(copies.map(({ bytes }) => bytes))
  return decodeRows(merged, offsetsIn(Buffer.from(merged)))
}

function isOfRollups({ table }: CopyRows): boolean {
  return table === SPAN_ROLLUP
}

function decodeRows(bytes: Uint8Array, offsets: readonly number[]): RollupRow[] {
  const source = Buffer.from(bytes)
  return offsets.map((start, index) => {
    const row = source.subarray(start, offsets[index + 1] ?? source.length)
    return decodeRow(row, SPAN_ROLLUP.columns, TYPES) as unknown as RollupRow
  })
}

export function offsetsIn(source: Buffer): number[] {
  const offsets: number[] = []
  let at = 0
  while (at < source.length) {
    offsets.push(at)
    let fields = source.readInt16BE(at)
    at += 2
    while (fields-- > 0) at += 4 + Math.max(0, source.readInt32BE(at))
  }
  return offsets
}

export function arrayOf<T>(oid: number, decode: Decode<T>): Decode<readonly T[]> {
  return (bytes) => {
    if (bytes.readInt32BE(8) !== oid) throw new Error('an array of other elements')
    if (bytes.length === 12 && bytes.readInt32BE() === 0) return []
    const elements: T[] = []
    let at = 20
    for (let count = bytes.readInt32BE(12); count > 0; count--) {
      const end = at + 4 + bytes.readInt32BE(at)
      elements.push(decode(bytes.subarray(at + 4, end)))
      at = end
    }
    if (at !== bytes.length) throw new Error('an array that does not fill its field')
    return elements
  }
}

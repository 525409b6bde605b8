import { type CopyRows, EVENT, EVENT_ROLLUP, type Translated } from '../../collector/translate/rows'
import { mergeEventRollups } from '../../collector/translate/rollup-merge'
import { type Decode, decodeRow, float8, int2, int8, jsonb, sized, timestamptz } from './copy-rows'
import { arrayOf, FLOAT8_OID, INT2_OID, offsetsIn } from './rollup-rows'

/** What an event is about: tenant, kind, subject, detail. */
export type Subject = readonly (string | null)[]

/** A row of `event`, with what it is about and of. */
export interface EventRow {
  readonly attributes: string | null
  /** Unix microseconds. */
  readonly time: bigint
  readonly time_ns: number
  readonly subject: Subject
  readonly service: string
  readonly trace_id: string | null
  readonly span_id: bigint | null
  readonly outcome: string
  readonly duration_ns: bigint | null
  readonly amount: number | null
}

/** A row of `event_rollup`, likewise. */
export interface EventRollupRow {
  /** Unix microseconds. */
  readonly bucket: bigint
  readonly level: number
  readonly subject: Subject
  readonly service: string
  readonly event_count: bigint
  readonly failed_count: bigint
  readonly amount: number
  readonly duration_sum_ns: number
  readonly duration_min_ns: bigint | null
  readonly duration_max_ns: bigint | null
  readonly zero_count: number
  readonly bucket_indexes: readonly number[]
  readonly bucket_counts: readonly number[]
  readonly last_success_ns: bigint | null
  readonly last_failure_ns: bigint | null
  readonly registered_ns: bigint | null
}

const text: Decode<string> = (bytes) => bytes.toString()

const TYPES: Readonly<Record<string, Decode<unknown>>> = {
  attributes: jsonb,
  time: timestamptz,
  time_ns: int2,
  catalogue_id: int8,
  service_id: int8,
  trace_id: (bytes) => sized(bytes, 16).toString('hex'),
  span_id: int8,
  outcome: text,
  duration_ns: int8,
  amount: float8,
  bucket: timestamptz,
  level: int2,
  event_count: int8,
  failed_count: int8,
  duration_sum_ns: float8,
  duration_min_ns: int8,
  duration_max_ns: int8,
  zero_count: float8,
  bucket_indexes: arrayOf(INT2_OID, int2),
  bucket_counts: arrayOf(FLOAT8_OID, float8),
  last_success_ns: int8,
  last_failure_ns: int8,
  registered_ns: int8,
}

/** The rows of `event` of a request. Throws unless rows and offsets fit together to the byte. */
export function eventRows(translated: Translated): EventRow[] {
  const copies = translated.copies.filter(({ table }) => table === EVENT)
  return copies.flatMap((copy) => decode(copy, translated)) as unknown as EventRow[]
}

/** Those of `event_rollup`. */
export function eventRollupRows(translated: Translated): EventRollupRow[] {
  const copies = translated.copies.filter(({ table }) => table === EVENT_ROLLUP)
  return copies.flatMap((copy) => decode(copy, translated)) as unknown as EventRollupRow[]
}

/** Those of several requests, merged. Throws unless they fill their memory to the byte. */
export function mergedEventRollupRows(requests: readonly Translated[]): EventRollupRow[] {
  const blocks = requests.flatMap(({ copies }) =>
    copies.filter(({ table }) => table === EVENT_ROLLUP).map(({ bytes }) => bytes),
  )
  const bytes = mergeEventRollups(blocks)
  const dictionary = requests.flatMap((request) => request.dictionary)
  const copy = { table: EVENT_ROLLUP, bytes, offsets: offsetsIn(Buffer.from(bytes)) }
  return decode(copy, { dictionary }) as unknown as EventRollupRow[]
}

function decode(
  { table, bytes, offsets }: Pick<CopyRows, 'table' | 'bytes' | 'offsets'>,
  { dictionary }: Pick<Translated, 'dictionary'>,
) {
  const source = Buffer.from(bytes)
  const known = new Map(dictionary.map((row) => [`${row.dictionary} ${row.id}`, row.values]))
  const valuesOf = (name: string, id: unknown) => {
    const values = known.get(`${name} ${String(id)}`)
    if (values === undefined) throw new Error(`no ${name} ${String(id)}`)
    return values
  }
  return offsets.map((start, index) => {
    const row = source.subarray(start, offsets[index + 1] ?? source.length)
    const { catalogue_id, service_id, ...columns } = decodeRow(row, table.columns, TYPES)
    return {
      ...columns,
      subject: valuesOf('catalogue', catalogue_id).slice(1),
      service: valuesOf('service', service_id).at(-1),
    }
  })
}

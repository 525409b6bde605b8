import { createHash } from 'node:crypto'
import type { GroupRequest } from '../../collector/store/group'
import { digestOf } from '../../collector/ingest/digest'
import { isolateRows } from '../../collector/translate/origin'
import {
  type CopyRows,
  type DictionaryRow,
  SPAN,
  type Translated,
} from '../../collector/translate/rows'

/** A span row by hand; what is left out is null or a default. Times in microseconds since 1970. */
export interface SpanRow {
  readonly traceId?: string
  readonly spanId?: bigint
  readonly startMicros?: bigint
  readonly name?: string | null
  /** jsonb text; Postgres refuses what is no JSON with 22P02. */
  readonly attributes?: string | null
  readonly resourceId?: bigint
}

const DAY_MICROS = 86_400_000_000n
/** timestamptz counts from 2000-01-01. */
const POSTGRES_EPOCH_MICROS = 946_684_800_000_000n

/** 2026-03-04T12:00:00Z. */
export const NOON_MICROS = 1_772_625_600_000_000n

/** Rows of `span` for COPY BINARY. */
function spanRows(rows: readonly SpanRow[]): CopyRows {
  const encoded = rows.map((row) => encode(SPAN.columns.map((column) => field(column, row))))
  let at = 0
  return {
    table: SPAN,
    bytes: Buffer.concat(encoded),
    offsets: encoded.map((bytes) => (at += bytes.length) - bytes.length),
    sources: encoded.map((_, row) => row),
    days: [...new Set(rows.map((row) => Number((row.startMicros ?? NOON_MICROS) / DAY_MICROS)))],
  }
}

/** A request of these rows; its receipt comes from `seed`. */
export function request(
  seed: string,
  rows: readonly SpanRow[],
  dictionary: readonly DictionaryRow[] = [],
): GroupRequest {
  const copies = rows.length === 0 ? [] : [spanRows(rows)]
  return {
    digest: uuidOf(seed),
    signal: 'traces',
    tenant: null,
    receivedMs: Number(NOON_MICROS / 1_000n),
    isolate: (_, isolated) => Buffer.from(`${seed} ${isolated.join()}`),
    retranslate: isNotDue,
    translated: {
      copies,
      throws: [],
      dictionary,
      accepted: rows.length,
      rejected: 0,
      unassociated: 0,
      correlationsLeftOut: 0,
      throwsLeftOut: 0,
      eventsLeftOut: 0,
      rejection: '',
      repairedStrings: 0,
      truncatedAttributes: { count: 0, length: 0 },
      overflowed: {
        operation: 0,
        resource: 0,
        scope: 0,
        metric_series: 0,
        error_group_hash: 0,
        release: 0,
        catalogue: 0,
      },
    },
  }
}

/** A request's body and what the translator made of it, as it goes to the store. */
export function translatedRequest(
  body: Uint8Array,
  translated: Translated,
  fields: Partial<GroupRequest> = {},
): GroupRequest {
  const { signal = 'traces' } = fields
  return {
    digest: digestOf(signal, fields.tenant ?? null, body),
    signal,
    tenant: null,
    receivedMs: Number(NOON_MICROS / 1_000n),
    translated,
    isolate: (copy, rows) => isolateRows(signal, body, copy, rows),
    retranslate: isNotDue,
    ...fields,
  }
}

/** Only what has something that follows from its items is translated again. */
function isNotDue(): never {
  throw new Error('nothing follows from the items of this request')
}

/** A request of `count` rows named `<seed>-0`, `<seed>-1`, … */
export function requestOf(seed: string, count: number): GroupRequest {
  return request(
    seed,
    Array.from({ length: count }, (_, i) => ({ name: `${seed}-${i}` })),
  )
}

export function uuidOf(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex')
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** The encoding of one row from its fields. */
export function encode(fields: readonly (Buffer | null)[]): Buffer {
  const parts = fields.map((bytes) =>
    Buffer.concat([int(bytes?.length ?? -1), bytes ?? Buffer.alloc(0)]),
  )
  return Buffer.concat([short(fields.length), ...parts])
}

function field(column: string, row: SpanRow): Buffer | null {
  switch (column) {
    case 'trace_id':
      return Buffer.from((row.traceId ?? uuidOf('trace')).replaceAll('-', ''), 'hex')
    case 'span_id':
      return long(row.spanId ?? 1n)
    case 'start_time':
      return long((row.startMicros ?? NOON_MICROS) - POSTGRES_EPOCH_MICROS)
    case 'resource_id':
      return long(row.resourceId ?? 3n)
    case 'service_id':
    case 'operation_id':
    case 'scope_id':
      return long(3n)
    case 'flags':
    case 'kind':
    case 'status':
      return int(0)
    case 'start_ns':
      return short(7)
    case 'name':
      return typeof row.name === 'string' ? Buffer.from(row.name) : null
    case 'attributes':
      return typeof row.attributes === 'string' ? Buffer.from(`\x01${row.attributes}`) : null
    default:
      return null
  }
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

import type { Capped } from './cardinality'

/** A table as COPY writes it: `columns` is the order of the fields in a row of ours, not of the table. */
export interface Table {
  readonly name: string
  /** The timestamptz column whose day chooses the partition. */
  readonly partitionedBy: string
  readonly columns: readonly string[]
}

/** `attributes`, `events` and `links` come first so that their JSON is written straight into the row. */
export const SPAN: Table = {
  name: 'span',
  partitionedBy: 'start_time',
  columns: [
    'attributes',
    'events',
    'links',
    'trace_id',
    'span_id',
    'parent_span_id',
    'start_time',
    'start_ns',
    'end_time',
    'end_ns',
    'duration_ns',
    'service_id',
    'operation_id',
    'resource_id',
    'scope_id',
    'flags',
    'kind',
    'status',
    'name',
    'status_message',
    'trace_state',
    'dropped_attributes_count',
    'dropped_events_count',
    'dropped_links_count',
  ],
}

/** Rows of one table, encoded for COPY BINARY without its header and trailer. */
export interface CopyRows {
  readonly table: Table
  readonly bytes: Uint8Array
  /** Where each row begins in `bytes`; one entry a row. */
  readonly offsets: readonly number[]
  /** Where the item of each row begins in the request's protobuf, after its tag and length; ascending. */
  readonly sources: readonly number[]
  /** The UTC days (days since 1970-01-01) whose partitions these rows need, without repeats. */
  readonly days: readonly number[]
}

/** A dictionary table's writable columns; `id` first, `last_seen_day` left to Postgres. */
export const DICTIONARIES = {
  resource: ['id', 'attributes', 'dropped_attributes_count', 'entity_refs', 'schema_url'],
  scope: ['id', 'name', 'version', 'attributes', 'dropped_attributes_count', 'schema_url'],
  service: ['id', 'tenant', 'environment', 'namespace', 'name'],
  operation: ['id', 'service_id', 'module', 'kind', 'name'],
} as const

export type DictionaryName = keyof typeof DICTIONARIES

/** One dictionary row; the same object is handed out as long as the translator remembers it. Values follow `DICTIONARIES`, as Postgres text. */
export interface DictionaryRow {
  readonly dictionary: DictionaryName
  /** Signed 64-bit id in decimal. */
  readonly id: string
  readonly values: readonly (string | null)[]
}

/** What one export request becomes. */
export interface Translated {
  readonly copies: readonly CopyRows[]
  /** Every dictionary row the copies refer to, without repeats. */
  readonly dictionary: readonly DictionaryRow[]
  /** Items stored if all goes well, over all copies. */
  readonly accepted: number
  readonly rejected: number
  /** Why items were rejected, in English, with counts and an example; empty when none was. */
  readonly rejection: string
  /** Strings in which NUL or broken UTF-8 became U+FFFD. */
  readonly repairedStrings: number
  /** Attributes dropped because their item had too many, and values cut because they were too long. */
  readonly truncatedAttributes: { readonly count: number; readonly length: number }
  /** References of rows to a stand-in for what is above the cap of a service. */
  readonly overflowed: Readonly<Record<Capped, number>>
}

import type { Capped } from './cardinality'
import type { ErrorThrow } from './error-throw'

export { type Signal, SIGNALS } from '../otlp/signal'
export { EVENT, EVENT_ROLLUP } from './event-tables'

/** A table as COPY writes it: `columns` is the order of the fields in a row of ours, not of the table. */
export interface Table {
  readonly name: string
  /** The timestamptz column that chooses the partition; null for a table without partitions. */
  readonly partitionedBy: string | null
  readonly columns: readonly string[]
  /** Its rows follow from items that are rows of another table: one that is refused is no item. */
  readonly isDerived?: true
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

/** Where the ids of spans and log records were seen. */
export const CORRELATION: Table = {
  name: 'correlation',
  partitionedBy: 'time',
  columns: ['time', 'service_id', 'trace_id', 'id'],
  isDerived: true,
}

export const LOG_RECORD: Table = {
  name: 'log_record',
  partitionedBy: 'time',
  columns: [
    'attributes',
    'body_value',
    'body',
    'time',
    'time_ns',
    'observed_time',
    'observed_ns',
    'trace_id',
    'span_id',
    'service_id',
    'resource_id',
    'scope_id',
    'severity_number',
    'sent_severity_number',
    'severity_text',
    'event_name',
    'flags',
    'dropped_attributes_count',
  ],
}

export const METRIC_POINT: Table = {
  name: 'metric_point',
  partitionedBy: 'time',
  columns: [
    'exemplars',
    'attributes',
    'series_id',
    'time',
    'time_ns',
    'start_time',
    'start_ns',
    'value',
    'value_int',
    'flags',
  ],
}

export const METRIC_HISTOGRAM: Table = {
  name: 'metric_histogram',
  partitionedBy: 'time',
  columns: [
    'exemplars',
    'attributes',
    'series_id',
    'time',
    'time_ns',
    'start_time',
    'start_ns',
    'flags',
    'count',
    'sum',
    'min',
    'max',
    'bucket_counts',
    'explicit_bounds',
    'scale',
    'zero_count',
    'zero_threshold',
    'positive_offset',
    'positive_counts',
    'negative_offset',
    'negative_counts',
    'quantiles',
    'quantile_values',
  ],
}

/** What the spans of a request add up to, an operation and a minute each. */
export const SPAN_ROLLUP: Table = {
  name: 'span_rollup',
  partitionedBy: 'bucket',
  columns: [
    'bucket',
    'level',
    'is_request',
    'service_id',
    'operation_id',
    'span_count',
    'root_count',
    'error_count',
    'adjusted_count',
    'adjusted_error_count',
    'duration_sum_ns',
    'duration_min_ns',
    'duration_max_ns',
    'zero_count',
    'bucket_indexes',
    'bucket_counts',
    'slowest_trace_id',
    'error_trace_id',
    'random_trace_id',
  ],
  isDerived: true,
}

/** Spans whose caller is to be found. */
export const EDGE_CANDIDATE: Table = {
  name: 'edge_candidate',
  partitionedBy: null,
  columns: [
    'bucket',
    'trace_id',
    'parent_span_id',
    'service_id',
    'duration_ns',
    'adjusted_count',
    'is_error',
  ],
  isDerived: true,
}

/** What throws add up to; written by the store from those that were not counted before. */
export const ERROR_ROLLUP: Table = {
  name: 'error_rollup',
  partitionedBy: 'bucket',
  columns: [
    'bucket',
    'level',
    'error_hash',
    'service_id',
    'operation_id',
    'release',
    'occurrence_count',
    'severe_count',
    'unhandled_count',
    'first_ns',
    'last_ns',
    'user_hashes',
  ],
  isDerived: true,
}

/** Throws as they were; written by the store likewise. */
export const ERROR_OCCURRENCE: Table = {
  name: 'error_occurrence',
  partitionedBy: 'time',
  columns: [
    'time',
    'id',
    'error_hash',
    'service_id',
    'operation_id',
    'resource_id',
    'trace_id',
    'span_id',
    'severity',
    'is_handled',
    'is_incomplete',
    'time_ns',
    'source',
    'release',
    'class',
    'code',
    'message',
    'stack_trace',
    'user_id',
    'correlation_id',
    'request_id',
    'http_method',
    'http_path',
    'exceptions',
    'attributes',
  ],
  isDerived: true,
}

/** Failures that count unless an exception of their trace tells more. */
export const ERROR_CANDIDATE: Table = {
  name: 'error_candidate',
  partitionedBy: null,
  columns: [
    'bucket',
    'scope',
    'innermost',
    'error_hash',
    'service_id',
    'operation_id',
    'release',
    'severity',
    'is_handled',
    'time_ns',
    'user_hash',
    'occurrence',
  ],
  isDerived: true,
}

/** Rows of one table, encoded for COPY BINARY without its header and trailer. */
export interface CopyRows {
  readonly table: Table
  readonly bytes: Uint8Array
  /** Where each row begins in `bytes`; one entry a row. */
  readonly offsets: readonly number[]
  /**
   * Where the item of each row (a span, a log record, a data point) begins in the request's protobuf, after its tag and
   * length, or the first one if there are several; ascending.
   */
  readonly sources: readonly number[]
  /** The UTC days (days since 1970-01-01) whose partitions these rows need, without repeats. */
  readonly days: readonly number[]
}

/** A dictionary table's writable columns; `id` first, `last_seen_day` and times of creation left to Postgres. */
export const DICTIONARIES = {
  resource: ['id', 'attributes', 'dropped_attributes_count', 'entity_refs', 'schema_url'],
  scope: ['id', 'name', 'version', 'attributes', 'dropped_attributes_count', 'schema_url'],
  service: ['id', 'tenant', 'environment', 'namespace', 'name'],
  operation: ['id', 'service_id', 'module', 'kind', 'name'],
  metric_series: [
    'id',
    'service_id',
    'resource_id',
    'scope_id',
    'name',
    'kind',
    'unit',
    'temporality',
    'is_monotonic',
    'description',
    'metadata',
    'attributes',
    'explicit_bounds',
  ],
  release: ['id', 'tenant', 'namespace', 'service', 'version'],
  catalogue: ['id', 'tenant', 'kind', 'subject', 'detail'],
  error_group_hash: [
    'id',
    'group_id',
    'algorithm',
    'tenant',
    'namespace',
    'service',
    'kind',
    'class',
    'code',
    'message',
    'culprit',
    'module',
    'operation',
    'why',
    'similar_hashes',
  ],
} as const

export type DictionaryName = keyof typeof DICTIONARIES

/** One dictionary row; the same object is handed out as long as the translator remembers it. Values follow `DICTIONARIES`, as Postgres text. */
export interface DictionaryRow {
  readonly dictionary: DictionaryName
  /** Signed 64-bit id in decimal; that of an error's hash is a uuid in lower case. */
  readonly id: string
  readonly values: readonly (string | null)[]
  /** The store's: what it knows the row in the database by. */
  knownIn?: number
}

/** What one export request becomes. */
export interface Translated {
  readonly copies: readonly CopyRows[]
  /** The throws its spans or log records tell of, each once; the store counts those that no request told of before. */
  readonly throws: readonly ErrorThrow[]
  /** Every dictionary row the copies refer to, without repeats. */
  readonly dictionary: readonly DictionaryRow[]
  /** Spans, log records or data points stored if all goes well. */
  readonly accepted: number
  readonly rejected: number
  /** Log records kept without a trace or span, because the id that was sent for it is none. */
  readonly unassociated: number
  /** Correlation ids that were passed over, because the request has too many. */
  readonly correlationsLeftOut: number
  /** Exceptions, log records and failed spans that are not counted as errors, because the request has too many. */
  readonly throwsLeftOut: number
  /** Events of `sidelight.*` that add up to nothing, because the request has too many. */
  readonly eventsLeftOut: number
  /** Why items were rejected, in English, with counts and an example; empty when none was. */
  readonly rejection: string
  /** Strings in which NUL or broken UTF-8 became U+FFFD. */
  readonly repairedStrings: number
  /** Attributes dropped because their item had too many, and values cut because they were too long. */
  readonly truncatedAttributes: { readonly count: number; readonly length: number }
  /** References of rows to a stand-in for what is above the cap of a service. */
  readonly overflowed: Readonly<Record<Capped, number>>
}

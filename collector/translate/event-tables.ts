import type { Table } from './rows'

/** Events of `sidelight.*` that are asked for one by one. */
export const EVENT: Table = {
  name: 'event',
  partitionedBy: 'time',
  columns: [
    'attributes',
    'time',
    'time_ns',
    'catalogue_id',
    'service_id',
    'trace_id',
    'span_id',
    'outcome',
    'duration_ns',
    'amount',
  ],
  isDerived: true,
}

/** What the events of a request add up to, a subject, service and minute each. */
export const EVENT_ROLLUP: Table = {
  name: 'event_rollup',
  partitionedBy: 'bucket',
  columns: [
    'bucket',
    'level',
    'catalogue_id',
    'service_id',
    'event_count',
    'failed_count',
    'amount',
    'duration_sum_ns',
    'duration_min_ns',
    'duration_max_ns',
    'zero_count',
    'bucket_indexes',
    'bucket_counts',
    'last_success_ns',
    'last_failure_ns',
    'registered_ns',
  ],
  isDerived: true,
}

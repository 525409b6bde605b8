import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { declareHandover } from './handover-counters'

const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
const COUNTS = [1, 2, 5, 10, 20, 50, 100, 200, 500]

export type Counters = ReturnType<typeof createCounters>

/** The collector's own numbers, every one declared here, in a registry of their own. */
export function createCounters() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, prefix: 'sidelight_' })
  return {
    registry,
    ...declareDoors(registers),
    ...declareIngest(registers),
    ...declareChanges(registers),
    ...declareErrors(registers),
    ...declareCommits(registers),
    ...declareSpool(registers),
    ...declareDetour(registers),
    ...declareHandover(registers),
    truncatedAnswers: new Counter({
      name: 'sidelight_truncated_answers_total',
      help: 'Answers about a trace or correlation id that has more than is answered.',
      registers,
    }),
    ...declareLeader(registers),
    hostMetricsExports: new Counter({
      name: 'sidelight_host_metrics_exports_total',
      help: 'Exports of host metrics by outcome: accepted, rejected (some of its points), refused by the ingest, failed, skipped (the one before was not done).',
      labelNames: ['outcome'],
      registers,
    }),
  }
}

function declareDoors(registers: Registry[]) {
  return {
    requests: new Counter({
      name: 'sidelight_otlp_requests_total',
      help: 'Requests at the OTLP doors by signal, encoding and status of the answer: that of HTTP, or over gRPC the name of its code.',
      labelNames: ['signal', 'encoding', 'status'],
      registers,
    }),
    receivedBytes: new Counter({
      name: 'sidelight_otlp_received_bytes_total',
      help: 'Bytes of export requests after decompression.',
      registers,
    }),
    answerSeconds: new Histogram({
      name: 'sidelight_otlp_answer_seconds',
      help: 'Time of an export request, from its head to its answer.',
      buckets: SECONDS,
      registers,
    }),
    refusedRequests: new Counter({
      name: 'sidelight_refused_requests_total',
      help: 'Requests refused at a limit by reason: admission, body_size, header_timeout, body_timeout.',
      labelNames: ['reason'],
      registers,
    }),
    connections: new Gauge({
      name: 'sidelight_otlp_connections',
      help: 'Open connections of the OTLP doors.',
      registers,
    }),
    droppedConnections: new Counter({
      name: 'sidelight_otlp_connections_dropped_total',
      help: 'Connections closed at once because too many were open.',
      registers,
    }),
    admittedBytes: new Gauge({
      name: 'sidelight_admitted_bytes',
      help: 'Bytes of the admission budget in use.',
      registers,
    }),
  }
}

function declareIngest(registers: Registry[]) {
  return {
    items: new Counter({
      name: 'sidelight_items_total',
      help: 'Spans, log records and data points by signal and outcome: stored, rejected as invalid, poison (refused by Postgres).',
      labelNames: ['signal', 'outcome'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'sidelight_dead_letters_total',
      help: 'Items and whole requests put into dead_letter by reason: poison (refused by Postgres), in_doubt (too old to tell whether it was stored), unreadable, fault (of the collector); lost: refused even there.',
      labelNames: ['reason'],
      registers,
    }),
    repeatedRequests: new Counter({
      name: 'sidelight_repeated_requests_total',
      help: 'Requests whose body had been stored before and added nothing.',
      registers,
    }),
  }
}

/** What was changed in items so that they could be kept. */
function declareChanges(registers: Registry[]) {
  return {
    repairedStrings: new Counter({
      name: 'sidelight_repaired_strings_total',
      help: 'Strings in which NUL or broken UTF-8 became U+FFFD.',
      registers,
    }),
    unassociatedLogRecords: new Counter({
      name: 'sidelight_unassociated_log_records_total',
      help: 'Log records stored without a trace or span, because the id sent for it was not 16 or 8 bytes or all zero.',
      registers,
    }),
    correlationsLeftOut: new Counter({
      name: 'sidelight_correlations_left_out_total',
      help: 'Correlation ids passed over, because the rows of those before would be longer than their request.',
      registers,
    }),
    throwsLeftOut: new Counter({
      name: 'sidelight_throws_left_out_total',
      help: 'Exceptions, log records and failed spans that are not counted as errors, because their request has too many.',
      registers,
    }),
    truncatedAttributes: new Counter({
      name: 'sidelight_truncated_attributes_total',
      help: 'Attributes dropped (reason count) and attribute values cut (reason length) at their limits.',
      labelNames: ['reason'],
      registers,
    }),
    overflowed: new Counter({
      name: 'sidelight_overflowed_total',
      help: 'Rows whose operation, resource, scope, metric series, error or release was above the cap of its service, by dictionary.',
      labelNames: ['dictionary'],
      registers,
    }),
  }
}

function declareErrors(registers: Registry[]) {
  return {
    errors: new Counter({
      name: 'sidelight_errors_total',
      help: 'Throws counted for the first time, by severity: debug, info, warning, error, fatal.',
      labelNames: ['severity'],
      registers,
    }),
    repeatedSightings: new Counter({
      name: 'sidelight_error_sightings_repeated_total',
      help: 'Sightings of throws that another span, log record or request had told of; they are not counted again.',
      registers,
    }),
    errorCandidates: new Counter({
      name: 'sidelight_error_candidates_total',
      help: 'Failures without an exception that this collector judged as the leader: counted, or dropped because an exception of the same trace and service tells more or the failure was counted.',
      labelNames: ['outcome'],
      registers,
    }),
    thinnedOccurrences: new Counter({
      name: 'sidelight_error_occurrences_thinned_total',
      help: 'Occurrences of errors that this collector deleted as the leader, because enough others are kept of their kind.',
      registers,
    }),
  }
}

function declareCommits(registers: Registry[]) {
  return {
    commitSeconds: new Histogram({
      name: 'sidelight_commit_seconds',
      help: 'Time of a group, from taking a connection to the end of its COMMIT.',
      buckets: SECONDS,
      registers,
    }),
    groupRequests: new Histogram({
      name: 'sidelight_group_requests',
      help: 'Requests committed together.',
      buckets: COUNTS,
      registers,
    }),
    queuedRequests: new Gauge({
      name: 'sidelight_queued_requests',
      help: 'Requests that wait for a transaction.',
      registers,
    }),
    databaseAvailable: new Gauge({
      name: 'sidelight_database_available',
      help: '1 while Postgres is known to be usable, else 0.',
      registers,
    }),
  }
}

/** What the spool says of itself when it is asked. */
export interface SpoolReading {
  readonly records: number
  readonly bytes: number
  /** Age of the oldest record, 0 without one. */
  readonly oldestSeconds: number
  readonly isRefusing: boolean
}

function declareSpool(registers: Registry[]) {
  let read = (): SpoolReading => ({ records: 0, bytes: 0, oldestSeconds: 0, isRefusing: false })
  const declareGauge = (name: string, help: string, value: (reading: SpoolReading) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(read()))
      },
    })
  declareGauge(
    'sidelight_spool_records',
    'Acknowledged requests in the spool that Postgres has not taken yet.',
    ({ records }) => records,
  )
  declareGauge('sidelight_spool_bytes', 'Bytes the spool takes on disk.', ({ bytes }) => bytes)
  declareGauge(
    'sidelight_spool_oldest_seconds',
    'Age of the oldest request in the spool, 0 when it is empty.',
    ({ oldestSeconds }) => oldestSeconds,
  )
  declareGauge(
    'sidelight_spool_refusing',
    '1 while the spool takes nothing: full, too old, or its disk fails; else 0.',
    ({ isRefusing }) => (isRefusing ? 1 : 0),
  )
  return {
    /** The gauges ask `source` at every scrape. */
    observeSpool(source: () => SpoolReading) {
      read = source
    },
    spoolSyncSeconds: new Histogram({
      name: 'sidelight_spool_sync_seconds',
      help: 'Time of a group of requests, from its write to the spool to the end of its fsync.',
      buckets: SECONDS,
      registers,
    }),
    spoolCutBytes: new Counter({
      name: 'sidelight_spool_cut_bytes_total',
      help: 'Bytes of unfinished writes cut off the spool at a start; none of them had been acknowledged.',
      registers,
    }),
    spoolQuarantinedBytes: new Counter({
      name: 'sidelight_spool_quarantined_bytes_total',
      help: 'Damaged bytes of the spool, passed over and copied to its folder quarantine.',
      registers,
    }),
  }
}

/** The way around a Postgres that is away or slow. */
function declareDetour(registers: Registry[]) {
  return {
    spooledRequests: new Counter({
      name: 'sidelight_spooled_requests_total',
      help: 'Requests acknowledged from the disk, by reason: away, late, blocked, in_doubt, stopping.',
      labelNames: ['reason'],
      registers,
    }),
    drainedRequests: new Counter({
      name: 'sidelight_drained_requests_total',
      help: 'Requests of the spool by outcome: stored, repeated (had been stored before), dead (see dead_letter).',
      labelNames: ['outcome'],
      registers,
    }),
  }
}

function declareLeader(registers: Registry[]) {
  return {
    leader: new Gauge({
      name: 'sidelight_leader',
      help: '1 while this collector is the leader of its database, else 0.',
      registers,
    }),
    partitions: new Counter({
      name: 'sidelight_partitions_total',
      help: 'Daily partitions that this collector closed or dropped as the leader, by table.',
      labelNames: ['action', 'table'],
      registers,
    }),
    collectedRows: new Counter({
      name: 'sidelight_dictionary_rows_collected_total',
      help: 'Dictionary rows that this collector deleted as the leader, because nothing refers to them.',
      labelNames: ['dictionary'],
      registers,
    }),
    errorGroupTransitions: new Counter({
      name: 'sidelight_error_group_transitions_total',
      help: 'Groups of errors that this collector, as the leader, found new or moved to a state, by state.',
      labelNames: ['to'],
      registers,
    }),
    foldedRollups: new Counter({
      name: 'sidelight_rollup_rows_folded_total',
      help: 'Rows of span_rollup, error_rollup and event_rollup (table), as ingest appends them, that this collector folded as the leader into minutes, hours and days.',
      labelNames: ['table'],
      registers,
    }),
  }
}

import type { PlacedRow } from '../slices'
import { formatUnixNano, parseAttributes, spanIdHex, unixNanoOf } from '../stored'

/** The order of occurrences as `o`, newest first: `place`, their ctid, tells apart those of one instant. */
export const NEWEST_FIRST = 'o.time desc, o.time_ns desc, o.place desc'

/** What a statement selects of `o`, rows of `error_occurrence` with ctid as `place` and `group_id`. */
export const OCCURRENCE_COLUMNS = `
  (extract(epoch from o.time) * 1000000)::bigint as time_us, o.time_ns, o.place::text as place,
  o.id, o.group_id, o.error_hash, o.trace_id, o.span_id, o.severity, o.is_handled, o.is_incomplete, o.source, o.release,
  o.class, o.code, o.message, o.stack_trace, o.user_id, o.correlation_id, o.request_id, o.http_method, o.http_path,
  o.exceptions, o.attributes::text as attributes,
  coalesce(service.name, '') as service, coalesce(service.environment, '') as environment,
  coalesce(operation.module, '') as module, coalesce(operation.name, '') as operation`

/** The dictionaries that `OCCURRENCE_COLUMNS` needs. */
export const OCCURRENCE_JOINS = `
left join sidelight.service on service.id = o.service_id
left join sidelight.operation on operation.id = o.operation_id`

/** A row of `OCCURRENCE_COLUMNS`; 64-bit numbers are decimal strings. */
export interface OccurrenceRow extends PlacedRow {
  readonly id: string
  readonly group_id: string
  readonly error_hash: string
  readonly trace_id: string | null
  readonly span_id: string | null
  readonly severity: number
  readonly is_handled: boolean
  readonly is_incomplete: boolean
  readonly source: string
  readonly release: string
  readonly class: string
  readonly code: string | null
  readonly message: string
  readonly stack_trace: string | null
  readonly user_id: string | null
  readonly correlation_id: string | null
  readonly request_id: string | null
  readonly http_method: string | null
  readonly http_path: string | null
  readonly exceptions: readonly unknown[]
  readonly attributes: string | null
  readonly service: string
  readonly environment: string
  readonly module: string
  readonly operation: string
}

/** An occurrence with every field that was stored. */
export function decodeOccurrence(row: OccurrenceRow) {
  return {
    id: row.id,
    groupId: row.group_id,
    hash: row.error_hash,
    time: formatUnixNano(unixNanoOf(row.time_us, row.time_ns)),
    service: row.service,
    environment: row.environment,
    module: row.module,
    operation: row.operation,
    release: row.release === '' ? null : row.release,
    severity: severityOf(row.severity),
    isHandled: row.is_handled,
    isIncomplete: row.is_incomplete,
    source: row.source,
    class: row.class,
    code: row.code,
    message: row.message,
    stackTrace: row.stack_trace,
    exceptions: row.exceptions,
    traceId: row.trace_id === null ? null : row.trace_id.replaceAll('-', ''),
    spanId: row.span_id === null ? null : spanIdHex(row.span_id),
    userId: row.user_id,
    correlationId: row.correlation_id,
    requestId: row.request_id,
    httpMethod: row.http_method,
    httpPath: row.http_path,
    attributes: parseAttributes(row.attributes),
  }
}

/** The name of the range a severity number lies in (OpenTelemetry logs data model, Severity Fields). */
function severityOf(number: number): 'debug' | 'info' | 'warning' | 'error' | 'fatal' {
  if (number >= 21) return 'fatal'
  if (number >= 17) return 'error'
  if (number >= 13) return 'warning'
  return number >= 9 ? 'info' : 'debug'
}

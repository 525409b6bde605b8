import { severityName, severityText } from './names'
import { decodeOrigin, ORIGIN_COLUMNS, type Decoded, type OriginRow } from './origin'
import type { Order, PlacedRow } from './slices'
import { formatUnixNano, parseAttributes, parseStored, spanIdHex, unixNanoOf } from './stored'

/** `order by` of log records: `place`, their ctid, tells apart those of one instant, for rows are never updated. */
export function logOrder(order: Order): string {
  return `log.time ${order}, coalesce(log.time_ns, -1) ${order}, log.place ${order}`
}

/** What a statement selects of `log`, rows of `log_record` with their ctid as `place`, which `LOG_JOINS` completes. */
export const LOG_COLUMNS = `
  (extract(epoch from log.time) * 1000000)::bigint as time_us, log.time_ns, log.place::text as place,
  (extract(epoch from log.observed_time) * 1000000)::bigint as observed_us, log.observed_ns,
  log.trace_id, log.span_id, log.flags, log.severity_number, log.sent_severity_number, log.severity_text,
  log.event_name, log.body, log.body_value::text as body_value, log.attributes::text as attributes,
  log.dropped_attributes_count, coalesce(service.name, '') as service,
  log.resource_id, log.scope_id, ${ORIGIN_COLUMNS}`

/** The dictionaries that `LOG_COLUMNS` needs. */
export const LOG_JOINS = `
left join sidelight.service on service.id = log.service_id
left join sidelight.resource on resource.id = log.resource_id
left join sidelight.scope on scope.id = log.scope_id`

/** A row of `LOG_COLUMNS`; 64-bit numbers are decimal strings. */
export interface LogRow extends OriginRow, PlacedRow {
  readonly observed_us: string | null
  readonly observed_ns: number | null
  readonly trace_id: string | null
  readonly span_id: string | null
  readonly flags: number | null
  readonly severity_number: number
  readonly sent_severity_number: number | null
  readonly severity_text: string | null
  readonly event_name: string | null
  readonly body: string | null
  readonly body_value: string | null
  readonly attributes: string | null
  readonly dropped_attributes_count: string | null
  readonly service: string
}

/** A log record with every field that was stored. */
export function decodeLog(row: LogRow, decoded: Decoded) {
  const timeNs = unixNanoOf(row.time_us, row.time_ns)
  const observedNs = row.observed_us === null ? null : unixNanoOf(row.observed_us, row.observed_ns)
  const severityNumber = row.severity_number
  return {
    time: formatUnixNano(timeNs),
    timeUnixNano: row.time_ns === null ? null : String(timeNs),
    observedTime: observedNs === null ? null : formatUnixNano(observedNs),
    observedTimeUnixNano: observedNs === null ? null : String(observedNs),
    severity: severityName(severityNumber),
    severityNumber,
    severityText: row.severity_text ?? severityText(severityNumber),
    sentSeverityNumber: row.sent_severity_number ?? severityNumber,
    sentSeverityText: row.severity_text,
    eventName: row.event_name,
    body: row.body ?? (row.body_value === null ? null : parseStored(row.body_value)),
    traceId: row.trace_id === null ? null : row.trace_id.replaceAll('-', ''),
    spanId: row.span_id === null ? null : spanIdHex(row.span_id),
    flags: (row.flags ?? 0) >>> 0,
    service: row.service,
    attributes: parseAttributes(row.attributes),
    droppedAttributesCount: Number(row.dropped_attributes_count),
    ...decodeOrigin(row, decoded),
  }
}

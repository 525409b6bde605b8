import { kindName, statusName } from './names'
import type { PlacedRow } from './slices'
import { moduleOf } from './span'
import { formatUnixNano, parseAttributes, spanIdHex, unixNanoOf } from './stored'

const NS_PER_MS = 1e6

/** What a statement selects of `span`, rows of `span` with their ctid as `place`, which `FOUND_JOINS` completes. */
export const FOUND_COLUMNS = `
  (extract(epoch from span.start_time) * 1000000)::bigint as time_us, span.start_ns as time_ns,
  span.place::text as place, span.trace_id, span.span_id, span.duration_ns, span.kind, span.status,
  coalesce(span.name, operation.name, '') as name, coalesce(span.status_message, '') as status_message,
  coalesce(service.name, '') as service, ${moduleOf(`span.attributes -> 'module'`)} as module`

/** The dictionaries that `FOUND_COLUMNS` needs. */
export const FOUND_JOINS = `
left join sidelight.service on service.id = span.service_id
left join sidelight.operation on operation.id = span.operation_id
left join sidelight.scope on scope.id = span.scope_id`

/** What `MeasuredRow` has beyond `FoundRow`. */
export const MEASURED = 'span.attributes::text as attributes'

/** A row of `FOUND_COLUMNS`. */
export interface FoundRow extends PlacedRow {
  readonly trace_id: string
  readonly span_id: string
  readonly duration_ns: string | null
  readonly kind: number
  readonly status: number
  readonly name: string
  readonly status_message: string
  readonly service: string
  readonly module: string
}

/** A row of `FOUND_COLUMNS` and `MEASURED`. */
export interface MeasuredRow extends FoundRow {
  readonly attributes: string | null
}

/** A span as a measurement of its operation. */
export function decodeMeasured(row: MeasuredRow) {
  const { name: operation, ...found } = decodeFound(row)
  return { ...found, operation, attributes: parseAttributes(row.attributes) }
}

/** A span that was found. */
export function decodeFound(row: FoundRow) {
  return {
    traceId: row.trace_id.replaceAll('-', ''),
    spanId: spanIdHex(row.span_id),
    service: row.service,
    module: row.module,
    name: row.name,
    kind: kindName(row.kind),
    status: statusName(row.status),
    statusMessage: row.status_message,
    startTime: formatUnixNano(unixNanoOf(row.time_us, row.time_ns)),
    durationMs: row.duration_ns === null ? null : Number(row.duration_ns) / NS_PER_MS,
  }
}

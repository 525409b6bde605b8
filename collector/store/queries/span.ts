import { kindName, statusName } from './names'
import { decodeOrigin, ORIGIN_COLUMNS, type Decoded, type OriginRow } from './origin'
import {
  formatUnixNano,
  parseAttributes,
  parseList,
  spanIdHex,
  textOf,
  unixNanoOf,
  type Attributes,
  type StoredValue,
} from './stored'

const NS_PER_MS = 1e6

/**
 * The module of a span by itself, as the translator found it; `attribute` is its attribute `module`. Needed where the
 * span's operation is that of the names above its service's cap, which has none.
 */
export function ownModule(attribute: string, scopeName: string): string {
  const text = `case jsonb_typeof(${attribute}) when 'string' then nullif(${attribute} #>> '{}', '') end`
  return `coalesce(${text}, ${scopeName}, '')`
}

/** The module of a span joined with its operation and scope. */
export function moduleOf(attribute: string): string {
  const own = ownModule(attribute, 'scope.name')
  return `case when span.name is null or operation.module <> '' then coalesce(operation.module, '') else ${own} end`
}

/** What a statement selects of `span` joined with the four dictionaries. jsonb comes as text: parsing it as JSON would round int64. */
export const SPAN_COLUMNS = `
  span.trace_id, span.span_id, span.parent_span_id,
  (extract(epoch from span.start_time) * 1000000)::bigint as start_us, span.start_ns,
  (extract(epoch from span.end_time) * 1000000)::bigint as end_us, span.end_ns,
  span.duration_ns, span.flags, span.kind, span.status,
  coalesce(span.name, operation.name, '') as name, coalesce(span.status_message, '') as status_message,
  coalesce(span.trace_state, '') as trace_state, span.dropped_attributes_count, span.dropped_events_count,
  span.dropped_links_count, span.attributes::text as attributes, span.events::text as events,
  span.links::text as links,
  coalesce(service.name, '') as service, ${moduleOf(`span.attributes -> 'module'`)} as module,
  span.resource_id, span.scope_id, ${ORIGIN_COLUMNS}`

/** A row of `SPAN_COLUMNS`; 64-bit numbers are decimal strings. */
export interface SpanRow extends OriginRow {
  readonly trace_id: string
  readonly span_id: string
  readonly parent_span_id: string | null
  readonly start_us: string
  readonly start_ns: number | null
  readonly end_us: string | null
  readonly end_ns: number | null
  readonly duration_ns: string | null
  readonly flags: number
  readonly kind: number
  readonly status: number
  readonly name: string
  readonly status_message: string
  readonly trace_state: string
  readonly dropped_attributes_count: string | null
  readonly dropped_events_count: string | null
  readonly dropped_links_count: string | null
  readonly attributes: string | null
  readonly events: string | null
  readonly links: string | null
  readonly service: string
  readonly module: string
}

/** A span with every field that was stored. */
export function decodeSpan(row: SpanRow, decoded: Decoded) {
  const startNs = row.start_ns === null ? null : unixNanoOf(row.start_us, row.start_ns)
  const endNs = row.end_us === null ? null : unixNanoOf(row.end_us, row.end_ns)
  return {
    traceId: row.trace_id.replaceAll('-', ''),
    spanId: spanIdHex(row.span_id),
    parentSpanId: row.parent_span_id === null ? null : spanIdHex(row.parent_span_id),
    name: row.name,
    service: row.service,
    module: row.module,
    kind: kindName(row.kind),
    status: statusName(row.status),
    statusMessage: row.status_message,
    traceState: row.trace_state,
    flags: row.flags >>> 0,
    ...timeFields('start', startNs),
    ...timeFields('end', endNs),
    durationMs: row.duration_ns === null ? null : Number(row.duration_ns) / NS_PER_MS,
    attributes: parseAttributes(row.attributes),
    droppedAttributesCount: Number(row.dropped_attributes_count),
    events: parseList(row.events).map(decodeEvent),
    droppedEventsCount: Number(row.dropped_events_count),
    links: parseList(row.links).map(decodeLink),
    droppedLinksCount: Number(row.dropped_links_count),
    ...decodeOrigin(row, decoded),
  }
}

function timeFields<P extends 'start' | 'end'>(prefix: P, ns: bigint | null) {
  return {
    [`${prefix}Time`]: ns === null ? null : formatUnixNano(ns),
    [`${prefix}TimeUnixNano`]: ns === null ? null : String(ns),
  } as Record<`${P}Time` | `${P}TimeUnixNano`, string | null>
}

function decodeEvent(stored: Attributes) {
  const ns = nanoOf(stored['time_unix_nano'])
  return {
    name: textOf(stored['name']),
    time: ns === null ? null : formatUnixNano(ns),
    timeUnixNano: ns === null ? null : String(ns),
    attributes: (stored['attributes'] ?? {}) as Attributes,
    droppedAttributesCount: Number(stored['dropped_attributes_count'] ?? 0),
  }
}

function decodeLink(stored: Attributes) {
  return {
    traceId: textOf(stored['trace_id']),
    spanId: textOf(stored['span_id']),
    traceState: textOf(stored['trace_state']),
    flags: Number(stored['flags'] ?? 0),
    attributes: (stored['attributes'] ?? {}) as Attributes,
    droppedAttributesCount: Number(stored['dropped_attributes_count'] ?? 0),
  }
}

/** Nanoseconds since 1970, null when none were sent. */
function nanoOf(value: StoredValue | undefined): bigint | null {
  return typeof value === 'string' && value !== '0' ? BigInt(value) : null
}

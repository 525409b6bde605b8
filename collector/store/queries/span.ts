import { kindName, statusName } from './names'
import { formatUnixNano, parseStored, spanIdHex, unixNanoOf, type StoredValue } from './stored'

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
  span.resource_id, resource.attributes::text as resource_attributes,
  resource.dropped_attributes_count as resource_dropped_attributes_count,
  resource.entity_refs::text as resource_entity_refs, coalesce(resource.schema_url, '') as resource_schema_url,
  span.scope_id, coalesce(scope.name, '') as scope_name, coalesce(scope.version, '') as scope_version,
  scope.attributes::text as scope_attributes, scope.dropped_attributes_count as scope_dropped_attributes_count,
  coalesce(scope.schema_url, '') as scope_schema_url`

/** A row of `SPAN_COLUMNS`; 64-bit numbers are decimal strings. */
export interface SpanRow {
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
  readonly resource_id: string
  readonly resource_attributes: string | null
  readonly resource_dropped_attributes_count: string | null
  readonly resource_entity_refs: string | null
  readonly resource_schema_url: string
  readonly scope_id: string
  readonly scope_name: string
  readonly scope_version: string
  readonly scope_attributes: string | null
  readonly scope_dropped_attributes_count: string | null
  readonly scope_schema_url: string
}

type Attributes = Record<string, StoredValue>

/** Resources and scopes already decoded for this answer: many spans share a few. */
export interface Decoded {
  readonly resources: Map<string, ReturnType<typeof decodeResource>>
  readonly scopes: Map<string, ReturnType<typeof decodeScope>>
}

/** A span with every field that was stored. */
export function decodeSpan(row: SpanRow, { resources, scopes }: Decoded) {
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
    resource: remembered(resources, row.resource_id, () => decodeResource(row)),
    scope: remembered(scopes, row.scope_id, () => decodeScope(row)),
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

function decodeResource(row: SpanRow) {
  return {
    attributes: parseAttributes(row.resource_attributes),
    droppedAttributesCount: Number(row.resource_dropped_attributes_count),
    entityRefs: parseList(row.resource_entity_refs).map(decodeEntityRef),
    schemaUrl: row.resource_schema_url,
  }
}

function decodeEntityRef(stored: Attributes) {
  return {
    schemaUrl: textOf(stored['schema_url']),
    type: textOf(stored['type']),
    idKeys: (stored['id_keys'] ?? []) as string[],
    descriptionKeys: (stored['description_keys'] ?? []) as string[],
  }
}

function decodeScope(row: SpanRow) {
  return {
    name: row.scope_name,
    version: row.scope_version,
    attributes: parseAttributes(row.scope_attributes),
    droppedAttributesCount: Number(row.scope_dropped_attributes_count),
    schemaUrl: row.scope_schema_url,
  }
}

function remembered<V>(known: Map<string, V>, id: string, decode: () => V): V {
  const value = known.get(id) ?? decode()
  known.set(id, value)
  return value
}

function parseAttributes(text: string | null): Attributes {
  return text === null ? {} : (parseStored(text) as Attributes)
}

function parseList(text: string | null): Attributes[] {
  return text === null ? [] : (parseStored(text) as Attributes[])
}

function textOf(value: StoredValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Nanoseconds since 1970, null when none were sent. */
function nanoOf(value: StoredValue | undefined): bigint | null {
  return typeof value === 'string' && value !== '0' ? BigInt(value) : null
}

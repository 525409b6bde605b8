import type { Row } from '../helpers/copy-rows'
import { decodeMessage, ExportTraceServiceRequest } from '../helpers/otlp'
import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import type { DictionaryRow } from '../../collector/translate/rows'
import { limitItems } from './limited-items'

/** Messages as protobufjs decodes them: fields that were not sent are absent, 64-bit numbers are decimal strings. */
export interface KeyValue {
  readonly key?: string
  readonly value?: Value
}

export interface Value {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string
  readonly doubleValue?: number
  readonly bytesValue?: Buffer
  readonly arrayValue?: { readonly values?: readonly Value[] }
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] }
}

export interface Attributed {
  readonly attributes?: readonly KeyValue[]
  readonly droppedAttributesCount?: number
}

interface EntityRef {
  readonly schemaUrl?: string
  readonly type?: string
  readonly idKeys?: readonly string[]
  readonly descriptionKeys?: readonly string[]
}

export interface Resource extends Attributed {
  readonly entityRefs?: readonly EntityRef[]
}

export interface Scope extends Attributed {
  readonly name?: string
  readonly version?: string
}

interface Event extends Attributed {
  readonly timeUnixNano?: string
  readonly name?: string
}

interface Link extends Attributed {
  readonly traceId?: Buffer
  readonly spanId?: Buffer
  readonly traceState?: string
  readonly flags?: number
}

interface Span extends Attributed {
  readonly traceId?: Buffer
  readonly spanId?: Buffer
  readonly parentSpanId?: Buffer
  readonly traceState?: string
  readonly flags?: number
  readonly name?: string
  readonly kind?: number
  readonly startTimeUnixNano?: string
  readonly endTimeUnixNano?: string
  readonly events?: readonly Event[]
  readonly droppedEventsCount?: number
  readonly links?: readonly Link[]
  readonly droppedLinksCount?: number
  readonly status?: { readonly message?: string; readonly code?: number }
}

interface Request {
  readonly resourceSpans?: readonly {
    readonly resource?: Resource
    readonly schemaUrl?: string
    readonly scopeSpans?: readonly {
      readonly scope?: Scope
      readonly schemaUrl?: string
      readonly spans?: readonly Span[]
    }[]
  }[]
}

/** A row with the contents of the dictionary rows in place of their ids. */
export type FullRow = Readonly<Record<string, unknown>>

const DAY_NS = 86_400_000_000_000n
const RETENTION_DAYS = 30n

/** The rows a body must become, read by protobufjs and written the plain way; null where a span must be rejected. */
export function expectedRows(
  body: Uint8Array,
  receivedMs: number,
  limits: TranslationLimits = UNLIMITED,
): (FullRow | null)[] {
  const request = limitItems(
    decodeMessage(ExportTraceServiceRequest, body),
    limits,
  ) as unknown as Request
  return (request.resourceSpans ?? []).flatMap(({ resource = {}, schemaUrl = '', scopeSpans }) =>
    (scopeSpans ?? []).flatMap(({ scope = {}, schemaUrl: scopeSchemaUrl = '', spans }) =>
      (spans ?? []).map((span) =>
        isAccepted(span, BigInt(receivedMs) * 1_000_000n)
          ? {
              ...spanColumns(span),
              ...dictionaryColumns(span, resource, scope),
              resource: resourceColumns(resource, schemaUrl),
              scope: scopeColumns(scope, scopeSchemaUrl),
            }
          : null,
      ),
    ),
  )
}

export function resourceColumns(resource: Resource, schemaUrl: string): (string | null)[] {
  return [
    map(resource.attributes),
    String(resource.droppedAttributesCount ?? 0),
    entityRefs(resource.entityRefs),
    clean(schemaUrl),
  ]
}

export function scopeColumns(scope: Scope, schemaUrl: string): string[] {
  return [
    clean(scope.name),
    clean(scope.version),
    map(scope.attributes),
    String(scope.droppedAttributesCount ?? 0),
    clean(schemaUrl),
  ]
}

/** Puts the contents of dictionary rows in place of ids. */
export function withDictionary(
  rows: readonly Row[],
  dictionary: readonly DictionaryRow[],
): FullRow[] {
  const contents = new Map(
    dictionary.map((row) => [`${row.dictionary}:${row.id}`, row.values.slice(1)]),
  )
  return rows.map(({ service_id, operation_id, resource_id, scope_id, ...row }) => {
    const [serviceColumns, ...operation] = contents.get(`operation:${operation_id}`) ?? []
    return {
      ...row,
      service: contents.get(`service:${service_id}`),
      ...(operation_id !== undefined && {
        operation: serviceColumns === String(service_id) ? operation : 'of another service',
      }),
      resource: contents.get(`resource:${resource_id}`),
      scope: contents.get(`scope:${scope_id}`),
    }
  })
}

function isAccepted(span: Span, receivedNs: bigint): boolean {
  const { traceId = Buffer.alloc(0), spanId = Buffer.alloc(0), parentSpanId } = span
  if (traceId.length !== 16 || traceId.every((byte) => byte === 0)) return false
  if (spanId.length !== 8 || spanId.every((byte) => byte === 0)) return false
  if (parentSpanId !== undefined && ![0, 8].includes(parentSpanId.length)) return false
  const time = BigInt(span.startTimeUnixNano ?? 0) || BigInt(span.endTimeUnixNano ?? 0)
  return time > 0n && time >= receivedNs - RETENTION_DAYS * DAY_NS && time <= receivedNs + DAY_NS
}

function spanColumns(span: Span): FullRow {
  const start = BigInt(span.startTimeUnixNano ?? 0)
  const end = BigInt(span.endTimeUnixNano ?? 0)
  const duration = end - start
  const parent = span.parentSpanId ?? Buffer.alloc(0)
  return {
    attributes: span.attributes ? map(span.attributes) : null,
    events: span.events ? `[${span.events.map(event).join(',')}]` : null,
    links: span.links ? `[${span.links.map(link).join(',')}]` : null,
    trace_id: span.traceId?.toString('hex'),
    span_id: span.spanId?.readBigInt64BE(),
    parent_span_id: parent.some((byte) => byte !== 0) ? parent.readBigInt64BE() : null,
    start_time: (start || end) / 1_000n,
    start_ns: start ? Number(start % 1_000n) : null,
    end_time: end ? end / 1_000n : null,
    end_ns: end ? Number(end % 1_000n) : null,
    duration_ns: start && end && duration >= 0n && duration < 1n << 63n ? duration : null,
    flags: (span.flags ?? 0) | 0,
    kind: span.kind ?? 0,
    status: span.status?.code ?? 0,
    name: null,
    status_message: clean(span.status?.message) || null,
    trace_state: clean(span.traceState) || null,
    dropped_attributes_count: count(span.droppedAttributesCount),
    dropped_events_count: count(span.droppedEventsCount),
    dropped_links_count: count(span.droppedLinksCount),
  }
}

function dictionaryColumns(span: Span, resource: Resource, scope: Scope): FullRow {
  const module = string(span.attributes, 'module') || clean(scope.name)
  return {
    service: serviceColumns(span, resource),
    operation: [module, String(span.kind ?? 0), clean(span.name)],
  }
}

export function serviceColumns(item: Attributed, resource: Resource): string[] {
  const tenant = string(item.attributes, 'tenant.id') || string(resource.attributes, 'tenant.id')
  const environment =
    string(resource.attributes, 'deployment.environment.name') ||
    string(resource.attributes, 'deployment.environment')
  const namespace = string(resource.attributes, 'service.namespace')
  const service = string(resource.attributes, 'service.name') || 'unknown_service'
  return [tenant, environment, namespace, service]
}

export function string(attributes: readonly KeyValue[] | undefined, key: string): string {
  return clean(attributes?.findLast((attribute) => attribute.key === key)?.value?.stringValue)
}

function event({ attributes, name, timeUnixNano, droppedAttributesCount }: Event): string {
  return `{${[
    ...(attributes ? [`"attributes":${map(attributes)}`] : []),
    `"name":${quoted(name)}`,
    `"time_unix_nano":"${timeUnixNano ?? 0}"`,
    ...(droppedAttributesCount ? [`"dropped_attributes_count":${droppedAttributesCount}`] : []),
  ].join(',')}}`
}

function link({ attributes, ...link }: Link): string {
  return `{${[
    ...(attributes ? [`"attributes":${map(attributes)}`] : []),
    `"trace_id":"${link.traceId?.toString('hex') ?? ''}"`,
    `"span_id":"${link.spanId?.toString('hex') ?? ''}"`,
    ...(link.traceState ? [`"trace_state":${quoted(link.traceState)}`] : []),
    ...(link.flags ? [`"flags":${link.flags}`] : []),
    ...(link.droppedAttributesCount
      ? [`"dropped_attributes_count":${link.droppedAttributesCount}`]
      : []),
  ].join(',')}}`
}

export function entityRefs(refs: readonly EntityRef[] | undefined): string | null {
  if (refs === undefined) return null
  return JSON.stringify(
    refs.map((ref) => ({
      ...(ref.schemaUrl ? { schema_url: clean(ref.schemaUrl) } : {}),
      type: clean(ref.type),
      id_keys: (ref.idKeys ?? []).map(clean),
      ...(ref.descriptionKeys ? { description_keys: ref.descriptionKeys.map(clean) } : {}),
    })),
  )
}

export function map(attributes: readonly KeyValue[] = []): string {
  const pairs = attributes.map(({ key = '', value: sent = {} }) => {
    const prefix = key.startsWith('$') ? '$' : ''
    return `${quoted(prefix + key)}:${value(sent)}`
  })
  return `{${pairs.join(',')}}`
}

export function value(sent: Value): string {
  if (sent.stringValue !== undefined) return quoted(sent.stringValue)
  if (sent.boolValue !== undefined) return String(sent.boolValue)
  if (sent.intValue !== undefined) return sent.intValue
  if (sent.doubleValue !== undefined) return double(sent.doubleValue)
  if (sent.bytesValue !== undefined) return `{"$bytes":"${sent.bytesValue.toString('base64')}"}`
  if (sent.arrayValue !== undefined)
    return `[${(sent.arrayValue.values ?? []).map(value).join(',')}]`
  return sent.kvlistValue === undefined ? 'null' : map(sent.kvlistValue.values)
}

export function double(number: number): string {
  if (Object.is(number, -0)) return '{"$double":"-0"}'
  if (!Number.isFinite(number)) return `{"$double":"${number}"}`
  return Number.isInteger(number) ? `${number}.0` : String(number)
}

export function quoted(text: string | undefined): string {
  return JSON.stringify(clean(text))
}

export function clean(text: string | undefined): string {
  return (text ?? '').replaceAll('\0', '\ufffd')
}

export function count(dropped: number | undefined): bigint | null {
  return dropped ? BigInt(dropped) : null
}

import { randomBytes } from 'node:crypto'
import { type Enum, parse, Reader, Type, util } from 'protobufjs'
import { OTLP_PROTO } from './otlp-proto'

// Tests send values nested more deeply than protobufjs would by itself.
util.recursionLimit = 1_000
Reader.recursionLimit = 1_000

const { root } = parse(OTLP_PROTO)
root.resolveAll()

export const ExportTraceServiceRequest = root.lookupType('ExportTraceServiceRequest')
export const ExportTraceServiceResponse = root.lookupType('ExportTraceServiceResponse')
export const ExportMetricsServiceRequest = root.lookupType('ExportMetricsServiceRequest')
export const ExportMetricsServiceResponse = root.lookupType('ExportMetricsServiceResponse')
export const ExportLogsServiceRequest = root.lookupType('ExportLogsServiceRequest')
export const ExportLogsServiceResponse = root.lookupType('ExportLogsServiceResponse')
/** google.rpc.Status */
export const Status = root.lookupType('RpcStatus')
export const AnyValue = root.lookupType('AnyValue')
export const Span = root.lookupType('Span')

export type Encoding = 'protobuf' | 'json'
/** Hex digits or the bytes themselves; any length, so that tests can send wrong ones. */
export type Id = string | Uint8Array
export type Integer = bigint | number | string

/**
 * An attribute value: integral numbers and bigints are sent as int64, other numbers as doubles, `null` as an empty value,
 * bytes as bytes, arrays and objects as arrays and maps. `anyValue` sends exactly what it is given.
 */
export type Value =
  | string
  | boolean
  | number
  | bigint
  | null
  | Uint8Array
  | readonly Value[]
  | ExactValue
  | { readonly [key: string]: Value }

/** Pairs send keys twice, or in an order that an object cannot have. */
export type Attributes =
  { readonly [key: string]: Value } | readonly (readonly [key: string, value: Value])[]

export class ExactValue {
  readonly fields: Readonly<Record<string, unknown>>
  constructor(fields: Readonly<Record<string, unknown>>) {
    this.fields = fields
  }
}

/** An AnyValue by its protobuf fields in camelCase, such as `anyValue({ doubleValue: 1 })`. */
export function anyValue(fields: Readonly<Record<string, unknown>>): ExactValue {
  return new ExactValue(fields)
}

export interface EventInput {
  readonly name?: string
  readonly timeUnixNano?: Integer
  readonly attributes?: Attributes
  readonly droppedAttributesCount?: number
}

export interface LinkInput {
  readonly traceId?: Id
  readonly spanId?: Id
  readonly traceState?: string
  readonly flags?: number
  readonly attributes?: Attributes
  readonly droppedAttributesCount?: number
}

/** What is left out gets a sound default: random ids, a start now and an end a millisecond later. */
export interface SpanInput {
  readonly traceId?: Id
  readonly spanId?: Id
  readonly parentSpanId?: Id
  readonly traceState?: string
  readonly flags?: number
  readonly name?: string
  readonly kind?: number
  readonly startTimeUnixNano?: Integer
  readonly endTimeUnixNano?: Integer
  readonly attributes?: Attributes
  readonly droppedAttributesCount?: number
  readonly events?: readonly EventInput[]
  readonly droppedEventsCount?: number
  readonly links?: readonly LinkInput[]
  readonly droppedLinksCount?: number
  readonly status?: { readonly code?: number; readonly message?: string }
}

export interface EntityRefInput {
  readonly schemaUrl?: string
  readonly type?: string
  readonly idKeys?: readonly string[]
  readonly descriptionKeys?: readonly string[]
}

export interface ResourceInput {
  readonly attributes?: Attributes
  readonly droppedAttributesCount?: number
  readonly entityRefs?: readonly EntityRefInput[]
  readonly schemaUrl?: string
}

export interface ScopeInput {
  readonly name?: string
  readonly version?: string
  readonly attributes?: Attributes
  readonly droppedAttributesCount?: number
  readonly schemaUrl?: string
}

export interface TracesInput {
  /** The resource's `service.name`; left out, it is not sent. */
  readonly service?: string
  readonly resource?: ResourceInput
  readonly scope?: ScopeInput
  readonly spans?: readonly SpanInput[]
  /** Sends the spans this many times over; ids that are left out differ each time. */
  readonly count?: number
}

/** An ExportTraceServiceRequest: one resource with one scope an input. */
export function traces(
  input: TracesInput | readonly TracesInput[],
  encoding: Encoding = 'protobuf',
): Buffer {
  const inputs = isList(input) ? input : [input]
  return encodeRequest(
    ExportTraceServiceRequest,
    { resourceSpans: inputs.map(resourceSpans) },
    encoding,
  )
}

/** Encodes a message given as protobufjs takes it (camelCase; 64-bit numbers as decimal strings, ids as bytes). */
export function encodeRequest(type: Type, message: object, encoding: Encoding): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify(toOtlpJson(type, message)))
  return Buffer.from(type.encode(type.fromObject(message)).finish())
}

/** Decodes a protobuf message into plain objects: 64-bit numbers as decimal strings, bytes as Buffers, absent fields absent. */
export function decodeMessage(type: Type, bytes: Uint8Array): Record<string, unknown> {
  return type.toObject(type.decode(bytes), { longs: String, bytes: Buffer as never, oneofs: false })
}

/** What the official exporters would send as JSON: hex ids, decimal strings for 64 bits, enums as numbers. */
export function toOtlpJson(type: Type, message: object): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(message)) {
    const field = type.fields[name]
    if (field === undefined || value === undefined) continue
    const one = (item: unknown) => scalarJson(name, field.type, field.resolvedType, item)
    json[name] = field.repeated ? (value as unknown[]).map(one) : one(value)
  }
  return json
}

/** An AnyValue as protobufjs takes it. */
export function toAnyValue(value: Value): Readonly<Record<string, unknown>> {
  if (value === null) return {}
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? { intValue: String(value) }
      : { doubleValue: value }
  }
  if (value instanceof ExactValue) return value.fields
  if (value instanceof Uint8Array) return { bytesValue: value }
  if (isList(value)) return { arrayValue: { values: value.map(toAnyValue) } }
  return { kvlistValue: { values: keyValues(value) } }
}

/** KeyValues as protobufjs takes them. */
export function keyValues(attributes: Attributes): object[] {
  const pairs: readonly (readonly [string, Value])[] = isList(attributes)
    ? attributes
    : Object.entries(attributes)
  return pairs.map(([key, value]) => ({ key, value: toAnyValue(value) }))
}

function resourceSpans(input: TracesInput): object {
  const { schemaUrl: resourceSchemaUrl, ...resource } = input.resource ?? {}
  const { schemaUrl: scopeSchemaUrl, ...scope } = input.scope ?? {}
  const own = input.service === undefined ? [] : keyValues({ 'service.name': input.service })
  const spans = Array.from({ length: input.count ?? 1 }, () => input.spans ?? [{}]).flat()
  return {
    resource: {
      ...resource,
      attributes: [...own, ...keyValues(resource.attributes ?? [])],
    },
    scopeSpans: [
      {
        scope: { ...scope, attributes: keyValues(scope.attributes ?? []) },
        spans: spans.map(span),
        schemaUrl: scopeSchemaUrl,
      },
    ],
    schemaUrl: resourceSchemaUrl,
  }
}

function span(input: SpanInput): object {
  const startNs = BigInt(input.startTimeUnixNano ?? BigInt(Date.now()) * 1_000_000n)
  return {
    ...input,
    name: input.name ?? 'GET /',
    kind: input.kind ?? 1,
    traceId: id(input.traceId ?? randomBytes(16)),
    spanId: id(input.spanId ?? randomBytes(8)),
    parentSpanId: input.parentSpanId === undefined ? undefined : id(input.parentSpanId),
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(input.endTimeUnixNano ?? startNs + 1_000_000n),
    attributes: keyValues(input.attributes ?? []),
    events: (input.events ?? []).map((event) => ({
      ...event,
      timeUnixNano: String(event.timeUnixNano ?? startNs),
      attributes: keyValues(event.attributes ?? []),
    })),
    links: (input.links ?? []).map((link) => ({
      ...link,
      traceId: id(link.traceId ?? randomBytes(16)),
      spanId: id(link.spanId ?? randomBytes(8)),
      attributes: keyValues(link.attributes ?? []),
    })),
  }
}

function id(value: Id): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'hex') : Buffer.from(value)
}

const ID_FIELDS = new Set(['traceId', 'spanId', 'parentSpanId'])
const WIDE_TYPES = new Set(['int64', 'uint64', 'fixed64', 'sfixed64', 'sint64'])

function scalarJson(
  name: string,
  typeName: string,
  resolved: Type | Enum | null,
  value: unknown,
): unknown {
  if (resolved instanceof Type) return toOtlpJson(resolved, value as object)
  if (WIDE_TYPES.has(typeName)) return String(value as Integer)
  if (typeName === 'bytes') {
    return Buffer.from(value as Uint8Array).toString(ID_FIELDS.has(name) ? 'hex' : 'base64')
  }
  if (Object.is(value, -0)) return '-0'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value
}

function isList<T>(value: T | readonly T[] | object): value is readonly T[] {
  return Array.isArray(value)
}

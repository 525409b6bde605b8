import { nanosFromNow, list, mapItems, mapPoints } from '../message'
import type { Message, Signal } from '../target'
import { type Mutation, Refused, rewriteBodies, rewriteJson, rewriteRequests } from './rewrite'
import type { Mutant } from './wire'

const IDS = ['traceId', 'spanId', 'parentSpanId']
const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const STATUS_CODES = ['UNSET', 'OK', 'ERROR']
const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

/** Of JSON and of the data model. */
export const CONTENT_MUTANTS: readonly Mutant[] = [
  {
    item: 27,
    breaks: 'reads ids as base64',
    ...rewriteJson((key, value) =>
      IDS.includes(key) && typeof value === 'string'
        ? Buffer.from(value, 'base64').toString('hex')
        : value,
    ),
  },
  { item: 28, breaks: 'takes the names of enums', ...rewriteJson(nameToNumber) },
  { item: 29, breaks: 'refuses members it does not know', ...refuseMembers('aNewField') },
  {
    item: 30,
    breaks: 'reads keys in snake_case',
    ...rewriteJson((_key, value) => (isObject(value) ? withCamelCase(value) : value)),
  },
  { item: 31, breaks: 'reads 64-bit integers as doubles', ...rewriteJson((_key, value) => value) },
  {
    item: 32,
    breaks: 'reads "NaN" as 0',
    ...rewriteJson((_key, value) => (value === 'NaN' ? 0 : value)),
  },
  {
    item: 33,
    breaks: 'answers JSON as plain text',
    http: {
      answer: (answer, { headers }) =>
        headers['content-type'] === 'application/json'
          ? { ...answer, headers: { ...answer.headers, 'content-type': 'text/plain' } }
          : answer,
    },
  },
  {
    item: 44,
    breaks: 'refuses all spans for one of an invalid id',
    ...rewriteItems('traces', (span) => {
      if (!hasIds(span)) throw new Refused()
      return span
    }),
  },
  {
    item: 45,
    breaks: 'drops log records of invalid ids',
    ...rewriteItems('logs', (record) => (hasIds(record) ? record : null)),
  },
  { item: 46, breaks: 'keeps eight bits of flags', ...rewriteItems('traces', maskFlags) },
  {
    item: 47,
    breaks: 'drops spans of no kind',
    ...rewriteItems('traces', (span) => (Number(span['kind'] ?? 0) === 0 ? null : span)),
  },
  {
    item: 48,
    breaks: 'puts a time of its own where there is none',
    ...rewritePoints((point) =>
      (point['timeUnixNano'] ?? '0') === '0' ? { ...point, timeUnixNano: nanosFromNow() } : point,
    ),
  },
  {
    item: 49,
    breaks: 'takes an absent value for 0',
    ...rewriteItems('metrics', (metric) =>
      (metric['gauge'] ?? metric['sum']) ? mapPoints(metric, withValue) : metric,
    ),
  },
  {
    item: 50,
    breaks: 'takes absent sum, min and max for 0',
    ...rewriteItems('metrics', (metric) =>
      metric['histogram']
        ? mapPoints(metric, (point) => ({ sum: 0, min: 0, max: 0, ...point }))
        : metric,
    ),
  },
  {
    item: 51,
    breaks: 'does not undo zigzag',
    ...rewriteItems('metrics', (metric) =>
      metric['exponentialHistogram'] ? mapPoints(metric, withoutZigzag) : metric,
    ),
  },
  {
    item: 52,
    breaks: 'takes an unspecified temporality for cumulative',
    ...rewriteItems('metrics', cumulate),
  },
  {
    item: 53,
    breaks: 'drops empty values',
    ...rewriteAttributes((pairs) =>
      pairs.filter(({ value }) => value === undefined || Object.keys(value as Message).length > 0),
    ),
  },
  {
    item: 54,
    breaks: 'keeps the first of equal keys',
    ...rewriteAttributes((pairs) =>
      pairs.filter((pair, i) => pairs.findIndex(({ key }) => key === pair['key']) === i),
    ),
  },
  {
    item: 55,
    breaks: 'refuses references to a table of strings',
    ...rewriteAttributes((pairs) => {
      if (pairs.some(({ keyStrindex }) => keyStrindex !== undefined)) throw new Refused()
      return pairs
    }),
  },
  {
    item: 56,
    breaks: 'puts a time of its own where a log record has only an observed one',
    ...rewriteItems('logs', (record) =>
      (record['timeUnixNano'] ?? '0') === '0'
        ? { ...record, timeUnixNano: nanosFromNow() }
        : record,
    ),
  },
  {
    item: 57,
    breaks: 'forgets schema URLs',
    ...rewriteRequests((_signal, request) => withoutSchemaUrls(request)),
  },
  {
    item: 58,
    breaks: 'drops log records of exceptions, for spans have them',
    ...rewriteItems('logs', (record) =>
      list(record['attributes']).some(({ key }) => key === 'exception.type') ? null : record,
    ),
  },
]

function rewriteItems(signal: Signal, change: (item: Message) => Message | null): Mutation {
  return rewriteRequests((sent, request) =>
    sent === signal ? mapItems(sent, request, change) : request,
  )
}

function rewritePoints(change: (point: Message) => Message): Mutation {
  return rewriteItems('metrics', (metric) => mapPoints(metric, change))
}

/** Of spans, log records and data points. */
function rewriteAttributes(change: (pairs: readonly Message[]) => readonly Message[]): Mutation {
  const inItem = (item: Message) => ({ ...item, attributes: change(list(item['attributes'])) })
  return rewriteRequests((signal, request) =>
    mapItems(signal, request, (item) =>
      signal === 'metrics' ? mapPoints(item, inItem) : inItem(item),
    ),
  )
}

function refuseMembers(name: string): Mutation {
  return rewriteBodies((_signal, encoding, body) => {
    if (encoding === 'json' && body.includes(`"${name}"`)) throw new Refused()
    return body
  })
}

function nameToNumber(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (key === 'kind') return KINDS.indexOf(value.replace('SPAN_KIND_', ''))
  return key === 'code' ? STATUS_CODES.indexOf(value.replace('STATUS_CODE_', '')) : value
}

function withCamelCase(object: Message): Message {
  const camel = (key: string) =>
    key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [camel(key), value]))
}

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasIds({ traceId, spanId }: Message): boolean {
  return isId(traceId, TRACE_ID_BYTES) && isId(spanId, SPAN_ID_BYTES)
}

function isId(id: unknown, bytes: number): boolean {
  return id instanceof Uint8Array && id.length === bytes && id.some((byte) => byte !== 0)
}

function maskFlags(span: Message): Message {
  return { ...span, flags: Number(span['flags'] ?? 0) & 0xff }
}

function withValue(point: Message): Message {
  return point['asInt'] === undefined && point['asDouble'] === undefined
    ? { ...point, asInt: '0' }
    : point
}

function withoutZigzag(point: Message): Message {
  const scale = Number(point['scale'] ?? 0)
  return { ...point, scale: (scale << 1) ^ (scale >> 31) }
}

function cumulate(metric: Message): Message {
  const changed = ['sum', 'histogram', 'exponentialHistogram'].flatMap((kind) => {
    const data = metric[kind] as Message | undefined
    return data
      ? [[kind, { ...data, aggregationTemporality: data['aggregationTemporality'] || 2 }]]
      : []
  })
  return { ...metric, ...Object.fromEntries(changed) }
}

/** Of resources and scopes. */
function withoutSchemaUrls(request: Message): Message {
  return Object.fromEntries(
    Object.entries(request)
      .filter(([name]) => name !== 'schemaUrl')
      .map(([name, value]) => [
        name,
        /^(resource|scope)[A-Z]/.test(name) ? list(value).map(withoutSchemaUrls) : value,
      ]),
  )
}

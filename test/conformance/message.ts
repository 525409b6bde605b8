import { randomBytes, randomUUID } from 'node:crypto'
import { type Attributes, keyValues } from '../helpers/otlp'
import type { Message, Signal, StoredItem } from './target'

/** Where the items of a signal are in the messages of an export request. */
const ENVELOPES = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  metrics: { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
} as const

const NS_PER_MS = 1_000_000n

export interface EnvelopeFields {
  readonly resource?: Message
  readonly resourceSchemaUrl?: string
  readonly scope?: Message
  readonly scopeSchemaUrl?: string
}

/** The kinds of metrics, as the fields of Metric's oneof. */
export const METRIC_KINDS = [
  'gauge',
  'sum',
  'histogram',
  'exponentialHistogram',
  'summary',
] as const
export type MetricKind = (typeof METRIC_KINDS)[number]

export const CUMULATIVE = 2

/** A service nobody has sent for yet. */
export function newService(): string {
  return `conformance-${randomUUID()}`
}

/** Milliseconds from now, in nanoseconds, in decimal. */
export function nanosFromNow(ms = 0): string {
  return String(BigInt(Date.now() + ms) * NS_PER_MS)
}

/** An export request of these items in one scope of one resource. */
export function requestOf(
  signal: Signal,
  service: string,
  items: readonly Message[],
  fields: EnvelopeFields = {},
): Message {
  const names = ENVELOPES[signal]
  const attributes = (fields.resource?.['attributes'] ?? []) as object[]
  const scopeItems = {
    ...(fields.scope && { scope: fields.scope }),
    [names.items]: items,
    ...(fields.scopeSchemaUrl && { schemaUrl: fields.scopeSchemaUrl }),
  }
  const resourceItems = {
    resource: {
      ...fields.resource,
      attributes: [...keyValues({ 'service.name': service }), ...attributes],
    },
    [names.scopes]: [scopeItems],
    ...(fields.resourceSchemaUrl && { schemaUrl: fields.resourceSchemaUrl }),
  }
  return { [names.resources]: [resourceItems] }
}

/** A sound item of the signal, by name. */
export function itemOf(signal: Signal, name: string, attributes: Attributes = {}): Message {
  if (signal === 'traces') return span(name, { attributes: keyValues(attributes) })
  if (signal === 'logs') return logRecord(name, { attributes: keyValues(attributes) })
  return metric(name, 'gauge', numberPoint({ attributes: keyValues(attributes) }))
}

export function span(name: string, fields: Message = {}): Message {
  const startNs = nanosFromNow()
  return {
    traceId: randomBytes(16),
    spanId: randomBytes(8),
    name,
    kind: 1,
    startTimeUnixNano: startNs,
    endTimeUnixNano: String(BigInt(startNs) + NS_PER_MS),
    ...fields,
  }
}

/** Its name is its body. */
export function logRecord(name: string, fields: Message = {}): Message {
  return {
    timeUnixNano: nanosFromNow(),
    severityNumber: 9,
    body: { stringValue: name },
    ...fields,
  }
}

/** A metric of these data points; where the kind has a temporality it is cumulative. */
export function metric(
  name: string,
  kind: MetricKind,
  dataPoints: Message | readonly Message[],
  fields: Message = {},
): Message {
  const hasTemporality = kind !== 'gauge' && kind !== 'summary'
  const data = {
    ...(hasTemporality && { aggregationTemporality: CUMULATIVE }),
    ...(kind === 'sum' && { isMonotonic: true }),
    dataPoints: Array.isArray(dataPoints) ? dataPoints : [dataPoints],
  }
  return { name, unit: '1', [kind]: data, ...fields }
}

export function numberPoint(fields: Message = {}): Message {
  return { ...pointTimes(), ...('asDouble' in fields ? {} : { asInt: '1' }), ...fields }
}

/** A sound data point of the kind. */
export function pointOf(kind: MetricKind, fields: Message = {}): Message {
  switch (kind) {
    case 'gauge':
    case 'sum':
      return numberPoint(fields)
    case 'histogram':
      return {
        ...pointTimes(),
        count: '3',
        sum: 6,
        bucketCounts: ['1', '2'],
        explicitBounds: [1.5],
        ...fields,
      }
    case 'exponentialHistogram':
      return {
        ...pointTimes(),
        count: '3',
        sum: 6,
        scale: 1,
        zeroCount: '0',
        positive: { offset: 0, bucketCounts: ['1', '2'] },
        ...fields,
      }
    case 'summary':
      return {
        ...pointTimes(),
        count: '3',
        sum: 6,
        quantileValues: [{ quantile: 0.5, value: 2 }],
        ...fields,
      }
  }
}

/** The items of a request, each with what it was sent in, in order; of metrics, a metric for each data point. */
export function itemsOf(signal: Signal, request: Message): Omit<StoredItem, 'timeUnixNano'>[] {
  const names = ENVELOPES[signal]
  return list(request[names.resources]).flatMap((resourceItems) =>
    list(resourceItems[names.scopes]).flatMap((scopeItems) =>
      list(scopeItems[names.items])
        .flatMap((item) => (signal === 'metrics' ? splitMetric(item) : [item]))
        .map((item) => ({
          item,
          resource: (resourceItems['resource'] ?? {}) as Message,
          resourceSchemaUrl: (resourceItems['schemaUrl'] ?? '') as string,
          scope: (scopeItems['scope'] ?? {}) as Message,
          scopeSchemaUrl: (scopeItems['schemaUrl'] ?? '') as string,
        })),
    ),
  )
}

/** The same request with every item replaced, or left out where null. */
export function mapItems(
  signal: Signal,
  request: Message,
  change: (item: Message) => Message | null,
): Message {
  const names = ENVELOPES[signal]
  const within = (message: Message, name: string, inner: (part: Message) => Message) => ({
    ...message,
    [name]: list(message[name]).map(inner),
  })
  return within(request, names.resources, (resourceItems) =>
    within(resourceItems, names.scopes, (scopeItems) => ({
      ...scopeItems,
      [names.items]: list(scopeItems[names.items]).flatMap((item) => change(item) ?? []),
    })),
  )
}

/** The same metric with every data point replaced, or left out where null. */
export function mapPoints(item: Message, change: (point: Message) => Message | null): Message {
  const kind = kindOf(item)
  if (kind === undefined) return item
  const data = item[kind] as Message
  const dataPoints = list(data['dataPoints']).flatMap((point) => change(point) ?? [])
  return { ...item, [kind]: { ...data, dataPoints } }
}

export function kindOf(item: Message): MetricKind | undefined {
  return METRIC_KINDS.find((kind) => item[kind] !== undefined)
}

/** The only data point of a metric as it is stored. */
export function pointIn(item: Message): Message {
  const kind = kindOf(item)
  const data = (kind === undefined ? {} : item[kind]) as Message
  return list(data['dataPoints'])[0] ?? {}
}

/** What `itemOf`, `span`, `logRecord` and `metric` took as a name. */
export function nameIn(item: Message): string {
  const { name } = item
  if (typeof name === 'string') return name
  const body = item['body'] as Message | undefined
  return String(body?.['stringValue'] ?? '')
}

/** The attributes of a span, log record or data point. */
export function attributesIn(signal: Signal, item: Message): readonly Message[] {
  return list((signal === 'metrics' ? pointIn(item) : item)['attributes'])
}

/** The same message without these fields. */
export function without(message: Message, ...names: readonly string[]): Message {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !names.includes(name)))
}

export function list(value: unknown): readonly Message[] {
  return (value ?? []) as readonly Message[]
}

function splitMetric(item: Message): Message[] {
  const kind = kindOf(item)
  if (kind === undefined) return []
  const data = item[kind] as Message
  return list(data['dataPoints']).map((point) => ({
    ...item,
    [kind]: { ...data, dataPoints: [point] },
  }))
}

function pointTimes(): Message {
  return { startTimeUnixNano: nanosFromNow(-60_000), timeUnixNano: nanosFromNow() }
}

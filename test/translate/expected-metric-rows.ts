import { type TranslationLimits, UNLIMITED } from '../../collector/translate/limits'
import type { DictionaryRow } from '../../collector/translate/rows'
import type { MetricRow } from '../helpers/metric-rows'
import { decodeMessage, ExportMetricsServiceRequest } from '../helpers/otlp'
import {
  type Attributed,
  clean,
  double,
  type FullRow,
  type KeyValue,
  map,
  type Resource,
  resourceColumns,
  type Scope,
  scopeColumns,
  serviceColumns,
} from './expected-rows'
import { limitItems } from './limited-items'

/** Messages as protobufjs decodes them: fields that were not sent are absent, 64-bit numbers are decimal strings. */
interface Exemplar {
  readonly filteredAttributes?: readonly KeyValue[]
  readonly timeUnixNano?: string
  readonly asDouble?: number
  readonly asInt?: string
  readonly spanId?: Buffer
  readonly traceId?: Buffer
}

interface Buckets {
  readonly offset?: number
  readonly bucketCounts?: readonly string[]
}

interface DataPoint extends Attributed {
  readonly startTimeUnixNano?: string
  readonly timeUnixNano?: string
  readonly flags?: number
  readonly exemplars?: readonly Exemplar[]
  readonly asDouble?: number
  readonly asInt?: string
  readonly count?: string
  readonly sum?: number
  readonly min?: number
  readonly max?: number
  readonly bucketCounts?: readonly string[]
  readonly explicitBounds?: readonly number[]
  readonly scale?: number
  readonly zeroCount?: string
  readonly zeroThreshold?: number
  readonly positive?: Buckets
  readonly negative?: Buckets
  readonly quantileValues?: readonly { readonly quantile?: number; readonly value?: number }[]
}

interface Data {
  readonly dataPoints?: readonly DataPoint[]
  readonly aggregationTemporality?: number
  readonly isMonotonic?: boolean
}

interface Metric {
  readonly name?: string
  readonly description?: string
  readonly unit?: string
  readonly metadata?: readonly KeyValue[]
  readonly gauge?: Data
  readonly sum?: Data
  readonly histogram?: Data
  readonly exponentialHistogram?: Data
  readonly summary?: Data
}

interface Request {
  readonly resourceMetrics?: readonly {
    readonly resource?: Resource
    readonly schemaUrl?: string
    readonly scopeMetrics?: readonly {
      readonly scope?: Scope
      readonly schemaUrl?: string
      readonly metrics?: readonly Metric[]
    }[]
  }[]
}

const KINDS = {
  gauge: 'gauge',
  sum: 'sum',
  histogram: 'histogram',
  exponentialHistogram: 'exponential_histogram',
  summary: 'summary',
} as const
const DAY_NS = 86_400_000_000_000n
const RETENTION_DAYS = 30n
const MOST = 1n << 63n

/** The rows a body must become, read by protobufjs and written the plain way; null where a data point must be rejected. */
export function expectedMetricRows(
  body: Uint8Array,
  receivedMs: number,
  limits: TranslationLimits = UNLIMITED,
): (FullRow | null)[] {
  const decoded = decodeMessage(ExportMetricsServiceRequest, body)
  const request = limitItems(decoded, limits) as Request
  return (request.resourceMetrics ?? []).flatMap(({ resource = {}, schemaUrl = '', ...inside }) =>
    (inside.scopeMetrics ?? []).flatMap(({ scope = {}, schemaUrl: scopeUrl = '', metrics }) =>
      (metrics ?? []).flatMap((metric) =>
        pointsOf(metric).map(({ kind, data, point }) =>
          isAccepted(kind, data, point, BigInt(receivedMs) * 1_000_000n)
            ? {
                ...pointColumns(kind, point),
                series: seriesColumns(kind, metric, data, point),
                service: serviceColumns(point, resource),
                resource: resourceColumns(resource, schemaUrl),
                scope: scopeColumns(scope, scopeUrl),
              }
            : null,
        ),
      ),
    ),
  )
}

/** Puts the contents of dictionary rows in place of ids. */
export function withSeries(
  rows: readonly MetricRow[],
  dictionary: readonly DictionaryRow[],
): FullRow[] {
  const contents = new Map(
    dictionary.map((row) => [`${row.dictionary}:${row.id}`, row.values.slice(1)]),
  )
  return rows.map(({ series_id, ...row }) => {
    const [service, resource, scope, ...series] =
      contents.get(`metric_series:${series_id as bigint}`) ?? []
    return {
      ...row,
      series,
      service: contents.get(`service:${service}`),
      resource: contents.get(`resource:${resource}`),
      scope: contents.get(`scope:${scope}`),
    }
  })
}

function pointsOf(metric: Metric) {
  const names = Object.keys(KINDS) as (keyof typeof KINDS)[]
  return names.flatMap((name) => {
    const data = metric[name]
    const points = data?.dataPoints ?? []
    return points.map((point) => ({ kind: KINDS[name], data: data ?? {}, point }))
  })
}

function isAccepted(kind: string, data: Data, point: DataPoint, receivedNs: bigint): boolean {
  const time = BigInt(point.timeUnixNano ?? 0)
  if (time === 0n || time < receivedNs - RETENTION_DAYS * DAY_NS) return false
  if (time > receivedNs + DAY_NS) return false
  const hasTemporality = !['gauge', 'summary'].includes(kind)
  if (hasTemporality && ![1, 2].includes(data.aggregationTemporality ?? 0)) return false
  const count = BigInt(point.count ?? 0)
  const { bucketCounts = [], explicitBounds = [], positive, negative } = point
  switch (kind) {
    case 'histogram':
      if (bucketCounts.length === 0) return explicitBounds.length === 0 && count < MOST
      return (
        bucketCounts.length === explicitBounds.length + 1 &&
        explicitBounds.every((bound, at) => at === 0 || bound > explicitBounds[at - 1]!) &&
        !explicitBounds.some(Number.isNaN) &&
        sum(bucketCounts) === count &&
        count < MOST
      )
    case 'exponential_histogram': {
      const inBuckets = sum(positive?.bucketCounts) + sum(negative?.bucketCounts)
      return inBuckets + BigInt(point.zeroCount ?? 0) === count && count < MOST
    }
    case 'summary':
      return (
        (point.quantileValues ?? []).every(({ quantile = 0 }) => quantile >= 0 && quantile <= 1) &&
        count < MOST
      )
    default:
      return point.asDouble !== undefined || point.asInt !== undefined || isGap(point)
  }
}

function isGap({ flags = 0 }: DataPoint): boolean {
  return flags % 2 === 1
}

function sum(counts: readonly string[] = []): bigint {
  return counts.reduce((total, count) => total + BigInt(count), 0n)
}

function pointColumns(kind: string, point: DataPoint): FullRow {
  const time = BigInt(point.timeUnixNano ?? 0)
  const start = BigInt(point.startTimeUnixNano ?? 0)
  const { exemplars = [] } = point
  const common = {
    exemplars: exemplars.length > 0 ? `[${exemplars.map(exemplar).join(',')}]` : null,
    attributes: null,
    time: time / 1_000n,
    time_ns: Number(time % 1_000n),
    start_time: start ? start / 1_000n : null,
    start_ns: start ? Number(start % 1_000n) : null,
    flags: point.flags ? point.flags | 0 : null,
  }
  if (kind === 'gauge' || kind === 'sum') {
    return {
      ...common,
      value: isGap(point) ? null : (point.asDouble ?? null),
      value_int: isGap(point) || point.asInt === undefined ? null : BigInt(point.asInt),
    }
  }
  return { ...common, ...histogramColumns(kind, point) }
}

function histogramColumns(kind: string, point: DataPoint): FullRow {
  const isExponential = kind === 'exponential_histogram'
  const { positive, negative, bucketCounts = [], quantileValues = [] } = point
  const quantiles = quantileValues.map(({ quantile = 0 }) => quantile)
  const values = quantileValues.map(({ value = 0 }) => value)
  return {
    count: BigInt(point.count ?? 0),
    sum: point.sum ?? (kind === 'summary' ? 0 : null),
    min: point.min ?? null,
    max: point.max ?? null,
    bucket_counts: bucketCounts.length > 0 ? bucketCounts.map(BigInt) : null,
    explicit_bounds: null,
    scale: isExponential ? (point.scale ?? 0) : null,
    zero_count: isExponential ? BigInt(point.zeroCount ?? 0) : null,
    zero_threshold: isExponential ? (point.zeroThreshold ?? 0) : null,
    positive_offset: positive ? (positive.offset ?? 0) : null,
    positive_counts: positive ? (positive.bucketCounts ?? []).map(BigInt) : null,
    negative_offset: negative ? (negative.offset ?? 0) : null,
    negative_counts: negative ? (negative.bucketCounts ?? []).map(BigInt) : null,
    quantiles: quantiles.length > 0 ? quantiles : null,
    quantile_values: quantiles.length > 0 ? values : null,
  }
}

function exemplar(sent: Exemplar): string {
  const value = sent.asDouble === undefined ? sent.asInt : double(sent.asDouble)
  return `{${[
    ...(sent.filteredAttributes ? [`"attributes":${map(sent.filteredAttributes)}`] : []),
    ...(BigInt(sent.timeUnixNano ?? 0) ? [`"time_unix_nano":"${sent.timeUnixNano}"`] : []),
    ...(value === undefined ? [] : [`"value":${value}`]),
    ...(sent.traceId?.length ? [`"trace_id":"${sent.traceId.toString('hex')}"`] : []),
    ...(sent.spanId?.length ? [`"span_id":"${sent.spanId.toString('hex')}"`] : []),
  ].join(',')}}`
}

/** The columns of `metric_series` from the name on. */
function seriesColumns(
  kind: string,
  metric: Metric,
  data: Data,
  point: DataPoint,
): (string | null)[] {
  const temporality = { 1: 'delta', 2: 'cumulative' }[data.aggregationTemporality ?? 0] ?? null
  return [
    clean(metric.name),
    kind,
    clean(metric.unit),
    kind === 'gauge' || kind === 'summary' ? null : temporality,
    kind === 'sum' ? String(data.isMonotonic ?? false) : null,
    clean(metric.description),
    map(metric.metadata),
    map(point.attributes),
    kind === 'histogram' ? `{${(point.explicitBounds ?? []).map(String).join(',')}}` : null,
  ]
}

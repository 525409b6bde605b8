import { type HrTime, ValueType } from '@opentelemetry/api'
import type {
  AggregationTemporality,
  CollectionResult,
  DataPoint,
  Histogram,
  MetricProducer,
  ResourceMetrics,
  ScopeMetrics,
} from '@opentelemetry/sdk-metrics'
import { BOUNDARIES, type DurationTally, durationTallies, keepDurations } from './durations'
import type { Series } from './series'

/**
 * Gives a metric reader the durations that were recorded (`durations.ts`). From its making on they are kept. With
 * `delta` each collection takes what was counted since the one before, so there can be one reader only.
 */
export function durationProducer(temporality: 'cumulative' | 'delta'): DurationProducer {
  keepDurations()
  let start = now()
  const read = (): ScopeMetrics[] => {
    const end = now()
    const scopeMetrics = collectScopes(temporality, start, end)
    if (temporality === 'delta') start = end
    return scopeMetrics
  }
  return {
    read,
    collect(): Promise<CollectionResult> {
      return Promise.resolve({
        resourceMetrics: { resource: NO_RESOURCE, scopeMetrics: read() },
        errors: [],
      })
    },
  }
}

export interface DurationProducer extends MetricProducer {
  /** Collects at once, for a process that ends now. */
  read(): ScopeMetrics[]
}

/** The reader puts its own in the place of it. */
const NO_RESOURCE = { attributes: {} } as ResourceMetrics['resource']

// The numbers of the SDK's enumerations, which are not worth loading it for.
const DELTA: AggregationTemporality.DELTA = 0
const CUMULATIVE: AggregationTemporality.CUMULATIVE = 1
const HISTOGRAM = 0

function collectScopes(
  temporality: 'cumulative' | 'delta',
  start: HrTime,
  end: HrTime,
): ScopeMetrics[] {
  const scopes = new Map<string, ScopeMetrics>()
  for (const tally of durationTallies()) {
    const { scope, name, description } = tally.name
    let metrics = scopes.get(scope)
    if (metrics === undefined) {
      metrics = { scope: { name: scope }, metrics: [] }
      scopes.set(scope, metrics)
    }
    metrics.metrics.push({
      descriptor: { name, description, unit: 's', valueType: ValueType.DOUBLE },
      aggregationTemporality: temporality === 'delta' ? DELTA : CUMULATIVE,
      dataPointType: HISTOGRAM,
      dataPoints: pointsOf(tally, start, end),
    })
    if (temporality === 'delta') tally.reset()
  }
  return [...scopes.values()]
}

function pointsOf(
  tally: DurationTally,
  startTime: HrTime,
  endTime: HrTime,
): DataPoint<Histogram>[] {
  return tally.all().map((series) => ({
    startTime,
    endTime,
    attributes: series.attributes,
    value: valueOf(series),
  }))
}

/** A copy: counting goes on while the reader sends it. */
function valueOf({ counts, sum, total, min, max }: Series): Histogram {
  return {
    buckets: { boundaries: [...BOUNDARIES], counts: [...counts] },
    sum,
    count: total,
    min,
    max,
  }
}

function now(): HrTime {
  const ms = Date.now()
  const seconds = Math.floor(ms / 1000)
  return [seconds, (ms - seconds * 1000) * 1_000_000]
}

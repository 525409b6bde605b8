import {
  type Attributes,
  type HrTime,
  type Meter,
  type Observable,
  ValueType,
} from '@opentelemetry/api'
import type {
  AggregationTemporality,
  CollectionResult,
  MetricData,
  MetricProducer,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics'
import { COLLECTION_BOUNDARIES, COLLECTION_DURATION, watchCollections } from './collections'
import { type Definition, type Point, RuntimeGauges } from './gauges'
import { Series } from './series'

/** The library by which the environment turns these measurements off, as in the contrib distribution. */
export const RUNTIME_LIBRARY = 'runtime-node'

const SCOPE = 'sidelight/runtime'

/** How what only grows is told; others always are what they are. */
export interface RuntimeTemporality {
  /** Of histograms. */
  readonly histograms: 'cumulative' | 'delta'
  /** Of counters that are read when they are asked for. */
  readonly counters: 'cumulative' | 'delta'
}

/** Watches the runtime from now on, for one reader. */
export function runtimeProducer(temporality: RuntimeTemporality): MetricProducer {
  const gauges = new RuntimeGauges()
  const collections = new Map<string, Series>()
  watchCollections((type, seconds) => {
    let series = collections.get(type)
    if (series === undefined) {
      series = new Series({ 'v8js.gc.type': type }, COLLECTION_BOUNDARIES)
      collections.set(type, series)
    }
    series.count(seconds)
  })
  const counters = new Counters(temporality.counters)
  const started = now()
  let last = started
  return {
    collect(): Promise<CollectionResult> {
      const end = now()
      const metrics: MetricData[] = []
      const startOf = (kind: 'cumulative' | 'delta'): HrTime => (kind === 'delta' ? last : started)
      const counterStart = startOf(temporality.counters)
      for (const [definition, points] of gauges.read()) {
        metrics.push(metricOf(definition, counters.tell(definition, points), counterStart, end))
      }
      if (collections.size > 0) {
        const start = startOf(temporality.histograms)
        metrics.push(collectionsOf(collections, temporality.histograms, start, end))
      }
      if (temporality.histograms === 'delta') collections.clear()
      last = end
      const scopeMetrics = [{ scope: { name: SCOPE }, metrics }]
      return Promise.resolve({
        resourceMetrics: { resource: NO_RESOURCE, scopeMetrics },
        errors: [],
      })
    },
  }
}

/** Watches the runtime from now on through instruments of the API, for an SDK that takes no producer. */
export function reportRuntime(getMeter: (scope: string) => Meter): void {
  const meter = getMeter(SCOPE)
  const gauges = new RuntimeGauges()
  const observables = new Map<Definition, Observable>()
  for (const definition of gauges.read().keys()) observe(meter, definition, observables)
  meter.addBatchObservableCallback(
    (result) => {
      for (const [definition, points] of gauges.read()) {
        const observable = observables.get(definition)
        if (observable === undefined) continue
        for (const [value, attributes] of points) result.observe(observable, value, attributes)
      }
    },
    [...observables.values()],
  )
  const durations = meter.createHistogram(COLLECTION_DURATION.name, {
    ...COLLECTION_DURATION,
    advice: { explicitBucketBoundaries: [...COLLECTION_BOUNDARIES] },
  })
  watchCollections((type, seconds) => durations.record(seconds, { 'v8js.gc.type': type }))
}

// The numbers of the SDK's enumerations, which are not worth loading it for.
const DELTA: AggregationTemporality.DELTA = 0
const CUMULATIVE: AggregationTemporality.CUMULATIVE = 1
const HISTOGRAM = 0
const GAUGE = 2
const SUM = 3

/** The reader puts its own in the place of it. */
const NO_RESOURCE = { attributes: {} } as ResourceMetrics['resource']

/** Tells counters as they are, or how much they have grown since they were last told. */
class Counters {
  readonly temporality: 'cumulative' | 'delta'
  readonly #last = new Map<string, number>()

  constructor(temporality: 'cumulative' | 'delta') {
    this.temporality = temporality
  }

  tell({ name, kind }: Definition, points: readonly Point[]): Told {
    if (kind !== 'counter') return { points, temporality: CUMULATIVE }
    if (this.temporality === 'cumulative') return { points, temporality: CUMULATIVE }
    const grown = points.map(([value, attributes]): Point => {
      const key = `${name} ${JSON.stringify(attributes)}`
      const before = this.#last.get(key) ?? 0
      this.#last.set(key, value)
      return [value - before, attributes]
    })
    return { points: grown, temporality: DELTA }
  }
}

interface Told {
  readonly points: readonly Point[]
  readonly temporality: AggregationTemporality
}

function metricOf(definition: Definition, told: Told, start: HrTime, endTime: HrTime): MetricData {
  const { name, description, unit, kind } = definition
  const startTime = told.temporality === DELTA || kind === 'counter' ? start : endTime
  const dataPoints = told.points.map(([value, attributes]) => ({
    startTime,
    endTime,
    attributes,
    value,
  }))
  const descriptor = {
    name,
    description,
    unit,
    valueType: kind === 'updown' ? ValueType.INT : ValueType.DOUBLE,
  }
  const aggregationTemporality = told.temporality
  return kind === 'gauge'
    ? { descriptor, aggregationTemporality, dataPointType: GAUGE, dataPoints }
    : {
        descriptor,
        aggregationTemporality,
        dataPointType: SUM,
        isMonotonic: kind === 'counter',
        dataPoints,
      }
}

function collectionsOf(
  collections: ReadonlyMap<string, Series>,
  temporality: 'cumulative' | 'delta',
  startTime: HrTime,
  endTime: HrTime,
): MetricData {
  return {
    descriptor: { ...COLLECTION_DURATION, valueType: ValueType.DOUBLE },
    aggregationTemporality: temporality === 'delta' ? DELTA : CUMULATIVE,
    dataPointType: HISTOGRAM,
    dataPoints: [...collections.values()].map(({ attributes, counts, sum, total, min, max }) => ({
      startTime,
      endTime,
      attributes,
      value: {
        buckets: { boundaries: [...COLLECTION_BOUNDARIES], counts: [...counts] },
        sum,
        count: total,
        min,
        max,
      },
    })),
  }
}

function observe(meter: Meter, definition: Definition, into: Map<Definition, Observable>): void {
  const { name, unit, description, kind } = definition
  const options = { unit, description }
  const make = (): Observable<Attributes> => {
    if (kind === 'gauge') return meter.createObservableGauge(name, options)
    if (kind === 'counter') return meter.createObservableCounter(name, options)
    return meter.createObservableUpDownCounter(name, options)
  }
  into.set(definition, make())
}

function now(): HrTime {
  const ms = Date.now()
  const seconds = Math.floor(ms / 1000)
  return [seconds, (ms - seconds * 1000) * 1_000_000]
}

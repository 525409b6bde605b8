import { type Meter, type MeterOptions, type MeterProvider, metrics } from '@opentelemetry/api'
import type * as transformer from '@opentelemetry/otlp-transformer'
import type { MetricProducer, ScopeMetrics } from '@opentelemetry/sdk-metrics'
import { complain } from '../process/complaint'
import type { DurationProducer } from '../measures/producer'
import { type MetricTimes, readMetricTimes } from '../process/limits'
import { isSet } from '../process/variables'
import type { Parts } from './contract'
import type * as meters from './meters'

/** What `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` asks for. */
export type Temporality = 'cumulative' | 'delta' | 'lowmemory'

export interface Metrics {
  /** Reads everything there is and hands it on as one body. Never rejects. */
  collect(timeoutMs: number): Promise<void>
  /** Hands on the durations there are, at once: the process ends now, and what else is measured says nothing of the past. Never throws. */
  save(): void
}

/**
 * Registers a provider for those who call the metrics API, and reads it and the producers at intervals that keep nothing alive.
 */
export function startMetrics(
  parts: Parts,
  makeProducers: (temporality: Temporality) => Producers,
): Metrics {
  const temporality = readTemporality(parts.env)
  const times = readMetricTimes(parts.env)
  const provider = new LazyMeterProvider(parts, temporality)
  const collection = new Collection(parts, provider, makeProducers(temporality))
  metrics.setGlobalMeterProvider(provider)
  collectAtIntervals(collection, times)
  return collection
}

interface Producers {
  readonly producers: readonly MetricProducer[]
  /** One of them. */
  readonly durations: DurationProducer
}

export function readTemporality(env: NodeJS.ProcessEnv): Temporality {
  const name = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'
  const value = env[name]?.trim().toLowerCase()
  if (value === 'delta' || value === 'lowmemory' || value === 'cumulative') return value
  if (isSet(value)) complain(`${name}=${value} is unknown, cumulative is used`)
  return 'cumulative'
}

function collectAtIntervals(collection: Collection, { intervalMs, timeoutMs }: MetricTimes): void {
  setInterval(() => {
    void collection.collect(timeoutMs)
  }, intervalMs).unref()
}

class Collection implements Metrics {
  readonly #parts: Parts
  readonly #provider: LazyMeterProvider
  readonly #producers: Producers
  /** One collection at a time: with deltas each takes what it reads. */
  #running: Promise<void> = Promise.resolve()

  constructor(parts: Parts, provider: LazyMeterProvider, producers: Producers) {
    this.#parts = parts
    this.#provider = provider
    this.#producers = producers
  }

  collect(timeoutMs: number): Promise<void> {
    this.#running = this.#running
      .then(() => this.#collect(timeoutMs))
      .catch((error: unknown) => complain('cannot collect metrics', error))
    return this.#running
  }

  async #collect(timeoutMs: number): Promise<void> {
    const { scopes, errors } = await this.#provider.read(timeoutMs)
    const scopeMetrics = [...scopes]
    for (const producer of this.#producers.producers) {
      const { resourceMetrics } = await producer.collect({ timeoutMillis: timeoutMs })
      scopeMetrics.push(...resourceMetrics.scopeMetrics)
    }
    if (errors.length > 0) complain('cannot collect some metrics', errors[0])
    this.#put(scopeMetrics)
  }

  save(): void {
    try {
      this.#put(this.#producers.durations.read())
    } catch (error) {
      complain('cannot save metrics', error)
    }
  }

  #put(scopeMetrics: ScopeMetrics[]): void {
    const items = countPoints(scopeMetrics)
    if (items === 0) return
    const { ProtobufMetricsSerializer } =
      require('@opentelemetry/otlp-transformer') as typeof transformer
    const { resource } = this.#parts
    const bytes = ProtobufMetricsSerializer.serializeRequest({ resource, scopeMetrics })
    if (bytes !== undefined) this.#parts.put({ signal: 'metrics', bytes, items })
  }
}

function countPoints(scopes: readonly ScopeMetrics[]): number {
  let count = 0
  for (const { metrics } of scopes) {
    for (const { dataPoints } of metrics) count += dataPoints.length
  }
  return count
}

/** Loads the SDK of metrics when the application first asks for a meter: our own measurements need none. */
class LazyMeterProvider implements MeterProvider {
  readonly #parts: Parts
  readonly #temporality: Temporality
  #meters: meters.Meters | undefined

  constructor(parts: Parts, temporality: Temporality) {
    this.#parts = parts
    this.#temporality = temporality
  }

  getMeter(name: string, version?: string, options?: MeterOptions): Meter {
    this.#meters ??= this.#load()
    return this.#meters.provider.getMeter(name, version, options)
  }

  forceFlush(): Promise<void> {
    return this.#parts.flush()
  }

  shutdown(): Promise<void> {
    return this.#parts.flush()
  }

  async read(timeoutMs: number): Promise<{ scopes: ScopeMetrics[]; errors: unknown[] }> {
    return (await this.#meters?.read(timeoutMs)) ?? { scopes: [], errors: [] }
  }

  #load(): meters.Meters {
    const { Meters } = require('./meters') as typeof meters
    return new Meters(this.#parts.resource, this.#temporality, this.#parts.flush)
  }
}

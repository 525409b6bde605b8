import type { Resource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  InstrumentType,
  MeterProvider,
  MetricReader,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics'
import type { Temporality } from './metrics'

/** The metrics SDK, for an application that calls the metrics API. */
export class Meters {
  readonly provider: MeterProvider
  readonly #reader: PulledReader

  constructor(resource: Resource, temporality: Temporality, flush: () => Promise<void>) {
    this.#reader = new PulledReader(temporality, flush)
    this.provider = new MeterProvider({ resource, readers: [this.#reader] })
  }

  /** What its instruments have measured; `errors` are those of the application's callbacks. */
  async read(timeoutMs: number): Promise<{ scopes: ScopeMetrics[]; errors: unknown[] }> {
    const { resourceMetrics, errors } = await this.#reader.collect({ timeoutMillis: timeoutMs })
    return { scopes: resourceMetrics.scopeMetrics, errors }
  }
}

class PulledReader extends MetricReader {
  readonly #flush: () => Promise<void>

  constructor(temporality: Temporality, flush: () => Promise<void>) {
    super({ aggregationTemporalitySelector: (type) => temporalityOf(type, temporality) })
    this.#flush = flush
  }

  protected override onForceFlush(): Promise<void> {
    return this.#flush()
  }

  protected override onShutdown(): Promise<void> {
    return this.#flush()
  }
}

/** OpenTelemetry specification, OTLP metrics exporter: what each preference means for each kind of instrument. */
function temporalityOf(type: InstrumentType, preference: Temporality): AggregationTemporality {
  const isUpDown =
    type === InstrumentType.UP_DOWN_COUNTER || type === InstrumentType.OBSERVABLE_UP_DOWN_COUNTER
  const staysCumulative =
    isUpDown || (preference === 'lowmemory' && type === InstrumentType.OBSERVABLE_COUNTER)
  return preference === 'cumulative' || staysCumulative
    ? AggregationTemporality.CUMULATIVE
    : AggregationTemporality.DELTA
}

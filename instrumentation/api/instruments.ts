import { createNoopMeter, type Meter, type MeterProvider, metrics } from '@opentelemetry/api'

/**
 * Makes an instrument when it is first used, and anew once an SDK is there: the metrics API has no instruments that find one
 * later. Undefined while there is none.
 */
export function lazyInstrument<T>(make: (meter: Meter) => T): () => T | undefined {
  let madeBy: MeterProvider | undefined
  let instrument: T | undefined
  return () => {
    const provider = metrics.getMeterProvider()
    if (provider !== madeBy) {
      const meter = provider.getMeter('sidelight')
      instrument = meter === NOTHING ? undefined : make(meter)
      madeBy = provider
    }
    return instrument
  }
}

const NOTHING = createNoopMeter()

/** Seconds from a hundredth to an hour: what background work takes. */
export const DURATION_BUCKETS = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600,
]

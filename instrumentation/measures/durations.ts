import type { Attributes, Histogram, Meter } from '@opentelemetry/api'
import { Series } from './series'

/**
 * A histogram of durations that costs a look-up and two additions, for measurements made on every request. It is read
 * when metrics are collected.
 */
export interface DurationHistogram {
  /**
   * Counts one duration. `key` names the combination of attributes; `attributes` is asked for them the first time a key
   * is seen.
   */
  record(seconds: number, key: string, attributes: () => Attributes): void
}

/** What a histogram measures; `scope` is the name of the instrumentation. */
export interface DurationName {
  readonly scope: string
  readonly name: string
  readonly description: string
}

/** Combinations of attributes a histogram tells apart (OpenTelemetry specification, cardinality limits). */
export const MAX_KEYS = 2_000

/** Upper bounds of the buckets, seconds, as the semantic conventions of HTTP, databases and RPC advise. */
export const BOUNDARIES: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]

/** The histogram of that name, made when it is first asked for. Until somebody reads them (`keepDurations`,
 * `recordThrough`), durations are dropped. */
export function durationHistogram(name: DurationName): DurationHistogram {
  const id = `${name.scope} ${name.name}`
  let tally = tallies.get(id)
  if (tally === undefined) {
    tally = new DurationTally(name)
    tallies.set(id, tally)
    attach(tally)
  }
  return tally
}

/** From now on durations are kept here, for `readDurations`. */
export function keepDurations(): void {
  meter = undefined
  isKept = true
  for (const tally of tallies.values()) attach(tally)
}

/**
 * From now on durations are recorded by histograms of this meter, one for each scope: for an SDK that takes no producer
 * of metrics.
 */
export function recordThrough(getMeter: (scope: string) => Meter): void {
  meter = getMeter
  isKept = false
  for (const tally of tallies.values()) attach(tally)
}

/** The histograms that have counted something. */
export function durationTallies(): DurationTally[] {
  return [...tallies.values()].filter(({ series }) => series.size > 0)
}

const tallies = new Map<string, DurationTally>()
let meter: ((scope: string) => Meter) | undefined
let isKept = false

function attach(tally: DurationTally): void {
  tally.isKept = isKept
  tally.histogram = meter?.(tally.name.scope).createHistogram(tally.name.name, {
    description: tally.name.description,
    unit: 's',
    advice: { explicitBucketBoundaries: [...BOUNDARIES] },
  })
}

const OVERFLOW: Attributes = { 'otel.metric.overflow': true }

/** One histogram with its counts. */
export class DurationTally implements DurationHistogram {
  readonly name: DurationName
  readonly series = new Map<string, Series>()
  isKept = false
  histogram: Histogram | undefined
  #overflow: Series | undefined

  constructor(name: DurationName) {
    this.name = name
  }

  record(seconds: number, key: string, attributes: () => Attributes): void {
    if (!this.isKept && this.histogram === undefined) return
    const series = this.series.get(key) ?? this.#add(key, attributes)
    if (this.isKept) series.count(seconds)
    else this.histogram?.record(seconds, series.attributes)
  }

  /** The counts so far, those over the limit included. */
  all(): Series[] {
    const series = [...this.series.values()]
    return this.#overflow === undefined ? series : [...series, this.#overflow]
  }

  /** Forgets everything: what follows is counted from `nowMs`. */
  reset(): void {
    this.series.clear()
    this.#overflow = undefined
  }

  #add(key: string, attributes: () => Attributes): Series {
    // One is left for all that no longer fit.
    if (this.series.size >= MAX_KEYS - 1) {
      return (this.#overflow ??= new Series(OVERFLOW, BOUNDARIES))
    }
    const series = new Series(attributes(), BOUNDARIES)
    this.series.set(key, series)
    return series
  }
}

import { INSTRUMENTS, type MetricName, type Metrics, type Point } from './instruments'

/** A point with the time its sum began at; null for one of a gauge, and where nothing says when it was. */
export interface StartedPoint extends Point {
  readonly startUnixMs: number | null
}

export type StartedMetrics = readonly (readonly [MetricName, readonly StartedPoint[]])[]

interface Known {
  readonly value: number
  readonly startUnixMs: number | null
}

/** More series than this are not those of one machine: interfaces or disks come and go, and the gone ones are forgotten. */
const MAX_SERIES = 4096

/**
 * Since when every sum counts. A counter that fell began again, some time after the last reading: its start moves there, so
 * that who reads it sees a reset and no negative rate.
 */
export class CounterStarts {
  readonly #series = new Map<string, Known>()
  #lastUnixMs: number | null = null

  /** `beginUnixMs` is when the sums began that did not fall yet. A value that is no number is left out. */
  place(metrics: Metrics, beginUnixMs: number | null): StartedMetrics {
    if (this.#series.size > MAX_SERIES) this.#series.clear()
    return (Object.entries(metrics) as [MetricName, readonly Point[]][])
      .map(
        ([name, points]) => [name, points.filter(({ value }) => Number.isFinite(value))] as const,
      )
      .filter(([, points]) => points.length > 0)
      .map(([name, points]) => [
        name,
        points.map((point) => ({
          ...point,
          startUnixMs: this.#startOf(name, point, beginUnixMs),
        })),
      ])
  }

  /** Ends a reading: what falls in the next one began again after `unixMs`. */
  close(unixMs: number): void {
    this.#lastUnixMs = unixMs
  }

  #startOf(
    name: MetricName,
    { value, attributes }: Point,
    beginUnixMs: number | null,
  ): number | null {
    const { kind } = INSTRUMENTS[name]
    if (kind === 'gauge') return null
    if (kind === 'upDownCounter') return beginUnixMs
    const key = [name, ...Object.values(attributes)].join('\0')
    const known = this.#series.get(key)
    const hasFallen = known !== undefined && value < known.value
    const startUnixMs = hasFallen ? this.#lastUnixMs : (known?.startUnixMs ?? beginUnixMs)
    this.#series.set(key, { value, startUnixMs })
    return startUnixMs
  }
}

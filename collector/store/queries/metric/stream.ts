import { subtract, type Exact } from './exact'
import { lookBackMs, stepAt, type Steps } from './steps'
import type { Series } from './selection'
import type { Stream } from './walk'
import { Writers, type Cumulative } from './writers'

/** What every point has; `isStale` when it says that nothing was recorded (data point flags, bit 0). */
export interface Timed {
  readonly timeUs: number
  readonly startUs: number | null
  readonly isStale: boolean
}

/** Told of what falls into a step. */
export type Taker<V> = (step: number, value: V) => void

/** Takes every point of the steps that has a value. */
export function eachPoint<P extends Timed>(steps: Steps, take: Taker<P>): Stream<P> {
  return {
    take(point) {
      const step = stepAt(steps, point.timeUs)
      if (step >= 0 && !point.isStale) take(step, point)
    },
    end: () => undefined,
  }
}

/** Takes the last point of each step; none where the stream had ended by then. */
export function lastOfStep<P extends Timed>(steps: Steps, take: Taker<P>): Stream<P> {
  let last: P | null = null
  let current = -1
  const flush = () => {
    if (last !== null && current >= 0 && !last.isStale) take(current, last)
  }
  return {
    take(point) {
      const step = stepAt(steps, point.timeUs)
      if (step !== current) flush()
      current = step
      last = point
    },
    end: flush,
  }
}

/**
 * Takes what each point of a monotonic stream counts, at the step of that point. Of a delta stream that is what the point
 * says (data model, "Temporality"); of a cumulative one see `Writers`. `sinceUs`: since when, null when that is unknown.
 */
export function eachIncrement<P extends Timed & Cumulative>(
  steps: Steps,
  { isDelta }: Pick<Series, 'isDelta'>,
  take: (step: number, point: P, previous: P | null, sinceUs: number | null) => void,
): Stream<P> {
  if (isDelta) return eachPoint(steps, (step, point) => take(step, point, null, point.startUs))
  const writers = new Writers<P>(lookBackMs(steps) * 1000)
  return {
    take(point) {
      if (point.isStale) return
      const counts = writers.follow(point)
      const step = stepAt(steps, point.timeUs)
      if (step < 0 || counts === 'nothing') return
      const { previous } = writers
      const sinceUs = previous?.timeUs ?? point.startUs
      take(step, point, counts === 'full' ? null : previous, sinceUs)
    },
    end: () => undefined,
  }
}

/** Takes by what each point of a cumulative stream that may fall differs from the one before, up or down. */
export function eachChange<P extends Timed & { readonly value: Exact }>(
  steps: Steps,
  take: (step: number, change: Exact, point: P, sinceUs: number) => void,
): Stream<P> {
  const readSinceUs = lookBackMs(steps) * 1000
  let previous: P | null = null
  return {
    take(point) {
      if (point.isStale) return
      const step = stepAt(steps, point.timeUs)
      const before = previous
      previous = point
      if (step < 0) return
      if (before !== null) take(step, subtract(point.value, before.value), point, before.timeUs)
      // It began at nothing, within what is read.
      else if (point.startUs !== null && point.startUs >= readSinceUs) {
        if (point.startUs < point.timeUs) take(step, point.value, point, point.startUs)
      }
    },
    end: () => undefined,
  }
}

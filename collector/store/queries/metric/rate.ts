import { add, type Exact } from './exact'
import { secondsPassed, stepAt, type Steps } from './steps'
import type { Stream } from './walk'

/** What a point counts, and since when: the time of the point it is compared with, or the start; null when that is unknown. */
export interface Count {
  readonly amount: Exact
  readonly sinceUs: number | null
  readonly timeUs: number
}

/**
 * Takes what one stream counted in a step, a second. What is divided by is the step, as far as it has passed, or the time
 * its points tell of where that is longer: a minute that is reported right after a step began, or an hour after a gap, was
 * not counted in that step alone.
 */
export function eachRate<P>(
  steps: Steps,
  open: (take: (count: Count) => void) => Stream<P>,
  take: (step: number, perSecond: number) => void,
): Stream<P> {
  let current = -1
  let total: Exact = 0
  let fromUs = Infinity
  let toUs = -Infinity
  const flush = () => {
    if (current < 0) return
    const toldSeconds = (toUs - fromUs) / 1e6
    take(current, Number(total) / Math.max(secondsPassed(steps, current), toldSeconds))
  }
  const { take: follow, end } = open(({ amount, sinceUs, timeUs }) => {
    const step = stepAt(steps, timeUs)
    if (step !== current) {
      flush()
      total = 0
      fromUs = Infinity
    }
    current = step
    total = add(total, amount)
    fromUs = Math.min(fromUs, sinceUs ?? timeUs)
    toUs = timeUs
  })
  return {
    take: follow,
    end() {
      end()
      flush()
    },
  }
}

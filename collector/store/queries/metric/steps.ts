/** The steps of an answer: `count` of them, each `stepMs` long, from `sinceMs` on. Nothing after `untilMs` has happened yet. */
export interface Steps {
  readonly sinceMs: number
  readonly untilMs: number
  readonly stepMs: number
  readonly count: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const MIN_LOOK_BACK_MS = 5 * MINUTE_MS

/** The step a time falls into: negative before the first one. */
export function stepAt({ sinceMs, stepMs }: Steps, timeUs: number): number {
  return Math.floor((timeUs - sinceMs * 1000) / (stepMs * 1000))
}

/** How much of a step has passed, at least one second: what a rate is divided by. */
export function secondsPassed({ sinceMs, untilMs, stepMs }: Steps, step: number): number {
  const beginMs = sinceMs + step * stepMs
  return Math.max(1, (Math.min(beginMs + stepMs, untilMs) - beginMs) / 1000)
}

/** From where on points are read so that the first step has a point to differ from: a step before, 5 minutes to an hour. */
export function lookBackMs({ sinceMs, stepMs }: Steps): number {
  return sinceMs - Math.min(Math.max(stepMs, MIN_LOOK_BACK_MS), HOUR_MS)
}

/** Where the last step ends. */
export function endMs({ sinceMs, stepMs, count }: Steps): number {
  return sinceMs + stepMs * count
}

import type { Window } from './contract'
import type { Steps } from './metric-contract'
import type { Fault } from './problems'

const SECOND_MS = 1000
/** The shortest step of what rollups tell. */
export const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const UNIT_MS: Readonly<Record<string, number>> = {
  '': SECOND_MS,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
}
/** As many as Prometheus answers with. */
const MAX_STEPS = 11_000
const DEFAULT_STEPS = 200
const MAX_STEP_MS = 366 * DAY_MS
/** Lengths that people have clocks for. */
const ROUND_STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
]

export const STEP_DESCRIPTION =
  `Length of a step: seconds, or 30s, 5m, 1h, 1d; by default the round one that makes at most ${DEFAULT_STEPS} steps, ` +
  `and never so short that there are more than ${MAX_STEPS}. Steps begin at multiples of their length since 1970`

/**
 * The steps of a window, of `leastMs` or a multiple of it, widened to whole ones on both sides. Adds a fault, and returns
 * null, when the step is none or there would be too many.
 */
export function resolveSteps(
  step: string | undefined,
  { sinceMs, untilMs }: Window,
  nowMs: number,
  faults: Fault[],
  leastMs = SECOND_MS,
): Steps | null {
  const stepMs =
    step === undefined ? defaultStepMs(untilMs - sinceMs, leastMs) : parseStep(step, leastMs)
  if (stepMs === null) {
    const units =
      leastMs === SECOND_MS ? 'seconds from 1 on' : leastMs === MINUTE_MS ? 'minutes' : 'hours'
    const reason = `must be whole ${units}, or a length such as 30s, 5m, 1h, 1d, not ${JSON.stringify(step)}`
    faults.push({ name: 'step', reason })
    return null
  }
  const firstMs = Math.floor(sinceMs / stepMs) * stepMs
  const endMs = Math.ceil(untilMs / stepMs) * stepMs
  const count = (endMs - firstMs) / stepMs
  if (count > MAX_STEPS) {
    const leastSeconds = Math.ceil((untilMs - sinceMs) / (MAX_STEPS - 2) / SECOND_MS)
    const reason = `must be at least ${leastSeconds} s in this window, which has more than ${MAX_STEPS} of ${step}`
    faults.push({ name: 'step', reason })
    return null
  }
  return { sinceMs: firstMs, untilMs: Math.min(nowMs, endMs), stepMs, count }
}

function defaultStepMs(windowMs: number, leastMs: number): number {
  const wantedMs = Math.max(leastMs, windowMs / DEFAULT_STEPS)
  const roundMs = ROUND_STEPS_MS.find((stepMs) => stepMs >= wantedMs)
  return roundMs ?? Math.ceil(wantedMs / DAY_MS) * DAY_MS
}

function parseStep(text: string, leastMs: number): number | null {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? []
  const stepMs = Number(digits) * (UNIT_MS[unit] ?? 0)
  return stepMs > 0 && stepMs <= MAX_STEP_MS && stepMs % leastMs === 0 ? stepMs : null
}

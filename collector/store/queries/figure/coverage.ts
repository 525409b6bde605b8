import { HOUR_MS } from '../../clock'
import type { Range } from './question'

const MINUTE_MS = 60_000
/** How long minutes are kept beside the hours they are in. */
const MINUTES_KEPT_MS = 48 * HOUR_MS
/** Years of five digits are written in another way than Postgres reads them. */
export const LAST_MS = Date.UTC(9999, 11, 31, 23)

/** So long windows begin at a whole hour: their first minutes would be most of the rows that are read. */
const LONG_MS = 6 * HOUR_MS

/** Which rollups a window is read from; none lies in two ranges. */
export interface Coverage {
  /** As far as it can be told: whole minutes, or hours. */
  readonly window: Range
  readonly stepMs: number | null
  /**
   * Read as whole hours, and deltas within; null where single minutes are read alone. The hour under way counts as whole in a
   * window that reaches until now: what is folded of it is over.
   */
  readonly hours: Range | null
  /** Read as single minutes, and deltas within. */
  readonly minutes: readonly Range[]
}

/**
 * Widens a window to what rollups can tell at `nowMs` by Postgres's clock: to whole minutes; to whole hours at the begin where
 * minutes are not kept any more, steps are hours, or the window is longer than six of them, and at an end that old. Steps are
 * hours where minutes are not kept.
 */
export function cover(asked: Range, askedStepMs: number | null, nowMs: number): Coverage {
  const keptSinceMs = nowMs - MINUTES_KEPT_MS
  const isOld = asked.sinceMs < keptSinceMs
  const stepMs = isOld && askedStepMs !== null ? ceil(askedStepMs, HOUR_MS) : askedStepMs
  const hasHours = stepMs === null || stepMs % HOUR_MS === 0
  const isLong = asked.untilMs - asked.sinceMs > LONG_MS
  const beginsAtHour = isOld || (hasHours && (stepMs !== null || isLong))
  const endsAtHour = floor(asked.untilMs, HOUR_MS) < keptSinceMs
  const sinceMs = floor(asked.sinceMs, beginsAtHour ? HOUR_MS : MINUTE_MS)
  const untilMs = Math.min(ceil(asked.untilMs, endsAtHour ? HOUR_MS : MINUTE_MS), LAST_MS)
  const window = { sinceMs, untilMs }
  const reachesNow = untilMs >= floor(nowMs, MINUTE_MS)
  const hours = {
    sinceMs: ceil(sinceMs, HOUR_MS),
    untilMs: reachesNow ? untilMs : floor(untilMs, HOUR_MS),
  }
  if (!hasHours || isEmpty(hours)) return { window, stepMs, hours: null, minutes: [window] }
  const before = { sinceMs, untilMs: hours.sinceMs }
  const after = { sinceMs: hours.untilMs, untilMs }
  return { window, stepMs, hours, minutes: [before, after].filter((range) => !isEmpty(range)) }
}

/** Widens a window likewise, and reads hours only where minutes are not kept any more. */
export function coverFinest(asked: Range, nowMs: number): Coverage {
  const { window } = cover(asked, null, nowMs)
  const keptSinceMs = minutesKeptSinceMs(nowMs)
  const hours = { sinceMs: window.sinceMs, untilMs: Math.min(window.untilMs, keptSinceMs) }
  const minutes = { sinceMs: Math.max(window.sinceMs, keptSinceMs), untilMs: window.untilMs }
  if (window.sinceMs >= nowMs - MINUTES_KEPT_MS) {
    return { window, stepMs: null, hours: null, minutes: [window] }
  }
  return { window, stepMs: null, hours, minutes: isEmpty(minutes) ? [] : [minutes] }
}

/** The first whole hour of which every minute is kept. */
export function minutesKeptSinceMs(nowMs: number): number {
  return ceil(nowMs - MINUTES_KEPT_MS, HOUR_MS)
}

function isEmpty({ sinceMs, untilMs }: Range): boolean {
  return sinceMs >= untilMs
}

function floor(ms: number, unitMs: number): number {
  return Math.floor(ms / unitMs) * unitMs
}

function ceil(ms: number, unitMs: number): number {
  return Math.ceil(ms / unitMs) * unitMs
}

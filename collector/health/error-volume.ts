/** How many throws there were in a minute or an hour of the clock that begins at `sinceMs`, unix milliseconds. */
export interface Count {
  readonly sinceMs: number
  readonly count: number
}

const MINUTE_MS = 60_000
/** Of the clock, UTC. */
export const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** The hours that say what is usual. */
const USUAL_MS = 7 * DAY_MS
/** Fewer severe throws an hour alarm nobody, however rare they were. */
export const LEAST_BURST = 20
/** How many times the usual is more than usual. */
export const BURST_FACTOR = 5
/** What is younger has no usual. */
export const BURST_AGE_MS = DAY_MS
/** Whole hours and the one that has begun, without more than the limit, end an escalation. */
export const CALM_MS = 6 * HOUR_MS

/** An hour with more severe throws than usual. */
export interface Burst extends Count {
  /** What it exceeded. */
  readonly limit: number
}

/**
 * The hour, this one or the one before, in which a group had more severe throws than `LEAST_BURST` and `BURST_FACTOR` times the
 * mean of the hours of the week before it, or of its life if that is shorter. Null without one; for what was not a day old
 * when the hour began; and for hours that were over when the group came into its state.
 */
export function findBurst(
  group: { readonly firstSeenMs: number; readonly stateSinceMs: number },
  hours: readonly Count[],
  nowMs: number,
): Burst | null {
  const thisMs = floorHour(nowMs)
  for (const sinceMs of [thisMs, thisMs - HOUR_MS]) {
    if (sinceMs < floorHour(group.stateSinceMs)) continue
    if (group.firstSeenMs > sinceMs - BURST_AGE_MS) continue
    const limit = limitOf(sinceMs, hours, group.firstSeenMs)
    const count = sum(hours, sinceMs, sinceMs + HOUR_MS)
    if (count > limit) return { sinceMs, count, limit }
  }
  return null
}

/** Whether what has escalated since then has been quiet for long enough; the usual is that of the week before it escalated. */
export function isCalm(escalatedMs: number, hours: readonly Count[], nowMs: number): boolean {
  if (nowMs - escalatedMs < CALM_MS) return false
  const limit = limitOf(floorHour(escalatedMs), hours, -Infinity)
  const sinceMs = floorHour(nowMs) - CALM_MS
  for (let hourMs = sinceMs; hourMs <= nowMs; hourMs += HOUR_MS) {
    if (sum(hours, hourMs, hourMs + HOUR_MS) > limit) return false
  }
  return true
}

/** Whether so many throws came within so many minutes of the clock, at any time since the mute. */
export function reachesVolume(
  mute: {
    readonly atMs: number
    readonly count: number | null
    readonly minutes: number | null
    readonly before: number
  },
  minutes: readonly Count[],
): boolean {
  const { count, minutes: length, before } = mute
  if (count === null || length === null) return false
  const firstMs = Math.floor(mute.atMs / MINUTE_MS) * MINUTE_MS
  const counted = minutes
    .filter(({ sinceMs }) => sinceMs >= firstMs)
    .map((one) => (one.sinceMs === firstMs ? { ...one, count: one.count - before } : one))
    .sort((a, b) => a.sinceMs - b.sinceMs)
  let within = 0
  let oldest = 0
  for (const { sinceMs, count: more } of counted) {
    within += more
    for (; counted[oldest]!.sinceMs <= sinceMs - length * MINUTE_MS; oldest++) {
      within -= counted[oldest]!.count
    }
    if (within >= count) return true
  }
  return false
}

function limitOf(hourMs: number, hours: readonly Count[], firstSeenMs: number): number {
  const sinceMs = Math.max(hourMs - USUAL_MS, floorHour(firstSeenMs))
  const mean = sum(hours, sinceMs, hourMs) / ((hourMs - sinceMs) / HOUR_MS)
  return Math.max(LEAST_BURST, BURST_FACTOR * mean)
}

function sum(counts: readonly Count[], sinceMs: number, untilMs: number): number {
  let total = 0
  for (const { sinceMs: atMs, count } of counts) {
    if (atMs >= sinceMs && atMs < untilMs) total += count
  }
  return total
}

function floorHour(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS
}

import { isWorse, type Status, worstOf } from './judge'

/** A verdict over the minutes before a moment, and the one by the limits below which a state is left. */
export interface Moment {
  readonly atMs: number
  readonly status: Status
  readonly leaving: Status
}

/** A status that does not flap. */
export interface Stable {
  readonly status: Status
  /** When it came to be, or the first moment looked at. */
  readonly sinceMs: number
}

/** The share of a limit below which values must lie for its state to be left. */
export const LEAVING_SHARE = 0.8
const RECENT = 3
const ENOUGH_TO_ENTER = 2
const ENOUGH_TO_LEAVE = 3
/** A minute each. */
const SILENT_MOMENTS = 10

/**
 * Replays the moments of successive minutes, oldest first; null when there are none. A worse state is entered when two of the
 * last three verdicts say so, and left for the next better one when three in a row lie well below its limits. Moments without
 * enough data say nothing: after ten of them in a row that is the status. The first verdict is taken as it is, so a state
 * depends on these moments alone: nothing is remembered, and every collector comes to the same.
 */
export function replay(moments: readonly Moment[]): Stable | null {
  let replaying: Replaying | null = null
  for (const moment of moments) {
    replaying = replaying === null ? begin(moment) : advance(replaying, moment)
  }
  return replaying === null ? null : { status: replaying.status, sinceMs: replaying.sinceMs }
}

interface Replaying extends Stable {
  /** The last verdicts that said something, the newest last. */
  readonly recent: readonly Status[]
  /** How many in a row lay below the state's limits since it was entered. */
  readonly calm: number
  /** How many in a row said nothing. */
  readonly silent: number
}

function begin({ atMs, status }: Moment): Replaying {
  const recent = isKnown(status) ? [status] : []
  return { status, sinceMs: atMs, recent, calm: 0, silent: 0 }
}

function advance(before: Replaying, moment: Moment): Replaying {
  const { atMs, status, leaving } = moment
  if (!isKnown(status)) {
    const silent = before.silent + 1
    if (isKnown(before.status) && silent < SILENT_MOMENTS) return { ...before, silent }
    return status === before.status ? before : begin(moment)
  }
  if (!isKnown(before.status)) return begin(moment)
  const recent = [...before.recent, status].slice(-RECENT)
  const entered = enteredBy(recent)
  if (isWorse(entered, before.status)) {
    return { status: entered, sinceMs: atMs, recent, calm: 0, silent: 0 }
  }
  const calm = isWorse(before.status, leaving) ? before.calm + 1 : 0
  if (calm < ENOUGH_TO_LEAVE) return { ...before, recent, calm, silent: 0 }
  // One step at a time: what was critical has to prove itself as degraded.
  const next = before.status === 'critical' ? 'degraded' : 'healthy'
  return { status: next, sinceMs: atMs, recent, calm: 0, silent: 0 }
}

/** The worst state that enough of them are in, or worse than. */
function enteredBy(recent: readonly Status[]): Status {
  const reached = recent.filter(
    (state) => recent.filter((other) => !isWorse(state, other)).length >= ENOUGH_TO_ENTER,
  )
  return worstOf(reached, 'healthy')
}

function isKnown(status: Status): boolean {
  return status !== 'no_data' && status !== 'insufficient_data'
}

import { formatTime } from './format'
import { html, type Html } from './html'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How long ago an RFC 3339 time is; which it is exactly, in UTC, is its title. */
export function timeMark(time: string, nowMs: number): Html {
  const ms = Date.parse(time)
  if (Number.isNaN(ms)) return html`<time>${time}</time>`
  return html`<time datetime="${time}" title="${formatTime(ms)}">${formatAge(nowMs - ms)}</time>`
}

/** How long ago, in the unit that suits it; what lies ahead by the error of a clock is now. */
export function formatAge(ms: number): string {
  if (ms < 5 * SECOND_MS) return 'just now'
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s ago`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ago`
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ago`
  return `${Math.floor(ms / DAY_MS)} days ago`
}

import { Type } from 'typebox'
import type { Window } from './contract'
import { BadParameters, type Fault } from './problems'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: MINUTE_MS,
  h: HOUR_MS,
  d: DAY_MS,
}
/** 9999-12-31T23:59:59Z: larger numbers are milliseconds sent by mistake. */
const MAX_UNIX_SECONDS = 253_402_300_799
const INSTANT = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+ -]\d\d:\d\d)$/

const ALLOWED = 'an RFC 3339 time, unix seconds, now, or a time before now such as -15m, -1h, -7d'

/** The parameters every question about a window takes; of `usualMs` unless it says another. */
export function windowParameters(maxHours: number, usualMs = DAY_MS) {
  const usual = usualMs % HOUR_MS === 0 ? `${usualMs / HOUR_MS}` : `${usualMs / MINUTE_MS} minutes`
  return {
    hours: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: maxHours,
        description: `Length of the window before until; ${usual} unless since is given`,
      }),
    ),
    since: Type.Optional(Type.String({ description: `Begin of the window: ${ALLOWED}` })),
    until: Type.Optional(
      Type.String({ description: `End of the window, now by default: ${ALLOWED}` }),
    ),
  }
}

export interface WindowParameters {
  readonly hours?: number
  readonly since?: string
  readonly until?: string
}

/** Resolves the window asked for. Throws BadParameters naming every faulty parameter. */
export function resolveWindow(
  { hours, since, until }: WindowParameters,
  nowMs: number,
  maxHours: number,
  usualMs = DAY_MS,
): Window {
  const faults: Fault[] = []
  const instant = (name: string, text: string): number => {
    const ms = parseInstant(text, nowMs)
    if (ms === null)
      faults.push({ name, reason: `must be ${ALLOWED}, not ${JSON.stringify(text)}` })
    return ms ?? 0
  }
  const untilMs = until === undefined ? nowMs : instant('until', until)
  const lengthMs = hours === undefined ? usualMs : hours * HOUR_MS
  const sinceMs = since === undefined ? untilMs - lengthMs : instant('since', since)
  if (since !== undefined && hours !== undefined) {
    faults.push({ name: 'hours', reason: 'must not be given together with since' })
  }
  if (faults.length === 0 && sinceMs >= untilMs) {
    faults.push({ name: 'since', reason: `must be before until, ${formatMs(untilMs)}` })
  }
  if (faults.length === 0 && untilMs - sinceMs > maxHours * HOUR_MS) {
    faults.push({ name: 'since', reason: `must be at most ${maxHours} hours before until` })
  }
  if (faults.length > 0) throw new BadParameters(faults)
  return { sinceMs, untilMs }
}

/** RFC 3339 in UTC. */
export function formatMs(ms: number): string {
  return new Date(ms).toISOString()
}

/** Reads a time as unix milliseconds; null for what is none. */
export function parseInstant(text: string, nowMs: number): number | null {
  if (text === 'now') return nowMs
  const relative = /^-(\d{1,9})([smhd])$/.exec(text)
  if (relative) {
    const ms = nowMs - Number(relative[1]) * (UNIT_MS[relative[2] ?? ''] ?? 0)
    return ms >= 0 ? ms : null
  }
  if (/^\d+(\.\d+)?$/.test(text)) {
    const seconds = Number(text)
    return seconds <= MAX_UNIX_SECONDS ? Math.round(seconds * 1000) : null
  }
  return parseRfc3339(text)
}

function parseRfc3339(text: string): number | null {
  const parts = INSTANT.exec(text)
  if (!parts) return null
  const [, date = '', time = '', fraction = '', zone = ''] = parts
  // A plus sign left unescaped in a query arrives as a space.
  const offset = zone.toUpperCase().replace(' ', '+')
  const ms = Date.parse(`${date}T${time}${fraction.slice(0, 4)}${offset}`)
  // Date.parse moves 30 February into March.
  const isRealDate = new Date(`${date}T00:00:00Z`).getUTCDate() === Number(date.slice(8))
  return Number.isNaN(ms) || ms < 0 || !isRealDate ? null : ms
}

import type { Queryable } from './session'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Unix milliseconds by Postgres's clock: one for all collectors, so that a wrong one of theirs deletes nothing. */
export async function readClockMs(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ ms: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
  )
  return rows[0]?.ms ?? NaN
}

/** The day of a time, counted from 1970-01-01, UTC. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}

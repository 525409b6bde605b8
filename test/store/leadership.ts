import type { Pool } from 'pg'
import { dayOf, readClockMs } from '../../collector/store/clock'
import { createLeadership, type Leadership } from '../../collector/store/leadership'
import { acquireLease, LEADER } from '../../collector/store/lease'
import { listPartitions } from '../../collector/store/partitions'
import { uuidOf } from '../helpers/rows'
import { ensurePartitions } from './database'
import { openPool, type Test } from './database'

const MINUTE_MS = 60_000

/** The lead of the pool's database, on connections of its own, as the collector has it; ended at teardown. */
export async function takeLead(
  t: Test,
  pool: Pool,
  ending = new AbortController(),
): Promise<Leadership> {
  const own = openPool(t, pool.options.connectionString ?? '', 2)
  const request = { name: LEADER, owner: uuidOf('leader'), ttlMs: MINUTE_MS }
  const lease = await acquireLease(own, request)
  if (lease === null) throw new Error('the lease is held already')
  t.teardown(() => Promise.resolve(ending.abort()))
  return createLeadership(own, lease, ending.signal)
}

/** Today by Postgres's clock, in days since 1970-01-01. */
export async function readToday(pool: Pool): Promise<number> {
  return dayOf(await readClockMs(pool))
}

/** Partitions of these days, each with one span that is named by its day. */
export async function fillDays(pool: Pool, days: readonly number[]): Promise<void> {
  await ensurePartitions(pool, 'span', days)
  for (const day of days) await insertSpan(pool, day)
}

export async function insertSpan(pool: Pool, day: number): Promise<void> {
  await pool.query(
    `insert into sidelight.span (trace_id, span_id, start_time, service_id, operation_id, resource_id, scope_id,
       flags, kind, status, name, attributes)
     values (gen_random_uuid(), 1, to_timestamp($1::float8 * 86400 + 43200), 1, 1, 1, 1, 0, 0, 0, $1::text,
       '{"http.route": "/cart"}')`,
    [day],
  )
}

/** The days that have a partition in any state, counted from today. */
export async function daysFromToday(pool: Pool): Promise<number[]> {
  const today = await readToday(pool)
  return (await listPartitions(pool, 'span')).map(({ day }) => day - today)
}

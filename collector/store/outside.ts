import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { type Limit, withClient } from './session'

const LOOK_EVERY_MS = 250
const CANCEL_LIMIT: Limit = { waitMs: 2_000, useMs: 2_000, isUrgent: true }

/** Cancels the statement that begins with $1 once it has waited $2 milliseconds for one lock. */
const CANCEL_WAITING = `
select pg_cancel_backend(a.pid)
from pg_stat_activity a join pg_locks l on l.pid = a.pid
where starts_with(a.query, $1) and a.state = 'active' and not l.granted
  and l.waitstart < clock_timestamp() - $2::double precision * interval '1 millisecond'`

const CANCEL = `
select pg_cancel_backend(pid) from pg_stat_activity where starts_with(query, $1) and state = 'active'`

export interface OutsideOptions {
  readonly lockTimeoutMs: number
  readonly signal: AbortSignal
  /** Where the statement's own pool has but one connection, another. */
  readonly beside?: Pool
}

/**
 * Runs a statement that Postgres does not allow in a transaction, where no lock time-out can be set without leaving it
 * on the session: a connection of the pool `beside` cancels it after `lockTimeoutMs` of waiting for a lock, or when the
 * signal is aborted. It must bear being run twice and being left half done.
 */
export async function runOutside(
  pool: Pool,
  statement: string,
  { lockTimeoutMs, signal, beside = pool }: OutsideOptions,
): Promise<void> {
  // The backend's id is no name for it: a pooler between may lend another one for each statement.
  const mark = `/* sidelight ${randomUUID()} */`
  const cancel = (by: string, values: unknown[]) =>
    withClient(beside, CANCEL_LIMIT, (client) => client.query(by, values)).catch(() => undefined)
  let isLooking = false
  const look = setInterval(() => {
    if (isLooking) return
    isLooking = true
    void cancel(CANCEL_WAITING, [mark, lockTimeoutMs]).finally(() => (isLooking = false))
  }, LOOK_EVERY_MS).unref()
  try {
    await withClient(pool, signal, (client) => client.query(`${mark} ${statement}`))
  } catch (error) {
    // The server does not notice that the connection is gone before the statement is done.
    if (signal.aborted) await cancel(CANCEL, [mark])
    throw error
  } finally {
    clearInterval(look)
  }
}

import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg'
import { Unavailable } from '../errors'
import { within } from '../time-limit'
import { asUnavailable } from './sqlstate'
import { Turns } from './turns'

/** Runs a statement in a transaction of its own. */
export interface Queryable {
  query<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<R>>
}

/** How long a connection may be waited for, and then be used. */
export interface Limit {
  readonly waitMs: number
  readonly useMs: number
  /** Ends both. */
  readonly signal?: AbortSignal
  /** It is waited for before all others: for what is short and rare, and must not be late. */
  readonly isUrgent?: boolean
}

/** Longest a question waits for the ones before it: as long as one may take. */
const QUESTION_WAIT_MS = 10_000
/** How much longer a question, connecting included, may take than Postgres is to work on it. */
const GRACE_MS = 2_000

/** Of what somebody waits for whom Postgres is to work no longer than `statementMs`. */
export function questionLimit(statementMs: number): Limit {
  return { waitMs: QUESTION_WAIT_MS, useMs: statementMs + GRACE_MS }
}

/**
 * Lends a connection to `use`, in the order in which it was asked for. Whatever `use` throws costs the connection, so that
 * none returns to the pool inside a transaction; aborting the signal, or the end of the time, destroys it at once, whatever
 * it waits for; `use` is told that signal. Failing to connect is Unavailable, and Busy when others had all connections for so
 * long. `use` must not ask the pool for another one: it may have no more.
 */
export async function withClient<T>(
  pool: Pool,
  limit: AbortSignal | Limit | undefined,
  use: (client: PoolClient, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const turns = turnsOf(pool)
  if (limit === undefined || limit instanceof AbortSignal) {
    return lend(pool, await turns.take(limit), limit, use)
  }
  const { waitMs, useMs, signal, isUrgent } = limit
  const endTurn = await within(waitMs, signal, (wait) => turns.take(wait, isUrgent))
  return within(useMs, signal, (inTime) => lend(pool, endTurn, inTime, use))
}

async function lend<T>(
  pool: Pool,
  endTurn: () => void,
  signal: AbortSignal | undefined,
  use: (client: PoolClient, signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  const client = await connect(pool, signal, endTurn)
  let isOurs = true
  const giveBack = (destroy: boolean) => {
    if (!isOurs) return
    isOurs = false
    client.release(destroy)
    endTurn()
  }
  const abort = () => giveBack(true)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const result = await use(client, signal)
    giveBack(false)
    return result
  } catch (error) {
    giveBack(true)
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** `use` within begin and commit, at read committed whatever the database's default is. */
export async function inTransaction<T>(client: PoolClient, use: () => Promise<T>): Promise<T> {
  await client.query('begin isolation level read committed')
  try {
    const result = await use()
    await client.query('commit')
    return result
  } catch (error) {
    await rollback(client, error)
    throw error
  }
}

/** Rolls back what failed with `reason`; when even that fails the connection is of no use and the reason comes first. */
export async function rollback(client: PoolClient, reason: unknown): Promise<void> {
  try {
    await client.query('rollback')
  } catch (error) {
    throw reason instanceof Error ? reason : error
  }
}

const turnsOfPools = new WeakMap<Pool, Turns>()

/** In front of the pool's own queue, whose time to wait is that of connecting as well: too short for the one or too long for the other. */
function turnsOf(pool: Pool): Turns {
  const known = turnsOfPools.get(pool) ?? new Turns(pool.options.max)
  turnsOfPools.set(pool, known)
  return known
}

/** Ends the turn when there is no connection, which may be after it was given up. */
function connect(
  pool: Pool,
  signal: AbortSignal | undefined,
  endTurn: () => void,
): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Unavailable('cannot connect to Postgres: out of time'))
    if (signal?.aborted === true) {
      endTurn()
      abort()
      return
    }
    signal?.addEventListener('abort', abort, { once: true })
    pool
      .connect()
      .then(
        (client) => {
          if (signal?.aborted !== true) return resolve(client)
          client.release()
          endTurn()
        },
        (error: unknown) => {
          endTurn()
          reject(asUnavailable(error, 'connect to Postgres'))
        },
      )
      .finally(() => signal?.removeEventListener('abort', abort))
  })
}

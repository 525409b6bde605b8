import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg'
import { Unavailable } from '../errors'
import { asUnavailable } from './sqlstate'

/** Runs a statement in a transaction of its own. */
export interface Queryable {
  query<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<R>>
}

/**
 * Lends a connection to `use`. Whatever `use` throws costs the connection, so that none returns to the pool inside a
 * transaction; aborting the signal destroys it at once, whatever it waits for. Failing to connect is Unavailable.
 */
export async function withClient<T>(
  pool: Pool,
  signal: AbortSignal | undefined,
  use: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await connect(pool, signal)
  let isOurs = true
  const giveBack = (destroy: boolean) => {
    if (isOurs) client.release(destroy)
    isOurs = false
  }
  const abort = () => giveBack(true)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const result = await use(client)
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

function connect(pool: Pool, signal: AbortSignal | undefined): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Unavailable('cannot connect to Postgres: out of time'))
    if (signal?.aborted === true) {
      abort()
      return
    }
    signal?.addEventListener('abort', abort, { once: true })
    pool
      .connect()
      .then(
        (client) => (signal?.aborted === true ? client.release() : resolve(client)),
        (error: unknown) => reject(asUnavailable(error, 'connect to Postgres')),
      )
      .finally(() => signal?.removeEventListener('abort', abort))
  })
}

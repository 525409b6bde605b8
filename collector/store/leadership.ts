import type { Pool, PoolClient } from 'pg'
import { inLeaderTransaction, type Lease } from './lease'
import { runOutside } from './outside'
import { type Queryable, withClient } from './session'

/** What the leader may do while it is the leader; all of it ends when `signal` is aborted. */
export interface Leadership extends Queryable {
  /** For what any collector may do. */
  readonly pool: Pool
  /** Aborted when the lease is lost or the collector stops. */
  readonly signal: AbortSignal
  /** Throws LeaseLost when another collector has taken over: then nothing was changed. */
  transaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>
  /** For what cannot run in a transaction, and is harmless when two leaders do it; cancelled after that long of waiting for a lock. */
  outside(statement: string, lockTimeoutMs: number): Promise<void>
}

/** `beside` has a connection for what must not wait behind the statements outside of transactions. */
export function createLeadership(
  pool: Pool,
  lease: Lease,
  signal: AbortSignal,
  beside = pool,
): Leadership {
  const transaction: Leadership['transaction'] = (work) =>
    withClient(pool, signal, (client) => inLeaderTransaction(client, lease, () => work(client)))
  return {
    pool,
    signal,
    transaction,
    query: (text, values) => transaction((client) => client.query(text, values)),
    outside: (statement, lockTimeoutMs) =>
      runOutside(pool, statement, { lockTimeoutMs, signal, beside }),
  }
}

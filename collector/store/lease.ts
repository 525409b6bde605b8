import type { Pool, PoolClient } from 'pg'
import { inTransaction, type Limit, withClient } from './session'

/** The lease of the work that only one collector of a database does. */
export const LEADER = 'leader'

/** A lease as it was acquired: whoever takes it over raises the epoch. */
export interface Lease {
  readonly name: string
  readonly owner: string
  /** bigint as text. */
  readonly epoch: string
}

/** Another collector has taken the lease over; nothing was changed. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

export interface LeaseRequest {
  readonly name: string
  /** A sidecar's id. */
  readonly owner: string
  readonly ttlMs: number
}

const INSERT = `
insert into sidelight.lease (name, owner, epoch, expires_at)
values ($1, $2, 1, clock_timestamp() + $3::double precision * interval '1 millisecond')
on conflict (name) do nothing
returning epoch`

const IS_FREE = `
select owner = $2 or expires_at <= clock_timestamp() as free from sidelight.lease where name = $1`

/** Waits for the leader transactions in flight, which hold the row `for key share`. */
const LOCK = 'select from sidelight.lease where name = $1 for update'

const TAKE_OVER = `
update sidelight.lease
set owner = $2, epoch = epoch + 1, expires_at = clock_timestamp() + $3::double precision * interval '1 millisecond'
where name = $1 and (owner = $2 or expires_at <= clock_timestamp())
returning epoch`

/**
 * Takes the lease if it is free or expired, else returns null. All times are Postgres's. An owner that asks anew does not
 * know that it has it, for the answer was lost: it gets it with another epoch.
 */
export async function acquireLease(
  pool: Pool,
  { name, owner, ttlMs }: LeaseRequest,
  limit?: AbortSignal | Limit,
): Promise<Lease | null> {
  return withClient(pool, limit, async (client) => {
    const inserted = await client.query<{ epoch: string }>(INSERT, [name, owner, ttlMs])
    const [first] = inserted.rows
    if (first !== undefined) return { name, owner, epoch: first.epoch }
    const { rows } = await client.query<{ free: boolean }>(IS_FREE, [name, owner])
    if (rows[0]?.free !== true) return null
    return inTransaction(client, async () => {
      await client.query(LOCAL_SETTINGS)
      await client.query(LOCK, [name])
      // A statement of its own: only what comes after the wait sees whether the lease was renewed meanwhile.
      const taken = await client.query<{ epoch: string }>(TAKE_OVER, [name, owner, ttlMs])
      const [row] = taken.rows
      return row === undefined ? null : { name, owner, epoch: row.epoch }
    })
  })
}

/** No key column is touched, so that it passes beside `for key share`. */
const RENEW = `
update sidelight.lease
set expires_at = clock_timestamp() + $4::double precision * interval '1 millisecond'
where name = $1 and owner = $2 and epoch = $3`

/** Prolongs the lease to `ttlMs` from now; false when another has taken it over. */
export async function renewLease(
  pool: Pool,
  { name, owner, epoch }: Lease,
  ttlMs: number,
  limit?: AbortSignal | Limit,
): Promise<boolean> {
  return withClient(pool, limit, async (client) => {
    return (await client.query(RENEW, [name, owner, epoch, ttlMs])).rowCount === 1
  })
}

/** The row stays, and with it the epoch. */
const RELEASE = `
update sidelight.lease set expires_at = clock_timestamp()
where name = $1 and owner = $2 and epoch = $3`

/** Lets the next candidate have the lease at once. */
export async function releaseLease(
  pool: Pool,
  { name, owner, epoch }: Lease,
  limit?: AbortSignal | Limit,
): Promise<void> {
  await withClient(pool, limit, (client) => client.query(RELEASE, [name, owner, epoch]))
}

const LOCAL_SETTINGS = `
set local lock_timeout = '30s';
set local idle_in_transaction_session_timeout = '30s'`

const HOLD = `
select from sidelight.lease where name = $1 and owner = $2 and epoch = $3 for key share`

/**
 * `work` in a transaction that nobody can take the lease over from until it ends. Throws LeaseLost, before `work`, when
 * another already has: a leader that was paused, however long, changes nothing.
 */
export async function inLeaderTransaction<T>(
  client: PoolClient,
  { name, owner, epoch }: Lease,
  work: () => Promise<T>,
): Promise<T> {
  return inTransaction(client, async () => {
    await client.query(LOCAL_SETTINGS)
    const { rowCount } = await client.query(HOLD, [name, owner, epoch])
    if (rowCount !== 1)
      throw new LeaseLost(`cannot work under the lease ${name}: it was taken over`)
    return work()
  })
}

import type { Pool } from 'pg'
import { type Limit, type Queryable, withClient } from './session'
import { asUnavailable } from './sqlstate'

/** One collector process, as other collectors see it. */
export interface Sidecar {
  readonly id: string
  readonly host: string
  readonly version: string
  readonly roles: readonly string[]
}

const BATCH = 5_000

/**
 * The edge of the receipt window: 2 hours ago, or further back, to at most 24 hours, while a sidecar that has not reported
 * itself drained may still send what it keeps: back to the older of its last heartbeat and its oldest undrained record, and
 * 5 minutes more. For what was in a transaction at the last heartbeat came to the spool after it, if the process then
 * died, and has its receipt from before; and who finds a record young enough stores it a little later.
 */
const RECEIPT_EDGE = `
select (greatest(
  clock_timestamp() - interval '24 hours',
  least(clock_timestamp() - interval '2 hours', min(least(heartbeat_at, oldest_undrained_at)))
) - interval '5 minutes')::text as edge
from sidelight.sidecar where drained_at is null`

const DELETE_RECEIPTS = `
delete from sidelight.ingest_receipt where digest in (
  select digest from sidelight.ingest_receipt where received_at < $1::timestamptz limit $2
)`

/** Deletes the receipts older than the receipt window, in batches of their own transactions; returns how many. */
export async function deleteOldReceipts(database: Queryable): Promise<number> {
  return deleteOld(database, DELETE_RECEIPTS)
}

/** Those that a writer claims at this moment are passed over: waiting for it, it could wait for us. */
const DELETE_THROWS = `
delete from sidelight.error_seen where ctid = any (array(
  select ctid from sidelight.error_seen where seen_at < $1::timestamptz limit $2 for update skip locked
))`

/**
 * Deletes what is remembered of throws older than the receipt window: as long as that, a request may wait to be stored that
 * tells of the same ones. Later sightings count anew.
 */
export async function deleteOldThrows(database: Queryable): Promise<number> {
  return deleteOld(database, DELETE_THROWS)
}

async function deleteOld(database: Queryable, statement: string): Promise<number> {
  const { rows } = await database.query<{ edge: string }>(RECEIPT_EDGE)
  const edge = rows[0]?.edge
  let deleted = 0
  for (let batch = BATCH; batch === BATCH; deleted += batch) {
    batch = (await database.query(statement, [edge, BATCH])).rowCount ?? 0
  }
  return deleted
}

/**
 * Whether a sidecar has kept the receipts of so long ago from then on: one that was last heard of by then, or has had
 * something to store since, and was there before they would have been deleted. What it says is the older of both, and a
 * minute is within the 5 that receipts are kept longer.
 */
const IS_KEPT = `
select exists (
  select from sidelight.sidecar
  where drained_at is null
    and least(heartbeat_at, oldest_undrained_at) <= given.at + interval '1 minute'
    and started_at <= given.at + interval '2 hours'
) and given.at > clock_timestamp() - interval '24 hours' as is_kept
from (select clock_timestamp() - $1::double precision * interval '1 millisecond' as at) as given`

/**
 * Whether the receipts of requests that were stored `ageMs` ago are certainly there still, beyond the 2 hours for which
 * all are. Throws Unavailable.
 */
export async function isReceiptKept(
  pool: Pool,
  ageMs: number,
  limit?: AbortSignal | Limit,
): Promise<boolean> {
  try {
    return await withClient(pool, limit, async (client) => {
      const { rows } = await client.query<{ is_kept: boolean }>(IS_KEPT, [ageMs])
      return rows[0]?.is_kept === true
    })
  } catch (error) {
    throw asUnavailable(error, 'ask for receipts')
  }
}

const REGISTER = `
insert into sidelight.sidecar (id, host, version, roles, oldest_undrained_at)
values ($1, $2, $3, $4, clock_timestamp() - $5::double precision * interval '1 millisecond')
on conflict (id) do update set
  host = excluded.host, version = excluded.version, roles = excluded.roles,
  oldest_undrained_at = excluded.oldest_undrained_at,
  started_at = clock_timestamp(), heartbeat_at = clock_timestamp(), drained_at = null`

/**
 * Announces this process, with the age of the oldest record it has yet to store, null when it has none; done again after
 * the database was lost or replaced.
 */
export async function registerSidecar(
  pool: Pool,
  sidecar: Sidecar,
  oldestUndrainedAgeMs: number | null,
  limit?: AbortSignal | Limit,
): Promise<void> {
  const { id, host, version, roles } = sidecar
  const values = [id, host, version, roles, oldestUndrainedAgeMs]
  await withClient(pool, limit, (client) => client.query(REGISTER, values))
}

const HEARTBEAT = `
update sidelight.sidecar set
  heartbeat_at = clock_timestamp(), drained_at = null,
  oldest_undrained_at = clock_timestamp() - $2::double precision * interval '1 millisecond'
where id = $1`

/**
 * Says that this process lives and how old the oldest record it has yet to store is, null when it has none. An age, for
 * clocks differ. False when the row is gone: register again.
 */
export async function heartbeat(
  pool: Pool,
  id: string,
  oldestUndrainedAgeMs: number | null,
  limit?: AbortSignal | Limit,
): Promise<boolean> {
  return withClient(pool, limit, async (client) => {
    return (await client.query(HEARTBEAT, [id, oldestUndrainedAgeMs])).rowCount === 1
  })
}

const DRAINED = `
update sidelight.sidecar
set heartbeat_at = clock_timestamp(), drained_at = clock_timestamp(), oldest_undrained_at = null
where id = $1`

/** Says at a clean stop that nothing of this process waits to be stored any more. */
export async function reportDrained(
  pool: Pool,
  id: string,
  limit?: AbortSignal | Limit,
): Promise<void> {
  await withClient(pool, limit, (client) => client.query(DRAINED, [id]))
}

const FORGET = `
delete from sidelight.sidecar
where coalesce(drained_at, heartbeat_at) < clock_timestamp() - interval '7 days'`

/** Deletes the rows of processes that ended, or were last heard of, a week ago; returns how many. */
export async function forgetSidecars(database: Queryable): Promise<number> {
  return (await database.query(FORGET)).rowCount ?? 0
}

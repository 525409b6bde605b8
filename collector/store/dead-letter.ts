import type { Pool, PoolClient } from 'pg'
import { inTransaction, type Limit, type Queryable, withClient } from './session'
import { asUnavailable, isPoison } from './sqlstate'

/** What was refused for good, as `dead_letter` keeps it. */
export interface DeadLetter {
  /** The receipt of the request it came in, as uuid text. */
  readonly digest: string
  /** The table that refused it; empty for a whole request. */
  readonly table: string
  /** Index of the row among the request's rows of that table; -1 for a whole request. */
  readonly item: number
  readonly signal: string
  /** The tenant of the caller's token. */
  readonly tenant: string | null
  /** Unix milliseconds at which it arrived at the collector. */
  readonly receivedMs: number
  /** Null when it was not Postgres that refused. */
  readonly sqlstate: string | null
  readonly message: string
  /** An export request in protobuf, to be sent again; null when it is too large to be kept. */
  readonly body: Uint8Array | null
}

/** What the letter of a whole request says in place of a table and a row. */
export const WHOLE_REQUEST = { table: '', item: -1 } as const

const MIB = 1024 * 1024
/** Postgres takes values and messages of up to 1 GiB, and makes copies of them. */
const LARGEST_BODY_BYTES = 512 * MIB
const LONGEST_MESSAGE = 2_000
const BATCH_LETTERS = 500
const BATCH_BYTES = 4 * MIB
const DELETED_AT_ONCE = 1_000

/**
 * Inserts the letters within the running transaction; those that are there already stay as they are. Returns the ones
 * Postgres refuses even without their body, because a letter nobody can keep must not hold up what is well.
 */
export async function insertDeadLetters<L extends DeadLetter>(
  client: PoolClient,
  letters: Iterable<L>,
): Promise<readonly L[]> {
  const refused: L[] = []
  for (const batch of batchesOf(letters)) refused.push(...(await insertBatch(client, batch)))
  return refused
}

/** Inserts the letters in a transaction of their own and returns what `insertDeadLetters` does. Throws Unavailable. */
export async function keepDeadLetters<L extends DeadLetter>(
  pool: Pool,
  letters: Iterable<L>,
  limit?: AbortSignal | Limit,
): Promise<readonly L[]> {
  try {
    return await withClient(pool, limit, (client) =>
      inTransaction(client, async () => {
        await client.query(SETTINGS)
        return insertDeadLetters(client, letters)
      }),
    )
  } catch (error) {
    throw asUnavailable(error, 'keep dead letters')
  }
}

const SETTINGS = `
set local synchronous_commit = on;
set local lock_timeout = '1s';
set local idle_in_transaction_session_timeout = '10s'`

const DELETE = `
delete from sidelight.dead_letter where (digest, table_name, item) in (
  select digest, table_name, item from sidelight.dead_letter
  where dead_at < clock_timestamp() - make_interval(days => $1) limit $2
)`

/** Deletes the letters kept for longer than so many days, in batches of their own transactions; returns how many. */
export async function deleteOldDeadLetters(database: Queryable, days: number): Promise<number> {
  let deleted = 0
  for (let batch = DELETED_AT_ONCE; batch === DELETED_AT_ONCE; deleted += batch) {
    batch = (await database.query(DELETE, [days, DELETED_AT_ONCE])).rowCount ?? 0
  }
  return deleted
}

/** Takes no more letters from their source than it holds at a time. */
function* batchesOf<L extends DeadLetter>(letters: Iterable<L>): Generator<L[]> {
  let batch: L[] = []
  let bytes = 0
  for (const letter of letters) {
    batch.push(letter)
    bytes += letter.body?.length ?? 0
    if (batch.length < BATCH_LETTERS && bytes < BATCH_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

/** Tries refused ones one by one, then without their body. */
async function insertBatch<L extends DeadLetter>(
  client: PoolClient,
  batch: readonly L[],
): Promise<readonly L[]> {
  if (await isInserted(client, batch)) return []
  const refused: L[] = []
  for (const letter of batch) {
    if (batch.length > 1 && (await isInserted(client, [letter]))) continue
    if (!(await isInserted(client, [{ ...letter, body: null }]))) refused.push(letter)
  }
  return refused
}

async function isInserted(client: PoolClient, batch: readonly DeadLetter[]): Promise<boolean> {
  await client.query('savepoint letters')
  try {
    await client.query(INSERT, valuesOf(batch))
  } catch (error) {
    if (!isPoison(error)) throw error
    await client.query('rollback to savepoint letters; release savepoint letters')
    return false
  }
  await client.query('release savepoint letters')
  return true
}

/** All bodies are one binary value, and each letter says where in it its own lies: arrays would be sent as hex text. */
const INSERT = `
insert into sidelight.dead_letter
  (digest, table_name, item, signal, tenant, received_at, sqlstate, message, body)
select given.digest, given.table_name, given.item, given.signal, given.tenant,
  to_timestamp(given.received_ms / 1000), given.sqlstate, given.message,
  substring($11::bytea from given.body_start for given.body_bytes)
from unnest(
    $1::uuid[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::double precision[],
    $7::text[], $8::text[], $9::integer[], $10::integer[]
  ) as given (
    digest, table_name, item, signal, tenant, received_ms, sqlstate, message, body_start, body_bytes
  )
on conflict do nothing`

function valuesOf(batch: readonly DeadLetter[]): unknown[] {
  // Two collectors that keep the same letters take them in the same order, and do not deadlock.
  const sorted = [...batch].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  const bodies = sorted.map(({ body }) =>
    body === null || body.length > LARGEST_BODY_BYTES ? null : body,
  )
  let end = 1
  return [
    sorted.map(({ digest }) => digest),
    sorted.map(({ table }) => table),
    sorted.map(({ item }) => item),
    sorted.map(({ signal }) => signal),
    sorted.map(({ tenant }) => (tenant === null ? null : withoutNul(tenant))),
    sorted.map(({ receivedMs }) => receivedMs),
    sorted.map(({ sqlstate }) => sqlstate),
    sorted.map(({ message }) => withoutNul(message.slice(0, LONGEST_MESSAGE))),
    bodies.map((body) => (end += body?.length ?? 0) - (body?.length ?? 0)),
    bodies.map((body) => body?.length ?? null),
    Buffer.concat(bodies.filter((body) => body !== null)),
  ]
}

/** No text of Postgres may hold NUL. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\ufffd')
}

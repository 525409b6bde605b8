import type { PoolClient, QueryResult, QueryResultRow } from 'pg'
import { CopyIn, type TableRows } from './copy'
import { hasCode, LOCK_NOT_AVAILABLE, UNIQUE_VIOLATION } from './sqlstate'

const DIGEST = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

/** Another transaction holds one of the receipts, or of the throws, and did not end in time. */
export class ReceiptHeld extends Error {
  override readonly name = 'ReceiptHeld'
}

/** One of the receipts is there already: its request is a repeat. */
export class ReceiptKnown extends Error {
  override readonly name = 'ReceiptKnown'
}

/**
 * Begins the ingest transaction and inserts the receipts, in one round trip; returns those that are new. The settings
 * hold for this transaction only. Throws ReceiptHeld when another transaction keeps one for `lockTimeoutMs`. On the way it
 * learns whether the connection is direct.
 */
export async function beginWithReceipts(
  client: PoolClient,
  digests: readonly string[],
  lockTimeoutMs: number,
): Promise<ReadonlySet<string>> {
  try {
    // Several statements in one string give as many results, which the types of pg do not know.
    const results = (await client.query(
      `${begin(lockTimeoutMs)} ${insert(digests)}
on conflict do nothing returning digest, pg_backend_pid() as backend`,
    )) as unknown as QueryResult<Claim>[]
    const claims = results.at(-1)?.rows ?? []
    if (claims[0]?.backend === backendOf(client)) direct.add(client)
    const claimed = new Set(claims.map((row) => row.digest))
    return new Set(digests.filter((digest) => claimed.has(canonical(digest))))
  } catch (error) {
    throw failureOf(error)
  }
}

interface Claim {
  readonly digest: string
  readonly backend: number
}

const direct = new WeakSet<PoolClient>()

/**
 * Whether the connection is known to be one with Postgres itself. Poolers tell of backends of their own, and few stand rows
 * that come after a failure: pgbouncer 1.21 to 1.25 keeps the connection it lent for ever, others wait for an answer.
 */
export function isDirect(client: PoolClient): boolean {
  return direct.has(client)
}

/** The process that the other end said it was; the types of pg do not know it. */
function backendOf(client: PoolClient): unknown {
  return (client as { readonly processID?: unknown }).processID
}

/**
 * The whole ingest transaction in one round trip, over a direct connection, for receipts that are all new. Throws ReceiptKnown when one is not, and
 * ReceiptHeld when another transaction keeps one for `lockTimeoutMs`; then, as after any other failure, nothing is committed.
 */
export async function commitWithReceipts(
  client: PoolClient,
  digests: readonly string[],
  lockTimeoutMs: number,
  copies: readonly TableRows[],
): Promise<void> {
  const before = `${begin(lockTimeoutMs)} ${insert(digests)};`
  const copyIn = client.query(new CopyIn(copies, { before, after: 'commit' }))
  try {
    await copyIn.done
  } catch (error) {
    throw copyIn.tags.some((tag) => tag.startsWith('INSERT')) ? error : failureOf(error)
  }
}

/**
 * Begins the ingest transaction with receipts that are all new and with a statement after them, in one round trip over a
 * direct connection; returns what the statement returns. Throws ReceiptKnown and ReceiptHeld, the latter also when the
 * statement had to wait for `lockTimeoutMs`.
 */
export async function beginWithNewReceipts<Row extends QueryResultRow>(
  client: PoolClient,
  digests: readonly string[],
  lockTimeoutMs: number,
  statement: string,
): Promise<readonly Row[]> {
  try {
    const results = (await client.query(
      `${begin(lockTimeoutMs)} ${insert(digests)}; ${statement}`,
    )) as unknown as QueryResult<Row>[]
    return results.at(-1)?.rows ?? []
  } catch (error) {
    throw failureOf(error)
  }
}

function begin(lockTimeoutMs: number): string {
  return `
begin isolation level read committed;
set local synchronous_commit = on;
set local lock_timeout = ${lockTimeoutMs};
set local idle_in_transaction_session_timeout = '10s';`
}

/** Sorted, so that two writers with receipts in common wait for each other instead of deadlocking. */
function insert(digests: readonly string[]): string {
  const sorted = digests.map(canonical).sort()
  return `insert into sidelight.ingest_receipt (digest) values ${sorted.map((digest) => `('${digest}')`).join(', ')}`
}

/** What a failure means that came before the first row. */
export function failureOf(error: unknown): unknown {
  if (hasCode(error, LOCK_NOT_AVAILABLE)) {
    const message = 'cannot store the receipts and throws: another transaction holds one'
    return new ReceiptHeld(message, { cause: error })
  }
  if (isReceiptKnown(error)) {
    return new ReceiptKnown('cannot store the receipts: one is there already', { cause: error })
  }
  return error
}

function isReceiptKnown(error: unknown): boolean {
  return (
    hasCode(error, UNIQUE_VIOLATION) &&
    error.schema === 'sidelight' &&
    error.table === 'ingest_receipt'
  )
}

/** As Postgres writes a uuid; what is no uuid never reaches the statement. */
function canonical(digest: string): string {
  if (!DIGEST.test(digest)) throw new TypeError(`cannot store a receipt: ${digest} is no uuid`)
  const hex = digest.replaceAll('-', '').toLowerCase()
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

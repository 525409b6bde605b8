import type { PoolClient, QueryResult } from 'pg'
import { hasCode, LOCK_NOT_AVAILABLE } from './sqlstate'

const DIGEST = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i

/** Another transaction holds one of the receipts and did not end in time. */
export class ReceiptHeld extends Error {
  override readonly name = 'ReceiptHeld'
}

/**
 * Begins the ingest transaction and inserts the receipts, in one round trip; returns those that are new. The settings
 * hold for this transaction only. Throws ReceiptHeld when another transaction keeps one for `lockTimeoutMs`.
 */
export async function beginWithReceipts(
  client: PoolClient,
  digests: readonly string[],
  lockTimeoutMs: number,
): Promise<ReadonlySet<string>> {
  try {
    // Several statements in one string give as many results, which the types of pg do not know.
    const results = (await client.query(
      statement(digests, lockTimeoutMs),
    )) as unknown as QueryResult[]
    const claimed = new Set(results.at(-1)?.rows.map((row: { digest: string }) => row.digest))
    return new Set(digests.filter((digest) => claimed.has(canonical(digest))))
  } catch (error) {
    if (!hasCode(error, LOCK_NOT_AVAILABLE)) throw error
    throw new ReceiptHeld('cannot store the receipts: another transaction holds one', {
      cause: error,
    })
  }
}

/** Sorted, so that two writers with receipts in common wait for each other instead of deadlocking. */
function statement(digests: readonly string[], lockTimeoutMs: number): string {
  const sorted = digests.map(canonical).sort()
  return `
begin isolation level read committed;
set local synchronous_commit = on;
set local lock_timeout = ${lockTimeoutMs};
set local idle_in_transaction_session_timeout = '10s';
insert into sidelight.ingest_receipt (digest) values ${sorted.map((digest) => `('${digest}')`).join(', ')}
on conflict do nothing returning digest`
}

/** As Postgres writes a uuid; what is no uuid never reaches the statement. */
function canonical(digest: string): string {
  if (!DIGEST.test(digest)) throw new TypeError(`cannot store a receipt: ${digest} is no uuid`)
  const hex = digest.replaceAll('-', '').toLowerCase()
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

import type { Client } from 'pg'

/** Where a collector's transaction is stopped. `commit` stops it after COMMIT was sent and before it is done. */
export type Gate = 'receipt' | 'copy' | 'commit'

const KEYS: Record<Gate, number> = { receipt: 4_317, commit: 4_318, copy: 4_319 }

/** Every request that stores anything copies rows into one of them. */
export const ITEM_TABLES = ['span', 'log_record', 'metric_point', 'metric_histogram'] as const

/**
 * Installs triggers that wait for an advisory lock: as a receipt is inserted, as the COPY of a table of items begins, and
 * deferred to COMMIT. With the gate open they cost a lock each; closed, every ingest transaction waits at it.
 */
export async function installGates(client: Client): Promise<void> {
  for (const gate of ['receipt', 'copy', 'commit'] as const) {
    await client.query(
      `create function public.wait_at_${gate}() returns trigger language plpgsql as $$
       begin perform pg_advisory_xact_lock_shared(${KEYS[gate]}); return new; end $$`,
    )
  }
  for (const table of ITEM_TABLES) {
    await client.query(
      `create trigger wait_at_copy before insert on sidelight.${table}
       for each statement execute function public.wait_at_copy()`,
    )
  }
  await client.query(
    `create trigger wait_at_receipt before insert on sidelight.ingest_receipt
     for each row execute function public.wait_at_receipt()`,
  )
  await client.query(
    `create constraint trigger wait_at_commit after insert on sidelight.ingest_receipt
     deferrable initially deferred for each row execute function public.wait_at_commit()`,
  )
}

export async function closeGate(client: Client, gate: Gate): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [KEYS[gate]])
}

export async function openGate(client: Client, gate: Gate): Promise<void> {
  await client.query('select pg_advisory_unlock($1)', [KEYS[gate]])
}

/** The backends that wait at the gate. */
export async function waitingAt(client: Client, gate: Gate): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted
     and database = (select oid from pg_database where datname = current_database())`,
    [KEYS[gate]],
  )
  return rows.map((row) => row.pid)
}

/** Whether none of the backends is in a transaction any more. */
export async function areIdle(client: Client, pids: readonly number[]): Promise<boolean> {
  const { rows } = await client.query(
    `select 1 from pg_stat_activity where pid = any($1) and state <> 'idle'`,
    [pids],
  )
  return rows.length === 0
}

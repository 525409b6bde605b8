import type { Pool } from 'pg'
import pino from 'pino'
import { createPartitionCache } from '../../collector/store/partitions'
import { createPool } from '../../collector/store/pool'
import { withClient } from '../../collector/store/session'
import { createGroupWriter, type GroupWriter } from '../../collector/store/writer'
import { type Major, withDatabase } from '../helpers/postgres'

export interface Test {
  teardown(fn: () => Promise<void>): void
}

/** A signal that is not aborted. */
export const never = new AbortController().signal
export const stored = { kind: 'stored', poison: [] }
export const repeated = { kind: 'repeated' }

/** A collector gives up sooner, and goes on; a test would fail because its process was kept waiting. */
export const CONNECTION_TIMEOUT_MS = 30_000

export const silent = pino({ level: 'silent' })

/** A pool on a fresh database of the test's own. */
export async function openDatabase(
  t: Test,
  {
    major = 18,
    migrated = true,
    max = 8,
  }: { major?: Major; migrated?: boolean; max?: number } = {},
): Promise<Pool> {
  const { connectionString } = await withDatabase(t, { major, migrated })
  return openPool(t, connectionString, max)
}

export function openPool(t: Test, connectionString: string, max = 8): Pool {
  const pool = createPool({
    connectionString,
    max,
    applicationName: 'sidelight-test',
    connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
  })
  t.teardown(() => pool.end())
  return pool
}

export function openWriter(t: Test, pool: Pool): GroupWriter {
  const writer = createGroupWriter({ pool })
  t.teardown(() => writer.close())
  return writer
}

/** The daily partitions of `days`, as a collector makes them that has rows of these days. */
export function ensurePartitions(
  pool: Pool,
  table: string,
  days: readonly number[],
): Promise<void> {
  return withClient(pool, undefined, (client) => createPartitionCache().ensure(client, table, days))
}

export async function countSpans(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from sidelight.span')
  return rows[0]?.n ?? -1
}

export async function names(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'select name from sidelight.span order by length(name), name',
  )
  return rows.map((row) => row.name)
}

/** Backends of the pool's database that wait for a lock. */
export async function countWaiting(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return rows[0]?.n ?? -1
}

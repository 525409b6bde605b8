import type { Pool, PoolClient } from 'pg'
import { inTransaction, withClient } from './session'

const DAY_MS = 86_400_000

/** Partitions the maintenance keeps ready around today. */
const DAYS_BEHIND = 1
const DAYS_AHEAD = 2

/** Which partitions are known to exist; forgotten as a whole when the database may be another one. */
export interface PartitionCache {
  /** Creates what is missing of the days (days since 1970-01-01, UTC) on the client, outside any transaction. */
  ensure(client: PoolClient, table: string, days: Iterable<number>): Promise<void>
  forget(): void
}

/**
 * Sees to it that the daily partitions of `days` (days since 1970-01-01, UTC) exist. Any number of collectors may do so
 * at once, and readers and writers of the table go on meanwhile. Throws 55P03 when the table stays locked for a second.
 */
export async function ensurePartitions(
  pool: Pool,
  table: string,
  days: readonly number[],
  signal?: AbortSignal,
): Promise<void> {
  await withClient(pool, signal, (client) => createMissing(client, table, days))
}

/** The days whose partitions should exist at `nowMs`, from yesterday to the day after tomorrow. */
export function upcomingDays(nowMs: number): readonly number[] {
  const today = Math.floor(nowMs / DAY_MS)
  return Array.from({ length: DAYS_BEHIND + DAYS_AHEAD + 1 }, (_, i) => today - DAYS_BEHIND + i)
}

export function createPartitionCache(): PartitionCache {
  let known = new Map<string, Set<number>>()
  return {
    async ensure(client, table, days) {
      // What is learned after forget() goes to the map of before, and is forgotten with it.
      const remembered = known
      const present = remembered.get(table) ?? new Set()
      const missing = [...days].filter((day) => !present.has(day))
      if (missing.length === 0) return
      await createMissing(client, table, missing)
      for (const day of missing) present.add(day)
      remembered.set(table, present)
    },
    forget() {
      known = new Map()
    },
  }
}

/** `span_20261124` for the table `span`. */
export function partitionName(table: string, day: number): string {
  return `${table}_${dateOf(day).replaceAll('-', '')}`
}

const ATTACHED = `
select c.relname as name
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = $1::regclass and c.relname = any($2)`

async function createMissing(
  client: PoolClient,
  table: string,
  days: readonly number[],
): Promise<void> {
  const wanted = [...new Set(days)].sort((a, b) => a - b)
  if ((await withoutPartition(client, table, wanted)).length === 0) return
  await inTransaction(client, async () => {
    // The same lock attaching takes: collectors wait for each other here, nobody else does. `only` spares the partitions.
    await client.query(
      `set local lock_timeout = '1s'; lock table only sidelight.${table} in share update exclusive mode`,
    )
    for (const day of await withoutPartition(client, table, wanted)) {
      await client.query(createStatements(table, day))
    }
  })
}

async function withoutPartition(
  client: PoolClient,
  table: string,
  days: readonly number[],
): Promise<readonly number[]> {
  const { rows } = await client.query<{ name: string }>(ATTACHED, [
    `sidelight.${table}`,
    days.map((day) => partitionName(table, day)),
  ])
  const attached = new Set(rows.map((row) => row.name))
  return days.filter((day) => !attached.has(partitionName(table, day)))
}

/** `create table … partition of` would wait behind every reader of the table; attaching does not. */
function createStatements(table: string, day: number): string {
  const partition = `sidelight.${partitionName(table, day)}`
  return `
    create table if not exists ${partition} (like sidelight.${table} including all excluding indexes);
    alter table sidelight.${table} attach partition ${partition}
      for values from ('${dateOf(day)} 00:00:00+00') to ('${dateOf(day + 1)} 00:00:00+00')`
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

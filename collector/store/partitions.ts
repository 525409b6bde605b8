import type { Pool, PoolClient } from 'pg'
import { DAY_MS, dayOf } from './clock'
import { inTransaction, type Limit, type Queryable, withClient } from './session'
import { MONTHLY_TABLES, PARTITIONED_TABLES } from './tables'

/** Partitions the maintenance keeps ready around today. */
const DAYS_BEHIND = 1
const DAYS_AHEAD = 2

/** Which partitions are known to exist; forgotten as a whole when the database may be another one. */
export interface PartitionCache {
  /**
   * Creates what is missing of the days (days since 1970-01-01, UTC) on the client, outside any transaction; but not of
   * days that were dropped on purpose, whose rows Postgres then refuses. Any number of collectors may do so at once, and
   * readers and writers of the table go on meanwhile. Throws 55P03 when the table stays locked for a second.
   */
  ensure(client: PoolClient, table: string, days: Iterable<number>): Promise<void>
  forget(): void
}

/** Sees to the partitions of the days around `nowMs` of every table that has some; one question when all are there. */
export async function ensureUpcomingPartitions(
  pool: Pool,
  nowMs: number,
  limit?: AbortSignal | Limit,
): Promise<void> {
  const days = upcomingDays(nowMs)
  const names = [...PARTITIONED_TABLES.map(({ name }) => name), ...MONTHLY_TABLES]
  const wanted = names.flatMap((table) => firstDays(table, days).map((day) => ({ table, day })))
  await withClient(pool, limit, async (client) => {
    const missing = await withoutPartition(client, wanted)
    for (const table of new Set(missing.map((place) => place.table))) {
      await createMissing(client, table, days)
    }
  })
}

/** The days whose partitions should exist at `nowMs`, from yesterday to the day after tomorrow. */
export function upcomingDays(nowMs: number): readonly number[] {
  const today = dayOf(nowMs)
  return Array.from({ length: DAYS_BEHIND + DAYS_AHEAD + 1 }, (_, i) => today - DAYS_BEHIND + i)
}

export function createPartitionCache(): PartitionCache {
  let known = new Map<string, Set<number>>()
  return {
    async ensure(client, table, days) {
      // What is learned after forget() goes to the map of before, and is forgotten with it.
      const remembered = known
      const present = remembered.get(table) ?? new Set()
      const missing = firstDays(table, days).filter((day) => !present.has(day))
      if (missing.length === 0) return
      for (const day of await createMissing(client, table, missing)) present.add(day)
      remembered.set(table, present)
    },
    forget() {
      known = new Map()
    },
  }
}

/** Of the partition of a day: `span_20261124` for the table `span`, `span_rollup_202611` for one by month. */
export function partitionName(table: string, day: number): string {
  const digits = dateOf(day).replaceAll('-', '')
  return `${table}_${isMonthly(table) ? digits.slice(0, 6) : digits}`
}

/** The first day of the partition of a day. */
export function firstDayOf(table: string, day: number): number {
  return isMonthly(table) ? dayOf(Date.parse(`${dateOf(day).slice(0, 7)}-01`)) : day
}

/** What a partition is to its table. `detaching`: a concurrent detach was begun and not finished. */
export type PartitionState = 'attached' | 'detaching' | 'detached'

export interface Partition {
  readonly name: string
  /** Its only or first day, in days since 1970-01-01, UTC. */
  readonly day: number
  readonly state: PartitionState
}

const PARTITIONS = `
select c.relname as name,
  case when i.inhrelid is null then 'detached' when i.inhdetachpending then 'detaching' else 'attached' end as state
from pg_class c
left join pg_inherits i on i.inhrelid = c.oid and i.inhparent = $1::regclass
where c.relnamespace = 'sidelight'::regnamespace and c.relkind = 'r' and c.relname ~ $2
order by c.relname`

/** The partitions of the table, oldest first, and those that were detached and not dropped yet. */
export async function listPartitions(
  database: Queryable,
  table: string,
): Promise<readonly Partition[]> {
  const { rows } = await database.query<Omit<Partition, 'day'>>(PARTITIONS, [
    `sidelight.${table}`,
    `^${table}_[0-9]{${isMonthly(table) ? 6 : 8}}$`,
  ])
  const partitions = rows.map((row) => ({ ...row, day: dayOfName(row.name) }))
  return partitions.filter(
    ({ name, day }) => !Number.isNaN(day) && partitionName(table, day) === name,
  )
}

/** The day of the oldest daily partition of all tables; null when there is none. */
export async function readOldestDay(database: Queryable): Promise<number | null> {
  const days: number[] = []
  for (const { name } of PARTITIONED_TABLES) {
    const [oldest] = await listPartitions(database, name)
    if (oldest !== undefined) days.push(oldest.day)
  }
  return days.length === 0 ? null : Math.min(...days)
}

/** Returns the days whose partition exists afterwards: all but those whose partitions were dropped on purpose. */
async function createMissing(
  client: PoolClient,
  table: string,
  days: readonly number[],
): Promise<readonly number[]> {
  const wanted = await withoutDropped(
    client,
    table,
    firstDays(table, days).sort((a, b) => a - b),
  )
  if ((await missingDays(client, table, wanted)).length === 0) return wanted
  return inTransaction(client, async () => {
    // The same lock attaching takes: collectors wait for each other here, nobody else does. `only` spares the partitions.
    await client.query(
      `set local lock_timeout = '1s'; lock table only sidelight.${table} in share update exclusive mode`,
    )
    // Who drops takes that lock to say so: what is not said by now is not dropped before this commits.
    const allowed = await withoutDropped(client, table, wanted)
    const missing = await missingDays(client, table, allowed)
    await client.query(missing.map((day) => createStatements(table, day)).join(';'))
    return allowed
  })
}

const NOT_DROPPED = `
select day from unnest($2::integer[]) with ordinality as wanted (day, position)
where not exists (
  select from sidelight.retention r where r.table_name = $1 and date '1970-01-01' + wanted.day < r.dropped_before
)
order by position`

async function withoutDropped(
  client: PoolClient,
  table: string,
  days: readonly number[],
): Promise<readonly number[]> {
  const { rows } = await client.query<{ day: number }>(NOT_DROPPED, [table, days])
  return rows.map((row) => row.day)
}

const ATTACHED = `
select c.relname as name
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where c.relnamespace = 'sidelight'::regnamespace and c.relname = any($1)`

/** Where a partition is or should be. */
interface Place {
  readonly table: string
  readonly day: number
}

async function withoutPartition(
  client: PoolClient,
  places: readonly Place[],
): Promise<readonly Place[]> {
  const nameOf = ({ table, day }: Place) => partitionName(table, day)
  const { rows } = await client.query<{ name: string }>(ATTACHED, [places.map(nameOf)])
  const attached = new Set(rows.map((row) => row.name))
  return places.filter((place) => !attached.has(nameOf(place)))
}

async function missingDays(
  client: PoolClient,
  table: string,
  days: readonly number[],
): Promise<readonly number[]> {
  const missing = await withoutPartition(
    client,
    days.map((day) => ({ table, day })),
  )
  return missing.map(({ day }) => day)
}

/** `create table … partition of` would wait behind every reader of the table; attaching does not. */
function createStatements(table: string, day: number): string {
  const partition = `sidelight.${partitionName(table, day)}`
  return `
    create table if not exists ${partition} (like sidelight.${table} including all excluding indexes);
    alter table sidelight.${table} attach partition ${partition}
      for values from ('${dateOf(day)} 00:00:00+00') to ('${dateOf(endDayOf(table, day))} 00:00:00+00')`
}

function isMonthly(table: string): boolean {
  return MONTHLY_TABLES.includes(table)
}

/** The first days of the partitions of these days, each once. */
function firstDays(table: string, days: Iterable<number>): number[] {
  return [...new Set([...days].map((day) => firstDayOf(table, day)))]
}

/** The day after the last one of the partition. */
function endDayOf(table: string, firstDay: number): number {
  // No month has more than 31 days, and none less than 28.
  return isMonthly(table) ? firstDayOf(table, firstDay + 31) : firstDay + 1
}

/** NaN for what is no date. */
function dayOfName(partition: string): number {
  const [digits = ''] = /\d+$/.exec(partition) ?? []
  const date = digits.replace(/^(.{4})(.{2})/, '$1-$2-')
  return dayOf(Date.parse(date.length === 8 ? `${date}01` : date))
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

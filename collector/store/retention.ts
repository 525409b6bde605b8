import type { Logger } from 'pino'
import { DAY_MS, dayOf, readClockMs } from './clock'
import type { Leadership } from './leadership'
import { firstDayOf, readOldestDay } from './partitions'
import { dropBefore, type Removal } from './removal'
import type { Queryable } from './session'
import type { Signal } from '../translate/rows'
import { keptDays, MONTHLY_TABLES, PARTITIONED_TABLES } from './tables'

/** What was accepted may wait this many days in a spool, and must find its partition then. */
export const SPOOL_DAYS = 1

/** Why a partition was dropped. `interrupted`: a removal before this one did not come to its end. */
export type DropReason = 'age' | 'size' | 'interrupted'

export interface Retention {
  readonly retentionDays: (signal: Signal) => number
  /** How long what spans add up to is kept. */
  readonly rollupRetentionDays: number
  /** What everything in the schema may take on disk; null for no limit. */
  readonly maxBytes: number | null
  readonly log: Logger
  /** Called with each partition when it is gone. */
  readonly dropped: (table: string) => void
  /** Default 30 s; how long readers of a table are waited for. */
  readonly detachLockTimeoutMs?: number
}

/** Drops the partitions all of which is older than their retention and a day, and what is left of earlier removals. */
export async function dropByAge(leadership: Leadership, retention: Retention): Promise<void> {
  const today = dayOf(await readClockMs(leadership))
  const { retentionDays, rollupRetentionDays } = retention
  const tables = [
    ...PARTITIONED_TABLES.map((table) => ({
      name: table.name,
      days: keptDays(table, retentionDays),
    })),
    ...MONTHLY_TABLES.map((name) => ({ name, days: rollupRetentionDays })),
  ]
  for (const { name, days } of tables) {
    const floor = firstDayOf(name, today - days - SPOOL_DAYS)
    await drop(leadership, retention, { table: name, floor, reason: 'age' })
    const begun = await readFloor(leadership, name)
    await drop(leadership, retention, { table: name, floor: begun, reason: 'interrupted' })
  }
}

/**
 * Drops whole days, the oldest first and of all tables of what was received, while the schema is larger than `maxBytes`; yesterday and what
 * follows stay. Returns a function, which remembers whether it has said that this is not enough.
 */
export function createSizeRetention(
  retention: Retention,
): (leadership: Leadership) => Promise<void> {
  const { maxBytes, log } = retention
  let isTooLarge = false
  return async (leadership) => {
    if (maxBytes === null) return
    const yesterday = dayOf((await readClockMs(leadership)) - DAY_MS)
    let bytes = await measureBytes(leadership)
    for (; bytes > maxBytes; bytes = await measureBytes(leadership)) {
      const oldest = await readOldestDay(leadership)
      if (oldest === null || oldest >= yesterday) break
      for (const { name } of PARTITIONED_TABLES) {
        await drop(leadership, retention, { table: name, floor: oldest + 1, reason: 'size' })
      }
    }
    if (bytes > maxBytes && !isTooLarge) {
      log.warn({ bytes, maxBytes }, 'too much is stored, and nothing before yesterday is left')
    }
    if (bytes <= maxBytes && isTooLarge)
      log.info({ bytes, maxBytes }, 'the size is within its limit')
    isTooLarge = bytes > maxBytes
  }
}

interface Drop extends Pick<Removal, 'table' | 'floor'> {
  readonly reason: DropReason
}

async function drop(
  leadership: Leadership,
  { log, dropped, detachLockTimeoutMs }: Retention,
  { table, floor, reason }: Drop,
): Promise<void> {
  await dropBefore(leadership, {
    table,
    floor,
    ...(detachLockTimeoutMs === undefined ? {} : { detachLockTimeoutMs }),
    dropped({ name }) {
      dropped(table)
      log.info({ partition: name, reason }, 'dropped a partition')
    },
  })
}

const FLOOR = `
select dropped_before - date '1970-01-01' as day from sidelight.retention where table_name = $1`

async function readFloor(database: Queryable, table: string): Promise<number> {
  return (await database.query<{ day: number }>(FLOOR, [table])).rows[0]?.day ?? -Infinity
}

/** A relation that is dropped at this moment has no size. */
const BYTES = `
select coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as bytes
from pg_class c where c.relnamespace = 'sidelight'::regnamespace and c.relkind in ('r', 'm')`

async function measureBytes(database: Queryable): Promise<number> {
  return (await database.query<{ bytes: number }>(BYTES)).rows[0]?.bytes ?? 0
}

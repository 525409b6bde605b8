import type { Logger } from 'pino'
import { DAY_MS, HOUR_MS, readClockMs } from './clock'
import type { Leadership } from './leadership'
import { listPartitions } from './partitions'
import type { Queryable } from './session'
import { PARTITIONED_TABLES, type PartitionedTable } from './tables'

/** Most of what is late has come by then; what comes later is stored all the same. */
const CLOSED_AFTER_MS = 3 * HOUR_MS
/** It waits for the queries that run, not for locks that others wait for behind it. */
const LOCK_TIMEOUT_MS = 60_000
const OLD_SNAPSHOT_MS = 60_000

export interface Closing {
  readonly log: Logger
  /** Called with each partition when it is closed. */
  readonly closed: (table: string) => void
  /** Default a minute; while a snapshot is older than this, nothing is closed. */
  readonly oldSnapshotMs?: number
}

/**
 * Closes the partitions whose day ended three hours ago: frozen, analyzed, and with the index of their table, which of
 * attributes would halve ingest if it were kept live. A partition with that index is closed; the newest are closed first. While
 * somebody keeps an old snapshot, as a dump does, none is: the index would be built in vain.
 */
export async function closePartitions(leadership: Leadership, closing: Closing): Promise<void> {
  const nowMs = await readClockMs(leadership)
  for (const table of PARTITIONED_TABLES) {
    const partitions = await listPartitions(leadership, table.name)
    const ended = partitions.filter(({ day, state }) => {
      return state === 'attached' && (day + 1) * DAY_MS + CLOSED_AFTER_MS <= nowMs
    })
    const indexes = await readIndexes(
      leadership,
      table,
      ended.map(({ name }) => name),
    )
    const open = ended.map(({ name }) => name).filter((name) => indexes.get(name) !== 'valid')
    for (const [i, partition] of open.reverse().entries()) {
      if (indexes.get(partition) === 'being built') continue
      if (await hasOldSnapshot(leadership, closing.oldSnapshotMs)) return
      const startedAt = performance.now()
      await close(leadership, { table, partition, isBroken: indexes.has(partition) })
      closing.closed(table.name)
      closing.log.info(
        {
          partition,
          durationMs: Math.round(performance.now() - startedAt),
          remaining: open.length - 1 - i,
        },
        'closed a partition',
      )
    }
  }
}

const OLD_SNAPSHOT = `
select exists (
  select from pg_stat_activity
  where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()
    and xact_start < clock_timestamp() - $1::double precision * interval '1 millisecond'
) as found`

/** An index built concurrently is ready only when every snapshot from before it is gone. */
async function hasOldSnapshot(database: Queryable, ageMs = OLD_SNAPSHOT_MS): Promise<boolean> {
  return (await database.query<{ found: boolean }>(OLD_SNAPSHOT, [ageMs])).rows[0]?.found === true
}

interface Close {
  readonly table: PartitionedTable
  readonly partition: string
  /** Whether an interrupted build left an index behind, which is kept up and never used. */
  readonly isBroken: boolean
}

async function close(leadership: Leadership, { table, partition, isBroken }: Close): Promise<void> {
  const run = (statement: string) => leadership.outside(statement, LOCK_TIMEOUT_MS)
  const index = indexName(partition, table)
  await run(`vacuum (freeze, analyze) sidelight.${partition}`)
  if (isBroken) await run(`drop index concurrently if exists sidelight.${index}`)
  await run(
    `create index concurrently ${index} on sidelight.${partition} using ${table.closingIndex.definition}`,
  )
}

/** `being built`: by a leader before this one, whose statement goes on without it. */
type IndexState = 'valid' | 'invalid' | 'being built'

const INDEXES = `
select c.relname as name,
  case when i.indisvalid then 'valid'
    when exists (select from pg_stat_progress_create_index p where p.index_relid = c.oid) then 'being built'
    else 'invalid' end as state
from pg_class c join pg_index i on i.indexrelid = c.oid
where c.relnamespace = 'sidelight'::regnamespace and c.relname = any($1)`

async function readIndexes(
  database: Queryable,
  table: PartitionedTable,
  partitions: readonly string[],
): Promise<ReadonlyMap<string, IndexState>> {
  const byIndex = new Map(partitions.map((partition) => [indexName(partition, table), partition]))
  const { rows } = await database.query<{ name: string; state: IndexState }>(INDEXES, [
    [...byIndex.keys()],
  ])
  return new Map(rows.map(({ name, state }) => [byIndex.get(name) ?? name, state]))
}

function indexName(partition: string, { closingIndex }: PartitionedTable): string {
  return `${partition}_${closingIndex.column}`
}

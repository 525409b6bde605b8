import type { Leadership } from './leadership'
import { listPartitions, type Partition } from './partitions'
import { hasCode, isServerError } from './sqlstate'

const DETACH_LOCK_TIMEOUT_MS = 30_000
/** For a lock on the whole table, behind which its writers wait. */
const SHORT_LOCK_TIMEOUT_MS = 1_000
/** A table with a default partition, or an engine that does not detach concurrently at all. */
const REFUSALS = ['0A000', '55000']

export interface Removal {
  readonly table: string
  /** Days since 1970-01-01, UTC; the partitions of earlier days go. */
  readonly floor: number
  /** Default 30 s; how long readers of the table are waited for. */
  readonly detachLockTimeoutMs?: number
  /** Called with each partition when it is gone. */
  readonly dropped: (partition: Partition) => void
}

/**
 * Drops the table's partitions of the days before `floor`, for good: none of them is created again, whoever still has
 * rows for it. An interruption at any point is mended by the next call with the same floor or a later one. Throws the
 * first failure when all the others are gone.
 */
export async function dropBefore(leadership: Leadership, removal: Removal): Promise<void> {
  const { table, dropped } = removal
  const isDue = ({ day }: Partition) => day < removal.floor
  if (!(await listPartitions(leadership, table)).some(isDue)) return
  await raiseFloor(leadership, table, removal.floor)
  const due = (await listPartitions(leadership, table)).filter(isDue)
  // As long as one detach is unfinished Postgres begins no other.
  due.sort((a, b) => Number(b.state === 'detaching') - Number(a.state === 'detaching'))
  const failures: unknown[] = []
  for (const partition of due) {
    try {
      await detach(leadership, removal, partition)
      await leadership.query(`drop table sidelight.${partition.name}`)
    } catch (error) {
      // One that a view of somebody else's depends on keeps no other from going.
      if (!isServerError(error) || leadership.signal.aborted) throw error
      failures.push(error)
      continue
    }
    dropped(partition)
  }
  if (failures.length > 0) throw failures[0]
}

const RAISE_FLOOR = `
insert into sidelight.retention (table_name, dropped_before) values ($1, date '1970-01-01' + $2::integer)
on conflict (table_name) do update set dropped_before = greatest(retention.dropped_before, excluded.dropped_before)`

/** Under the lock of those who create partitions: whoever has it later heeds the floor, whoever had it is seen. */
async function raiseFloor(leadership: Leadership, table: string, floor: number): Promise<void> {
  await leadership.transaction(async (client) => {
    await client.query(`lock table only sidelight.${table} in share update exclusive mode`)
    await client.query(RAISE_FLOOR, [table, floor])
  })
}

async function detach(
  leadership: Leadership,
  { table, detachLockTimeoutMs = DETACH_LOCK_TIMEOUT_MS }: Removal,
  { name, state }: Partition,
): Promise<void> {
  const statement = `alter table sidelight.${table} detach partition sidelight.${name}`
  if (state === 'detached') return
  if (state === 'detaching') {
    // It waits for every older query of the database, and behind it only those who create partitions.
    return runWithin(leadership, `${statement} finalize`, detachLockTimeoutMs)
  }
  try {
    await leadership.outside(`${statement} concurrently`, detachLockTimeoutMs)
  } catch (error) {
    if (!hasCode(error, ...REFUSALS)) throw error
    await runWithin(leadership, statement, SHORT_LOCK_TIMEOUT_MS)
  }
}

async function runWithin(
  leadership: Leadership,
  statement: string,
  lockTimeoutMs: number,
): Promise<void> {
  await leadership.transaction((client) =>
    client.query(`set local lock_timeout = ${lockTimeoutMs}; ${statement}`),
  )
}

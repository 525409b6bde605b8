import type { Leadership } from './leadership'

/** Called with how many rows of a table were folded. */
export type Folded = (rows: number, table: string) => void

/** A table of levels: 0 what a transaction appended, 1 a minute, 2 an hour. */
export interface Levels {
  readonly table: string
  /** The columns but the level. */
  readonly columns: readonly string[]
  /** Those that a row of a minute or hour is told by, `bucket` the first. */
  readonly key: readonly string[]
  /** Makes rows of `put (level, …columns)` from those of `part (level, …columns)`: common table expressions. */
  readonly sums: string
}

/** What a statement folds at most, so that it takes about a second. */
const BATCH_ROWS = 50_000

/** A minute that is over, and some seconds for the transactions that are not. */
const OPEN = `date_trunc('minute', statement_timestamp() - interval '15 seconds')`
/**
 * Older minutes are in their hours alone. Of `clock_timestamp()`, which is another at each row, neither an index nor a partition
 * would be chosen by.
 */
const MINUTES_KEPT = `statement_timestamp() - interval '50 hours'`

/** Postgres takes the keys of what is folded for few, and would look through the whole hour for each of them. */
const BY_HASH = 'set local enable_nestloop = off; set local enable_mergejoin = off'

/**
 * Folds what ingest appended for minutes that are over: into one row a key and minute, and into that of the hour.
 * Each statement takes rows away and puts their sums in their place, so readers see all of them once at any moment, and
 * two leaders take different rows. Late ones are added to the sums that are there. Returns a function that does it.
 */
export function createFolding(
  levels: Levels,
): (leadership: Leadership, folded: Folded) => Promise<void> {
  const { table } = levels
  const fold = foldStatement(levels)
  const backlogOf = backlogStatement(table)
  const forget = `delete from sidelight.${table} where level = 1 and bucket < ${MINUTES_KEPT}`
  return async (leadership, folded) => {
    const { rows: backlog } = await leadership.query<{ ms: number; rows: number }>(backlogOf)
    for (const { sinceMs, untilMs } of batchesOf(backlog)) {
      const bounds = [sinceMs, untilMs].map((ms) => new Date(ms).toISOString())
      const { rows } = await leadership.transaction(async (client) => {
        await client.query(BY_HASH)
        return client.query<{ rows: number }>(fold, bounds)
      })
      folded(rows[0]?.rows ?? 0, table)
    }
    await leadership.query(forget)
  }
}

function backlogStatement(table: string): string {
  return `
select (extract(epoch from bucket) * 1000)::float8 as ms, count(*)::int as rows
from sidelight.${table} where level = 0 and bucket < ${OPEN}
group by bucket order by bucket`
}

/** Ranges of minutes with about as many rows as a statement may fold. */
function* batchesOf(backlog: readonly { readonly ms: number; readonly rows: number }[]) {
  let rows = 0
  let sinceMs: number | null = null
  for (const [at, minute] of backlog.entries()) {
    sinceMs ??= minute.ms
    rows += minute.rows
    const next = backlog[at + 1]
    if (next !== undefined && rows + next.rows <= BATCH_ROWS) continue
    yield { sinceMs, untilMs: minute.ms + 1 }
    sinceMs = null
    rows = 0
  }
}

function foldStatement({ table, columns, key, sums }: Levels): string {
  const all = columns.join(', ')
  const [bucket, ...values] = columns.map((column) => `r.${column}`)
  const [, ...others] = key
  const hour = `date_trunc('hour', bucket, 'UTC')`
  const keyed = others.join(', ')
  const isSame = others.map((column) => `r.${column} = k.${column}`).join(' and ')
  // Rows at a level, from the bucket `since` on, that hold the same as a folded row, and are to be one with it.
  const takenWith = (level: number, keys: string, since: string) => `
  delete from sidelight.${table} r using ${keys} as k
  where r.level = ${level} and r.bucket >= ${since} and r.bucket < $2::timestamptz
    and r.bucket = k.bucket and ${isSame}
  returning ${[bucket, ...values].join(', ')}`
  return `
with delta as (
  delete from sidelight.${table}
  where level = 0 and bucket >= $1::timestamptz and bucket < $2::timestamptz
  returning ${all}
),
recent as (select * from delta where bucket >= ${MINUTES_KEPT}),
minute_key as (select distinct bucket, ${keyed} from recent),
hour_key as (select distinct ${hour} as bucket, ${keyed} from delta),
minute as (${takenWith(1, 'minute_key', '$1::timestamptz')}),
hour as (${takenWith(2, 'hour_key', `date_trunc('hour', $1::timestamptz, 'UTC')`)}),
part as (
  select 1 as level, ${all} from recent
  union all select 1, ${all} from minute
  union all select 2, ${hour}, ${values.join(', ')} from delta as r
  union all select 2, ${all} from hour
),
${sums},
stored as (insert into sidelight.${table} (level, ${all}) select level, ${all} from put)
select count(*)::int as rows from delta`
}

import { SPAN_ROLLUP } from '../translate/rows'
import type { Leadership } from './leadership'

/** Called with how many rows of which level were folded. */
export type Folded = (rows: number) => void

/** What a statement folds at most, so that it takes about a second. */
const BATCH_ROWS = 50_000

/** A minute that is over, and some seconds for the transactions that are not. */
const OPEN = `date_trunc('minute', statement_timestamp() - interval '15 seconds')`
/**
 * Older minutes are in their hours alone. Of `clock_timestamp()`, which is another at each row, neither an index nor a partition
 * would be chosen by.
 */
const MINUTES_KEPT = `statement_timestamp() - interval '50 hours'`

const BACKLOG = `
select (extract(epoch from bucket) * 1000)::float8 as ms, count(*)::int as rows
from sidelight.span_rollup where level = 0 and bucket < ${OPEN}
group by bucket order by bucket`

/**
 * Folds what ingest appended for minutes that are over: into one row an operation and minute, and into that of the hour.
 * Each statement takes rows away and puts their sums in their place, so readers see all of them once at any moment, and
 * two leaders take different rows. Late ones are added to the sums that are there.
 */
export async function foldRollups(leadership: Leadership, folded: Folded): Promise<void> {
  const { rows: backlog } = await leadership.query<{ ms: number; rows: number }>(BACKLOG)
  for (const { sinceMs, untilMs } of batchesOf(backlog)) {
    const bounds = [sinceMs, untilMs].map((ms) => new Date(ms).toISOString())
    const { rows } = await leadership.transaction(async (client) => {
      await client.query(BY_HASH)
      return client.query<{ rows: number }>(FOLD, bounds)
    })
    folded(rows[0]?.rows ?? 0)
  }
  await leadership.query(FORGET_MINUTES)
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

const KEY = ['bucket', 'is_request', 'service_id', 'operation_id']
const SUMS = [
  'span_count',
  'root_count',
  'error_count',
  'adjusted_count',
  'adjusted_error_count',
  'duration_sum_ns',
  'zero_count',
]
const COLUMNS = SPAN_ROLLUP.columns.filter((column) => column !== 'level').join(', ')
const VALUES = SPAN_ROLLUP.columns
  .filter((column) => column !== 'level' && column !== 'bucket')
  .map((column) => `r.${column}`)
  .join(', ')

/** Postgres takes the keys of what is folded for few, and would look through the whole hour for each of them. */
const BY_HASH = 'set local enable_nestloop = off; set local enable_mergejoin = off'

/** Rows at a level, from the bucket `since` on, that hold the same as a folded row, and are to be one with it. */
function takenWith(level: number, key: string, since: string): string {
  return `delete from sidelight.span_rollup r using ${key} as k
  where r.level = ${level} and r.bucket >= ${since} and r.bucket < $2::timestamptz
    and r.bucket = k.bucket and r.operation_id = k.operation_id and r.is_request = k.is_request
  returning r.bucket, ${VALUES}`
}

const HOUR = `date_trunc('hour', bucket, 'UTC')`

const FOLD = `
with delta as (
  delete from sidelight.span_rollup
  where level = 0 and bucket >= $1::timestamptz and bucket < $2::timestamptz
  returning ${COLUMNS}
),
recent as (select * from delta where bucket >= ${MINUTES_KEPT}),
minute_key as (select distinct bucket, operation_id, is_request from recent),
hour_key as (select distinct ${HOUR} as bucket, operation_id, is_request from delta),
minute as (${takenWith(1, 'minute_key', '$1::timestamptz')}),
hour as (${takenWith(2, 'hour_key', `date_trunc('hour', $1::timestamptz, 'UTC')`)}),
part as (
  select 1 as level, ${COLUMNS} from recent
  union all select 1, ${COLUMNS} from minute
  union all select 2, ${HOUR}, ${VALUES} from delta as r
  union all select 2, ${COLUMNS} from hour
),
sums as (
  select level, ${KEY.join(', ')}, ${SUMS.map((column) => `sum(${column}) as ${column}`).join(', ')},
    min(duration_min_ns) as duration_min_ns, max(duration_max_ns) as duration_max_ns,
    (array_agg(slowest_trace_id order by duration_max_ns desc nulls last)
      filter (where slowest_trace_id is not null))[1] as slowest_trace_id,
    (array_agg(error_trace_id) filter (where error_trace_id is not null))[1] as error_trace_id,
    (array_agg(random_trace_id order by random()) filter (where random_trace_id is not null))[1] as random_trace_id
  from part group by level, ${KEY.join(', ')}
),
counted as (
  select level, ${KEY.join(', ')}, b.index, sum(b.count) as count
  from part, unnest(bucket_indexes, bucket_counts) as b (index, count)
  group by level, ${KEY.join(', ')}, b.index
),
histogram as (
  select level, ${KEY.join(', ')}, array_agg(index order by index) as bucket_indexes,
    array_agg(count order by index) as bucket_counts
  from counted group by level, ${KEY.join(', ')}
),
put as (
  insert into sidelight.span_rollup (level, ${COLUMNS})
  select level, ${SPAN_ROLLUP.columns
    .filter((column) => column !== 'level')
    .map(folded)
    .join(', ')}
  from sums left join histogram using (level, ${KEY.join(', ')})
)
select count(*)::int as rows from delta`

function folded(column: string): string {
  return column.startsWith('bucket_') ? `coalesce(${column}, '{}')` : column
}

const FORGET_MINUTES = `delete from sidelight.span_rollup where level = 1 and bucket < ${MINUTES_KEPT}`

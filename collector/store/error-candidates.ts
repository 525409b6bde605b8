import { MOST_USER_HASHES } from '../translate/error-rows'
import { SEVERITY } from '../translate/error-throw'
import { ERROR_OCCURRENCE, ERROR_ROLLUP } from '../translate/rows'
import type { Leadership } from './leadership'
import { createPartitionCache } from './partitions'
import { withClient } from './session'
import { isMissingPartition, isPoison } from './sqlstate'

/** Called with how many candidates were counted, and how many were told of already or by an exception. */
export type Judged = (counted: number, dropped: number) => void

const BATCH = 5_000
/** By then the exception of a trace has come, or will not come any more. */
const WATERMARK = `statement_timestamp() - interval '60 seconds'`

function isKept(table: string, time: string): string {
  return `not exists (
    select from sidelight.retention where table_name = '${table}' and ${time} < dropped_before::timestamp at time zone 'UTC'
  )`
}

/** bigint nanoseconds as a time, exact to the microsecond. */
const TIME = `to_timestamp(0) + time_ns / 1000 * interval '1 microsecond'`

/** What the columns of the candidate say is not asked of its occurrence. */
const OCCURRENCE = `
occurrence || jsonb_build_object('time', time, 'time_ns', time_ns % 1000, 'error_hash', error_hash, 'service_id', service_id,
  'operation_id', operation_id, 'release', release, 'severity', severity, 'is_handled', is_handled,
  'id', encode(substr(sha256(uuid_send(scope) || uuid_send(innermost)), 1, 16), 'hex'))`

const ROLLUP_COLUMNS = ERROR_ROLLUP.columns.join(', ')
const OCCURRENCE_COLUMNS = ERROR_OCCURRENCE.columns.join(', ')

/** Claims in the order in which ingest does; of a scope with an exception nothing is counted. */
const JUDGE = `
with due as (
  delete from sidelight.error_candidate where ctid = any (array(
    select ctid from sidelight.error_candidate where added_at < ${WATERMARK} limit $1
  )) and added_at < ${WATERMARK}
  returning bucket, scope, innermost, error_hash, service_id, operation_id, release, severity, is_handled, time_ns,
    user_hash, occurrence
),
failure as (
  select distinct on (scope, innermost) *, ${TIME} as time from due
  where not exists (
    select from sidelight.error_seen seen where seen.scope = due.scope and not seen.is_candidate
  )
  order by scope, innermost, severity desc, time_ns
),
claimed as (
  insert into sidelight.error_seen (scope, innermost, error_hash, severity, is_candidate)
  select scope, innermost, error_hash, severity, true from failure order by scope, innermost
  on conflict (scope, innermost) do nothing
  returning scope, innermost
),
counted as (select failure.* from failure join claimed using (scope, innermost)),
rolled_up as (
  insert into sidelight.error_rollup (${ROLLUP_COLUMNS})
  select bucket, 0, error_hash, service_id, operation_id, release, count(*), count(*) filter (where severity >= ${SEVERITY.error}),
    count(*) filter (where not is_handled), min(time_ns), max(time_ns),
    coalesce((array_agg(distinct user_hash order by user_hash) filter (where user_hash is not null))[1:${MOST_USER_HASHES}], '{}')
  from counted where ${isKept('error_rollup', 'bucket')}
  group by bucket, error_hash, service_id, operation_id, release
),
kept as (
  insert into sidelight.error_occurrence (${OCCURRENCE_COLUMNS})
  select ${ERROR_OCCURRENCE.columns.map((column) => `(row).${column}`).join(', ')} from (
    select jsonb_populate_record(null::sidelight.error_occurrence, ${OCCURRENCE}) as row
    from counted where $2 and occurrence is not null and ${isKept('error_occurrence', 'time')}
  ) as occurrence
)
select (select count(*)::int from due) as taken, (select count(*)::int from counted) as counted`

/**
 * Counts the failures stored a minute ago whose trace has no exception in their service, each once; the others go. Months and
 * days that have no partition get one, unless they were dropped.
 */
export async function judgeCandidates(leadership: Leadership, judged: Judged): Promise<void> {
  for (let taken = BATCH; taken === BATCH;) taken = await judgeBatch(leadership, judged)
}

/** Returns how many were looked at. */
async function judgeBatch(leadership: Leadership, judged: Judged): Promise<number> {
  const judge = async (keepsOccurrences: boolean) =>
    (await leadership.query<Judgement>(JUDGE, [BATCH, keepsOccurrences])).rows[0] ?? NONE
  const whole = () => judge(true)
  const { taken, counted } = await whole()
    .catch(async (error: unknown) => {
      if (!isMissingPartition(error)) throw error
      await createPartitions(leadership)
      return whole()
    })
    .catch((error: unknown) => {
      // An occurrence that is no row keeps nobody from being counted.
      if (!isPoison(error) || isMissingPartition(error)) throw error
      return judge(false)
    })
  judged(counted, taken - counted)
  return taken
}

interface Judgement {
  readonly taken: number
  readonly counted: number
}

const NONE: Judgement = { taken: 0, counted: 0 }

const DAYS = `
select distinct (bucket at time zone 'UTC')::date - date '1970-01-01' as day, false as is_of_throw
from sidelight.error_candidate
union
select distinct ((${TIME}) at time zone 'UTC')::date - date '1970-01-01', true from sidelight.error_candidate`

async function createPartitions(leadership: Leadership): Promise<void> {
  const { rows } = await leadership.query<{ day: number; is_of_throw: boolean }>(DAYS)
  const daysOf = (isOfThrow: boolean) =>
    rows.filter((row) => row.is_of_throw === isOfThrow).map(({ day }) => day)
  await withClient(leadership.pool, leadership.signal, async (client) => {
    const partitions = createPartitionCache()
    await partitions.ensure(client, ERROR_ROLLUP.name, daysOf(false))
    await partitions.ensure(client, ERROR_OCCURRENCE.name, daysOf(true))
  })
}

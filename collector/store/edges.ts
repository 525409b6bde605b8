import type { Leadership } from './leadership'
import { createPartitionCache } from './partitions'
import { withClient } from './session'
import { isMissingPartition } from './sqlstate'

const BATCH = 20_000
/** By then parents have come, or will not come any more. */
const WATERMARK = `statement_timestamp() - interval '60 seconds'`
/** A caller may have begun so long before the call ended. */
const LONGEST_CALL = `interval '1 hour'`

const ADD = `
on conflict (bucket, client_service_id, server_service_id) do update set
  call_count = r.call_count + excluded.call_count,
  error_count = r.error_count + excluded.error_count,
  adjusted_count = r.adjusted_count + excluded.adjusted_count,
  adjusted_error_count = r.adjusted_error_count + excluded.adjusted_error_count,
  duration_sum_ns = r.duration_sum_ns + excluded.duration_sum_ns,
  duration_max_ns = greatest(r.duration_max_ns, excluded.duration_max_ns)`

/** The parent lies in the partitions of an hour or two: the times of the row choose them while the statement runs. */
const JOIN = `
with due as (
  delete from sidelight.edge_candidate where ctid = any (array(
    select ctid from sidelight.edge_candidate where added_at < ${WATERMARK} limit $1
  )) and added_at < ${WATERMARK}
  returning bucket, trace_id, parent_span_id, service_id, duration_ns, adjusted_count, is_error
),
call as (
  select due.*, (
    select parent.service_id from sidelight.span parent
    where parent.trace_id = due.trace_id and parent.span_id = due.parent_span_id
      and parent.start_time >= due.bucket - ${LONGEST_CALL}
      and parent.start_time < due.bucket + ${LONGEST_CALL}
    limit 1
  ) as client_service_id
  from due
),
put as (
  insert into sidelight.edge_rollup as r (bucket, client_service_id, server_service_id, call_count, error_count,
    adjusted_count, adjusted_error_count, duration_sum_ns, duration_max_ns)
  select bucket, client_service_id, service_id, count(*), count(*) filter (where is_error),
    sum(adjusted_count), coalesce(sum(adjusted_count) filter (where is_error), 0),
    coalesce(sum(duration_ns * adjusted_count), 0), max(duration_ns)
  from call where client_service_id is not null and not exists (
    select from sidelight.retention where table_name = 'edge_rollup' and bucket < dropped_before::timestamp at time zone 'UTC'
  )
  group by bucket, client_service_id, service_id
  order by bucket, client_service_id, service_id
  ${ADD}
)
select count(*)::int as taken from due`

/**
 * Finds who called, for the spans stored a minute ago; those whose parent did not come by then count for nobody, nor do those of
 * months that were dropped. Other months that have no partition get one: nobody else knows of them.
 */
export async function joinEdges(leadership: Leadership): Promise<void> {
  for (let taken = BATCH; taken === BATCH;) {
    taken = await joinBatch(leadership).catch(async (error: unknown) => {
      if (!isMissingPartition(error)) throw error
      await createMonths(leadership)
      return joinBatch(leadership)
    })
  }
}

/** Else Postgres would go through the whole BRIN index of a day for each parent, where the one by trace leads to few rows. */
const BY_TRACE = 'set local enable_bitmapscan = off'

/** Returns how many spans were looked at. */
async function joinBatch(leadership: Leadership): Promise<number> {
  const { rows } = await leadership.transaction(async (client) => {
    await client.query(BY_TRACE)
    return client.query<{ taken: number }>(JOIN, [BATCH])
  })
  return rows[0]?.taken ?? 0
}

const DAYS = `
select distinct (bucket at time zone 'UTC')::date - date '1970-01-01' as day from sidelight.edge_candidate`

async function createMonths(leadership: Leadership): Promise<void> {
  const { rows } = await leadership.query<{ day: number }>(DAYS)
  const days = rows.map(({ day }) => day)
  await withClient(leadership.pool, leadership.signal, (client) =>
    createPartitionCache().ensure(client, 'edge_rollup', days),
  )
}

const HOUR = `date_trunc('hour', bucket, 'UTC')`

const FOLD = `
with old as (
  delete from sidelight.edge_rollup
  where bucket < date_trunc('hour', statement_timestamp() - interval '49 hours', 'UTC') and bucket <> ${HOUR}
  returning ${HOUR} as bucket, client_service_id, server_service_id, call_count, error_count,
    adjusted_count, adjusted_error_count, duration_sum_ns, duration_max_ns
)
insert into sidelight.edge_rollup as r (bucket, client_service_id, server_service_id, call_count, error_count,
  adjusted_count, adjusted_error_count, duration_sum_ns, duration_max_ns)
select bucket, client_service_id, server_service_id, sum(call_count), sum(error_count), sum(adjusted_count),
  sum(adjusted_error_count), sum(duration_sum_ns), max(duration_max_ns)
from old group by bucket, client_service_id, server_service_id
order by bucket, client_service_id, server_service_id
${ADD}`

/** Puts the calls of minutes more than two days ago into those of their hour. */
export async function foldEdges(leadership: Leadership): Promise<void> {
  await leadership.query(FOLD)
}

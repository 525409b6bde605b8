import type { Pool } from 'pg'

/** A minute or hour of an operation of which `span_rollup` tells something else than its spans do: both, null where there is none. */
export interface Difference {
  readonly counted: unknown
  readonly told: unknown
}

const DIFFERENCES = `
with span as (
  select service_id, operation_id, duration_ns, parent_span_id is null as is_root,
    kind in (2, 5) or parent_span_id is null and kind in (0, 1) as is_request,
    status = 2 or kind = 2 and (
      case when http ~ '^[0-9]+$' then http::numeric >= 500 else false end
    ) as is_error,
    date_trunc($1, case
      when duration_ns is not null or start_ns is null then end_time else start_time
    end, 'UTC') as bucket
  from sidelight.span, lateral (select attributes ->> 'http.response.status_code' as http) as status_code
), counted as (
  select bucket, is_request, service_id, operation_id, jsonb_build_object(
    'spans', count(*), 'roots', count(*) filter (where is_root),
    'errors', count(*) filter (where is_error),
    'adjusted', count(*), 'adjusted errors', count(*) filter (where is_error),
    'sum', coalesce(sum(duration_ns), 0), 'min', min(duration_ns), 'max', max(duration_ns),
    'timed', count(duration_ns)
  ) as figures
  from span group by bucket, is_request, service_id, operation_id
), told as (
  select date_trunc($1, bucket, 'UTC') as bucket, is_request, service_id, operation_id, jsonb_build_object(
    'spans', sum(span_count), 'roots', sum(root_count), 'errors', sum(error_count),
    'adjusted', sum(adjusted_count), 'adjusted errors', sum(adjusted_error_count),
    'sum', sum(duration_sum_ns)::numeric, 'min', min(duration_min_ns), 'max', max(duration_max_ns),
    'timed', sum(zero_count + (select coalesce(sum(count), 0) from unnest(bucket_counts) as count))
  ) as figures
  from sidelight.span_rollup where level in (0, $2)
  group by 1, is_request, service_id, operation_id
)
select counted.figures as counted, told.figures as told
from counted full join told using (bucket, is_request, service_id, operation_id)
where counted.figures is distinct from told.figures`

/** The level that is folded, of each length. */
const FOLDED = { minute: 1, hour: 2 } as const

/**
 * Where rollups of minutes or hours, folded or not, differ from a count of the spans that are stored; for spans without a
 * sampling threshold.
 */
export async function rollupDifferences(
  database: Pick<Pool, 'query'>,
  length: keyof typeof FOLDED = 'minute',
): Promise<readonly Difference[]> {
  const { rows } = await database.query<{ counted: unknown; told: unknown }>(DIFFERENCES, [
    length,
    FOLDED[length],
  ])
  return rows
}

import type { Pool } from 'pg'
import type { Difference } from './recount'

const DIFFERENCES = `
with sighting as (
  select span.service_id, span.trace_id::text as scope, event -> 'attributes' ->> 'exception.type' as class,
    span.status = 2 and span.kind not in (3, 4) as is_severe
  from sidelight.span, jsonb_array_elements(span.events) as event
  where event -> 'attributes' ? 'exception.type'
  union all
  select service_id, coalesce(trace_id::text, concat_ws(' ', resource_id, time, time_ns)), attributes ->> 'exception.type',
    severity_number >= 17
  from sidelight.log_record where attributes ? 'exception.type'
), throw as (
  select tenant, namespace, name as service, class, scope, bool_or(is_severe) as is_severe
  from sighting join sidelight.service on service.id = service_id
  group by tenant, namespace, name, class, scope
), counted as (
  select tenant, namespace, service, class,
    jsonb_build_object('throws', count(*), 'severe', count(*) filter (where is_severe)) as figures
  from throw group by tenant, namespace, service, class
), told as (
  select tenant, namespace, service, class,
    jsonb_build_object('throws', sum(occurrence_count), 'severe', sum(severe_count)) as figures
  from sidelight.error_rollup join sidelight.error_group_hash hash on hash.id = error_hash
  where level in (0, $1) and hash.kind = 'exception'
  group by tenant, namespace, service, class
), remembered as (
  select tenant, namespace, service, class, count(distinct (scope, seen.error_hash)) as throws
  from sidelight.error_seen seen join sidelight.error_group_hash hash on hash.id = error_hash
  where hash.kind = 'exception' and not is_candidate
  group by tenant, namespace, service, class
)
select counted.figures as counted, told.figures || jsonb_build_object('remembered', remembered.throws) as told
from counted full join told using (tenant, namespace, service, class)
full join remembered using (tenant, namespace, service, class)
where counted.figures is distinct from told.figures
  or (counted.figures ->> 'throws')::bigint is distinct from remembered.throws`

/** The level that is folded, of each length. */
const FOLDED = { minute: 1, hour: 2 } as const

/**
 * Where the errors that are told of, folded or not, differ from a count of the exceptions in the spans and log records that
 * are stored: each once a trace. For exceptions without causes, all of a class at the same place, and while what is known
 * of throws was not deleted.
 */
export async function errorDifferences(
  database: Pick<Pool, 'query'>,
  length: keyof typeof FOLDED = 'minute',
): Promise<readonly Difference[]> {
  const { rows } = await database.query<{ counted: unknown; told: unknown }>(DIFFERENCES, [
    FOLDED[length],
  ])
  return rows
}

/** How many throws are told of. */
export async function countThrows(database: Pick<Pool, 'query'>): Promise<number> {
  const { rows } = await database.query<{ count: string }>(
    'select coalesce(sum(occurrence_count), 0) as count from sidelight.error_rollup where level in (0, 1)',
  )
  return Number(rows[0]?.count)
}

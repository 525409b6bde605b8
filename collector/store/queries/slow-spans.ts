import type { Pool } from 'pg'
import { readClockMs } from '../clock'
import { coverFinest, type Coverage } from './figure/coverage'
import { selectIds } from './figure/selection'
import { among, isDelta, isFolded, type Narrowing } from './figure/statement'
import {
  decodeMeasured,
  FOUND_COLUMNS,
  FOUND_JOINS,
  MEASURED,
  type MeasuredRow,
} from './found-span'
import { readTogether } from './read'

const NS_PER_MS = 1e6
/** Spans of a service and minute, or hour, that are looked at. */
const MAX_SPANS = 20_000

/** Spans that took `thresholdMs` or longer; null: of every one. */
export interface SlowQuestion {
  readonly window: { readonly sinceMs: number; readonly untilMs: number }
  readonly tenant: string | null
  readonly service: string | null
  readonly module: string | null
  readonly operation: string | null
  readonly thresholdMs: number
  readonly limit: number
}

/**
 * The slowest spans of the window, widened to whole minutes, and to whole hours where minutes are not kept any more. Throws
 * Unavailable when Postgres is away or too slow.
 */
export async function readSlowSpans(pool: Pool, question: SlowQuestion) {
  return readTogether(pool, 'slow spans', async (reading) => {
    const coverage = coverFinest(question.window, await readClockMs(reading.client))
    const narrowing = await selectIds(reading, question)
    const leastNs = String(BigInt(Math.round(question.thresholdMs * NS_PER_MS)))
    const rows = await reading.ask<MeasuredRow>({
      text: slowStatement(coverage, narrowing),
      values: [leastNs, question.limit],
    })
    return { window: coverage.window, spans: rows.map(decodeMeasured) }
  })
}

/**
 * The slowest $2 spans of $1 nanoseconds or more that ended in the window. Each row of a rollup stands for a span as slow as it
 * says, and none for that of another, so the $2 slowest rows say how slow the spans of the answer are at least, and where they
 * are: in their minutes, among the first spans of the service; and in the slowest trace, which is known however many spans
 * there are.
 */
function slowStatement(coverage: Coverage, narrowing: Narrowing | null): string {
  return `
with chosen as materialized (
  select service_id, operation_id, bucket, duration_max_ns as max_ns, slowest_trace_id as trace_id,
    case when level = 2 then interval '1 hour' else interval '1 minute' end as length
  from sidelight.span_rollup
  where (${isDelta(coverage)} or ${isFolded(coverage)}) and duration_max_ns >= $1::bigint${among(narrowing)}
  order by duration_max_ns desc
  limit $2
), bound as materialized (
  select case when count(*) = $2 then min(max_ns) else $1::bigint end as least_ns from chosen
), region as (
  select service_id, bucket, length, max(max_ns) as max_ns, array_agg(operation_id) as operation_ids
  from chosen group by service_id, bucket, length
), found as (
  select span.* from region cross join bound cross join lateral (
    select span.*, span.ctid as place from sidelight.span as span
    where span.service_id = region.service_id and ${startedFor('region')}
    limit ${MAX_SPANS}
  ) as span
  where span.operation_id = any(region.operation_ids) and ${endedIn('region')}
  union all
  select span.* from chosen cross join bound cross join lateral (
    select span.*, span.ctid as place from sidelight.span as span
    where span.trace_id = chosen.trace_id and span.service_id = chosen.service_id and ${startedFor('chosen')}
  ) as span
  where span.operation_id = chosen.operation_id and ${endedIn('chosen')}
), slowest as (
  select distinct on (span.duration_ns, span.start_time, span.place) span.* from found as span
  order by span.duration_ns desc, span.start_time desc, span.place
  limit $2
)
select ${FOUND_COLUMNS}, ${MEASURED}
from slowest as span ${FOUND_JOINS}
order by span.duration_ns desc, span.start_time desc, span.place`
}

/** The spans of a row of `region`, or of a row of `chosen`, that ended there, among the slowest there can be. */
function endedIn(where: 'region' | 'chosen'): string {
  return `
  span.duration_ns >= bound.least_ns
  and span.end_time >= ${where}.bucket and span.end_time < ${where}.bucket + ${where}.length`
}

function startedFor(where: 'region' | 'chosen'): string {
  return `
  span.start_time >= ${where}.bucket - (${where}.max_ns / 1000 + 1)::float8 * interval '1 microsecond'
  and span.start_time <= ${where}.bucket + ${where}.length - (bound.least_ns / 1000)::float8 * interval '1 microsecond'`
}

import type { Pool } from 'pg'
import {
  decodeMeasured,
  FOUND_COLUMNS,
  FOUND_JOINS,
  MEASURED,
  type MeasuredRow,
} from './found-span'
import { readTogether, type Reading } from './read'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
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

/** When the oldest minute began that rollups tell; hours before it. */
const MINUTES_SQL = `
select (extract(epoch from min(bucket)) * 1000)::bigint as since_ms from sidelight.span_rollup where level = 1`

/** The spans of a row of `region`, or of a row of `chosen`, that ended there, among the slowest there can be. */
const endedIn = (where: string) => `
  span.duration_ns >= bound.least_ns
  and span.end_time >= ${where}.bucket and span.end_time < ${where}.bucket + ${where}.length`

const startedFor = (where: string) => `
  span.start_time >= ${where}.bucket - (${where}.max_ns / 1000 + 1)::float8 * interval '1 microsecond'
  and span.start_time <= ${where}.bucket + ${where}.length - (bound.least_ns / 1000)::float8 * interval '1 microsecond'`

/**
 * The slowest $9 spans of $8 nanoseconds or more that ended from $1 to $2, $3 being where minutes begin, of the tenant $4,
 * service $5, module $6 and operation $7. Each row of a rollup stands for a span as slow as it says, so the $9 slowest rows
 * say how slow the spans of the answer are at least, and where they are: in their minutes, among the first spans of the
 * service; and in the slowest trace, which is known however many spans there are.
 */
const SLOW_SQL = `
with chosen as materialized (
  select service_id, operation_id, bucket, duration_max_ns as max_ns, slowest_trace_id as trace_id,
    case when level = 2 then interval '1 hour' else interval '1 minute' end as length
  from sidelight.span_rollup
  where bucket >= $1::timestamptz and bucket < $2::timestamptz and (level < 2 or bucket < $3::timestamptz)
    and duration_max_ns >= $8::bigint
    and (($4::text is null and $5::text is null) or service_id in (
      select id from sidelight.service where ($4::text is null or tenant = $4) and ($5::text is null or name = $5)))
    and (($6::text is null and $7::text is null) or operation_id in (
      select id from sidelight.operation where ($6::text is null or module = $6) and ($7::text is null or name = $7)))
  order by duration_max_ns desc
  limit $9
), bound as materialized (
  select case when count(*) = $9 then min(max_ns) else $8::bigint end as least_ns from chosen
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
  limit $9
)
select ${FOUND_COLUMNS}, ${MEASURED}
from slowest as span ${FOUND_JOINS}
order by span.duration_ns desc, span.start_time desc, span.place`

/**
 * The slowest spans of the window, widened to whole minutes, and to whole hours where rollups tell no minutes any more.
 * Throws Unavailable when Postgres is away or too slow.
 */
export async function readSlowSpans(pool: Pool, question: SlowQuestion) {
  return readTogether(pool, 'slow spans', async (reading) => {
    const minutesSinceMs = await readMinutesSince(reading)
    const window = widen(question.window, minutesSinceMs)
    const { tenant, service, module, operation, thresholdMs, limit } = question
    const rows = await reading.ask<MeasuredRow>({
      text: SLOW_SQL,
      values: [
        iso(window.sinceMs),
        iso(window.untilMs),
        minutesSinceMs === null ? 'infinity' : iso(minutesSinceMs),
        ...[tenant, service, module, operation],
        String(BigInt(Math.round(thresholdMs * NS_PER_MS))),
        limit,
      ],
    })
    return { window, spans: rows.map(decodeMeasured) }
  })
}

async function readMinutesSince(reading: Reading): Promise<number | null> {
  const [row] = await reading.ask<{ since_ms: string | null }>({ text: MINUTES_SQL, values: [] })
  const sinceMs = row?.since_ms ?? null
  return sinceMs === null ? null : Number(sinceMs)
}

function widen({ sinceMs, untilMs }: SlowQuestion['window'], minutesSinceMs: number | null) {
  const unitAt = (ms: number) =>
    minutesSinceMs !== null && ms < minutesSinceMs ? HOUR_MS : MINUTE_MS
  const [first, last] = [unitAt(sinceMs), unitAt(untilMs)]
  return {
    sinceMs: Math.floor(sinceMs / first) * first,
    untilMs: Math.ceil(untilMs / last) * last,
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

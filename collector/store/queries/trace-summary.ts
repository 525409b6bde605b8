import type { Pool } from 'pg'
import { IS_FAILED } from './failed'
import { read } from './read'
import { formatUnixNano } from './stored'

const NS_PER_MS = 1e6
/** Spans of a trace that are looked at. */
export const MAX_SUMMED_SPANS = 10_000

const START_NS =
  '(extract(epoch from span.start_time) * 1000000)::bigint * 1000 + coalesce(span.start_ns, 0)'
const END_NS =
  '(extract(epoch from span.end_time) * 1000000)::bigint * 1000 + coalesce(span.end_ns, 0)'
const ROOT = '(where span.parent_span_id is null)'

/** How much earlier or later than the span that is known the others of a trace are looked for: that takes few partitions. */
const LONGEST_TRACE_US = 86_400_000_000n

/**
 * The traces $1: what their spans of the tenant $2, or any, that began from $4 to $5 add up to, $3 of them at most. The times
 * are the same for all traces: by those of each, Postgres would go through the whole BRIN index of a day for every one.
 */
const SUMMARY_SQL = `
with found as (
  select * from unnest($1::uuid[]) with ordinality as found (trace_id, position)
)
select count(*) as span_count, count(*) filter (where ${IS_FAILED}) as error_count,
  min(${START_NS}) as start_ns, max(${END_NS}) as end_ns,
  array_agg(distinct coalesce(service.name, '')) as services,
  (array_agg(coalesce(service.name, '') order by span.start_time, span.start_ns) filter ${ROOT})[1] as root_service,
  (array_agg(coalesce(span.name, operation.name, '') order by span.start_time, span.start_ns) filter ${ROOT})[1] as root_name
from found cross join lateral (
  select span.* from sidelight.span as span
  where span.trace_id = found.trace_id
    and span.start_time >= $4::timestamptz and span.start_time <= $5::timestamptz
    and ($2::text is null or span.service_id in (select id from sidelight.service where tenant = $2))
  limit $3
) as span
left join sidelight.service on service.id = span.service_id
left join sidelight.operation on operation.id = span.operation_id
group by found.position
order by found.position`

interface SummaryRow {
  readonly span_count: string
  readonly error_count: string
  readonly start_ns: string
  readonly end_ns: string | null
  readonly services: string[]
  readonly root_service: string | null
  readonly root_name: string | null
}

/** A span of the trace to sum up. */
export interface TraceMember {
  readonly trace_id: string
  readonly time_us: string
}

/** What the spans of each trace add up to, in the order given. Throws Unavailable when Postgres is away or too slow. */
export async function readSummaries(
  pool: Pool,
  members: readonly TraceMember[],
  tenant: string | null,
) {
  if (members.length === 0) return []
  const times = members.map((member) => BigInt(member.time_us))
  const rows = await read<SummaryRow>(pool, {
    what: 'the traces found',
    text: SUMMARY_SQL,
    values: [
      members.map((member) => member.trace_id),
      tenant,
      MAX_SUMMED_SPANS,
      formatMicros(least(times) - LONGEST_TRACE_US),
      formatMicros(-least(times.map((time) => -time)) + LONGEST_TRACE_US),
    ],
  })
  return rows.map((row, at) => ({
    traceId: members[at]!.trace_id.replaceAll('-', ''),
    rootService: row.root_service,
    rootName: row.root_name,
    startTime: formatUnixNano(BigInt(row.start_ns)),
    durationMs: durationOf(row),
    spanCount: Number(row.span_count),
    errorCount: Number(row.error_count),
    services: row.services,
  }))
}

function least(times: readonly bigint[]): bigint {
  return times.reduce((least, time) => (time < least ? time : least))
}

function formatMicros(us: bigint): string {
  return formatUnixNano(us * 1_000n)
}

function durationOf({ start_ns: startNs, end_ns: endNs }: SummaryRow): number | null {
  if (endNs === null || BigInt(endNs) < BigInt(startNs)) return null
  return Number(BigInt(endNs) - BigInt(startNs)) / NS_PER_MS
}

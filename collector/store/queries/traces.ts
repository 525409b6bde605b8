import type { Pool } from 'pg'
import { readFewer } from './answer-size'
import { readTraceLogs } from './logs'
import { noneDecoded } from './origin'
import { read } from './read'
import { readSlowTraces } from './slow-traces'
import { decodeSpan, SPAN_COLUMNS, type SpanRow } from './span'
import type { TraceFilter } from './trace-filter'
import { readTraceStatistics } from './trace-statistics'

/**
 * The earliest $3 spans that fulfil a condition on $1, of the tenant $2 or any. The dictionaries are joined after the limit,
 * so that only spans in the answer pay for them.
 */
export function earliestSpans(condition: string): string {
  return `
with found as (
  select span.* from sidelight.span
  where ${condition}
    and ($2::text is null or span.service_id in (select id from sidelight.service where tenant = $2))
  order by span.start_time, span.start_ns nulls first, span.span_id
  limit $3
)
select ${SPAN_COLUMNS}
from found as span
left join sidelight.service on service.id = span.service_id
left join sidelight.operation on operation.id = span.operation_id
left join sidelight.resource on resource.id = span.resource_id
left join sidelight.scope on scope.id = span.scope_id
order by span.start_time, span.start_ns nulls first, span.span_id`
}

const TRACE_SQL = earliestSpans('span.trace_id = $1::uuid')

/** The questions about traces, asked of `pool`. Each throws Unavailable when Postgres is away or too slow. */
export function createTraceQueries(pool: Pool) {
  return {
    readTrace: (question: Parameters<typeof readTrace>[1]) => readTrace(pool, question),
    readSlowTraces: (question: Parameters<typeof readSlowTraces>[1]) =>
      readSlowTraces(pool, question),
    readTraceStatistics: (filter: TraceFilter) => readTraceStatistics(pool, filter),
  }
}

/**
 * The earliest `maxSpans` spans of a trace and as many log records, in order of time, fewer where they are very large; none
 * when it is unknown. `traceId` as Postgres reads a uuid.
 */
export async function readTrace(
  pool: Pool,
  question: {
    readonly traceId: string
    readonly tenant: string | null
    readonly maxSpans: number
  },
) {
  const { traceId, tenant, maxSpans } = question
  const [{ rows, isTruncated }, found] = await Promise.all([
    readFewer(maxSpans, async (limit) => {
      const values = [traceId, tenant, limit + 1]
      const rows = await read<SpanRow>(pool, { what: 'the trace', text: TRACE_SQL, values })
      return { rows: rows.slice(0, limit), isTruncated: rows.length > limit }
    }),
    readTraceLogs(pool, { traceId, tenant, limit: maxSpans }),
  ])
  const decoded = noneDecoded()
  return {
    spans: rows.map((row) => decodeSpan(row, decoded)),
    isTruncated,
    logs: found.logs,
    isLogsTruncated: found.next !== null,
  }
}

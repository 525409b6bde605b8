import type { Pool } from 'pg'
import { readTraceLogs } from './logs'
import { read } from './read'
import { noneDecoded } from './origin'
import { decodeSpan, moduleOf, ownModule, SPAN_COLUMNS, type SpanRow } from './span'
import { formatUnixNano, spanIdHex, unixNanoOf } from './stored'
import { kindName, statusName } from './names'

const NS_PER_MS = 1e6

/** Which spans count as requests: SERVER and CONSUMER, and INTERNAL roots; a kind left unspecified means INTERNAL (OTLP). */
const IS_REQUEST = `(span.kind in (2, 5) or (span.kind in (0, 1) and span.parent_span_id is null))`

/** Failed: status ERROR, or a SERVER span with an HTTP status from 500 on, in the attribute's present or former name. */
const IS_FAILED = `(span.status = 2 or (span.kind = 2 and coalesce(
  span.attributes ->> 'http.response.status_code', span.attributes ->> 'http.status_code') ~ '^[5-9][0-9][0-9]$'))`

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

/** $1 to $5 everywhere: since, until, tenant, service, module. */
const IN_WINDOW = `
  span.start_time >= $1::timestamptz and span.start_time < $2::timestamptz
  and (($3::text is null and $4::text is null) or span.service_id in (
    select id from sidelight.service
    where ($3::text is null or tenant = $3) and ($4::text is null or name = $4)))
  and ($5::text is null
    or span.operation_id in (select id from sidelight.operation where module = $5)
    or (span.name is not null and span.operation_id in (select id from sidelight.operation where module = '')
      and ${ownModule(`span.attributes -> 'module'`, '(select name from sidelight.scope where id = span.scope_id)')} = $5))`

const SLOW_SQL = `
with slowest as (
  select distinct on (span.trace_id)
    span.trace_id, span.span_id, span.start_time, span.start_ns, span.duration_ns, span.kind, span.status, span.name,
    span.service_id, span.operation_id, span.scope_id, span.attributes -> 'module' as module
  from sidelight.span
  where ${IN_WINDOW} and ${IS_REQUEST} and span.duration_ns >= $6::bigint
  order by span.trace_id, span.duration_ns desc, span.start_time
)
select span.trace_id, span.span_id, (extract(epoch from span.start_time) * 1000000)::bigint as start_us,
  span.start_ns, span.duration_ns, span.kind, span.status,
  coalesce(span.name, operation.name, '') as name, coalesce(service.name, '') as service,
  ${moduleOf('span.module')} as module
from slowest as span
left join sidelight.service on service.id = span.service_id
left join sidelight.operation on operation.id = span.operation_id
left join sidelight.scope on scope.id = span.scope_id
order by span.duration_ns desc, span.start_time, span.trace_id
limit $7`

const STATISTICS_SQL = `
with counted as (
  select span.service_id, span.duration_ns, span.parent_span_id is null as is_root, ${IS_REQUEST} as is_request,
    ${IS_REQUEST} and ${IS_FAILED} as is_failed
  from sidelight.span
  where ${IN_WINDOW}
)
select grouping(service.name) = 1 as is_total, coalesce(service.name, '') as service,
  count(*) as spans, count(*) filter (where is_root) as roots, count(*) filter (where is_request) as requests,
  count(*) filter (where is_failed) as errors,
  avg(duration_ns) filter (where is_request)::float8 as avg_ns,
  max(duration_ns) filter (where is_request)::float8 as max_ns,
  percentile_cont(array[0.5, 0.95, 0.99]) within group (order by duration_ns) filter (where is_request) as percentiles_ns
from counted
left join sidelight.service on service.id = counted.service_id
group by grouping sets ((), (service.name))
order by is_total desc, requests desc, service`

/** What narrows a question. Unix milliseconds, `sinceMs` included, `untilMs` not; `tenant` null for all. */
export interface TraceFilter {
  readonly window: { readonly sinceMs: number; readonly untilMs: number }
  readonly service: string | null
  readonly module: string | null
  readonly tenant: string | null
}

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
 * The earliest `maxSpans` spans of a trace and as many log records, in order of time; none when it is unknown. `traceId` as
 * Postgres reads a uuid.
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
  const [rows, found] = await Promise.all([
    read<SpanRow>(pool, {
      what: 'the trace',
      text: TRACE_SQL,
      values: [traceId, tenant, maxSpans + 1],
    }),
    readTraceLogs(pool, { traceId, tenant, limit: maxSpans }),
  ])
  const decoded = noneDecoded()
  const spans = rows.slice(0, maxSpans).map((row) => decodeSpan(row, decoded))
  return {
    spans,
    isTruncated: rows.length > maxSpans,
    logs: found.logs,
    isLogsTruncated: found.next !== null,
  }
}

interface SlowRow {
  readonly trace_id: string
  readonly span_id: string
  readonly start_us: string
  readonly start_ns: number | null
  readonly duration_ns: string
  readonly kind: number
  readonly status: number
  readonly name: string
  readonly service: string
  readonly module: string
}

/** The requests of the window that took `thresholdMs` or longer, slowest first, one a trace. */
export async function readSlowTraces(
  pool: Pool,
  question: TraceFilter & { readonly thresholdMs: number; readonly limit: number },
) {
  const thresholdNs = String(BigInt(Math.round(question.thresholdMs * NS_PER_MS)))
  const rows = await read<SlowRow>(pool, {
    what: 'slow traces',
    text: SLOW_SQL,
    values: [...filterValues(question), thresholdNs, question.limit],
  })
  return rows.map((row) => ({
    traceId: row.trace_id.replaceAll('-', ''),
    spanId: spanIdHex(row.span_id),
    service: row.service,
    module: row.module,
    name: row.name,
    kind: kindName(row.kind),
    status: statusName(row.status),
    startTime: formatUnixNano(unixNanoOf(row.start_us, row.start_ns)),
    durationMs: Number(row.duration_ns) / NS_PER_MS,
  }))
}

interface StatisticsRow {
  readonly is_total: boolean
  readonly service: string
  readonly spans: string
  readonly roots: string
  readonly requests: string
  readonly errors: string
  readonly avg_ns: number | null
  readonly max_ns: number | null
  readonly percentiles_ns: readonly number[] | null
}

/** Counts and durations of the window's requests, in all and a service each. A span belongs to the window in which it starts. */
export async function readTraceStatistics(pool: Pool, filter: TraceFilter) {
  const rows = await read<StatisticsRow>(pool, {
    what: 'trace statistics',
    text: STATISTICS_SQL,
    values: filterValues(filter),
  })
  const [total, ...services] = rows
  if (!total) throw new Error('cannot read trace statistics: no total among the rows')
  return {
    ...figuresOf(total),
    traceCount: Number(total.roots),
    byService: services.map((row) => ({ service: row.service, ...figuresOf(row) })),
  }
}

function figuresOf(row: StatisticsRow) {
  const [requests, errors] = [Number(row.requests), Number(row.errors)]
  const [p50 = null, p95 = null, p99 = null] = row.percentiles_ns ?? []
  return {
    requestCount: requests,
    spanCount: Number(row.spans),
    errorCount: errors,
    errorRate: requests === 0 ? null : (100 * errors) / requests,
    durationMs: {
      avg: toMs(row.avg_ns),
      p50: toMs(p50),
      p95: toMs(p95),
      p99: toMs(p99),
      max: toMs(row.max_ns),
    },
  }
}

function toMs(ns: number | null): number | null {
  return ns === null ? null : ns / NS_PER_MS
}

function filterValues({ window, tenant, service, module }: TraceFilter) {
  const iso = (ms: number) => new Date(ms).toISOString()
  return [iso(window.sinceMs), iso(window.untilMs), tenant, service, module]
}

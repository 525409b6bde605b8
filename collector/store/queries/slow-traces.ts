import type { Pool } from 'pg'
import { readClockMs } from '../clock'
import { coverFinest, type Coverage } from './figure/coverage'
import { selectIds } from './figure/selection'
import { among, isDelta, isFolded, type Narrowing } from './figure/statement'
import { kindName, statusName } from './names'
import { readTogether, type Reading } from './read'
import { moduleOf } from './span'
import { formatUnixNano, spanIdHex, unixNanoOf } from './stored'
import type { TraceFilter } from './trace-filter'

const NS_PER_MS = 1e6
/** So many of the slowest traces are thought of, so many looked up at once. */
const MAX_CANDIDATES = 10_000
const MIN_BATCH = 100

/** Which spans count as requests: SERVER and CONSUMER, and INTERNAL roots; a kind left unspecified means INTERNAL (OTLP). */
const IS_REQUEST = `(span.kind in (2, 5) or (span.kind in (0, 1) and span.parent_span_id is null))`

type SlowQuestion = TraceFilter & { readonly thresholdMs: number; readonly limit: number }

/**
 * The requests of the window that took `thresholdMs` or longer, slowest first, one a trace: of each operation the slowest
 * one of every minute, or hour where minutes are not kept. What is not stored any more is passed over.
 */
export async function readSlowTraces(pool: Pool, question: SlowQuestion) {
  return readTogether(pool, 'slow traces', async (reading) => {
    const coverage = coverFinest(question.window, await readClockMs(reading.client))
    const narrowing = await selectIds(reading, { ...question, operation: null })
    const thresholdNs = String(BigInt(Math.round(question.thresholdMs * NS_PER_MS)))
    const candidates = await selectCandidates(reading, coverage, narrowing, thresholdNs)
    const batch = Math.max(question.limit, MIN_BATCH)
    const found: SlowRow[] = []
    for (let at = 0; at < candidates.length && found.length < question.limit; at += batch) {
      const some = candidates.slice(at, at + batch)
      found.push(...(await selectSpans(reading, coverage, narrowing, thresholdNs, some)))
    }
    return found.slice(0, question.limit).map(decode)
  })
}

interface Candidate {
  readonly trace_id: string
  readonly ns: number
}

async function selectCandidates(
  { ask }: Reading,
  coverage: Coverage,
  narrowing: Narrowing | null,
  thresholdNs: string,
): Promise<Candidate[]> {
  const text = `
    select slowest_trace_id as trace_id, max(duration_max_ns)::float8 as ns from sidelight.span_rollup
    where (${isDelta(coverage)} or ${isFolded(coverage)}) and is_request${among(narrowing)}
      and duration_max_ns >= $1::bigint and slowest_trace_id is not null
    group by 1 order by max(duration_max_ns) desc limit ${MAX_CANDIDATES}`
  return ask<Candidate>({ text, values: [thresholdNs] })
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

/** $1 to $5: trace ids, threshold, since, until, and when the longest one may have begun. */
async function selectSpans(
  { ask }: Reading,
  { window }: Coverage,
  narrowing: Narrowing | null,
  thresholdNs: string,
  candidates: readonly Candidate[],
): Promise<SlowRow[]> {
  const text = `
    with slowest as (
      select distinct on (span.trace_id)
        span.trace_id, span.span_id, span.start_time, span.start_ns, span.duration_ns, span.kind, span.status, span.name,
        span.service_id, span.operation_id, span.scope_id, span.attributes -> 'module' as module
      from sidelight.span
      where span.trace_id = any($1::uuid[]) and span.duration_ns >= $2::bigint and ${IS_REQUEST}${among(narrowing)}
        and span.end_time >= $3::timestamptz and span.end_time < $4::timestamptz
        and span.start_time >= $5::timestamptz and span.start_time < $4::timestamptz
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
    order by span.duration_ns desc, span.start_time, span.trace_id`
  const longestMs = Math.ceil(Math.max(...candidates.map(({ ns }) => ns)) / NS_PER_MS)
  const iso = (ms: number) => new Date(Math.max(0, ms)).toISOString()
  return ask<SlowRow>({
    text,
    values: [
      candidates.map(({ trace_id }) => trace_id),
      thresholdNs,
      iso(window.sinceMs),
      iso(window.untilMs),
      iso(window.sinceMs - longestMs - 1),
    ],
  })
}

function decode(row: SlowRow) {
  return {
    traceId: row.trace_id.replaceAll('-', ''),
    spanId: spanIdHex(row.span_id),
    service: row.service,
    module: row.module,
    name: row.name,
    kind: kindName(row.kind),
    status: statusName(row.status),
    startTime: formatUnixNano(unixNanoOf(row.start_us, row.start_ns)),
    durationMs: Number(row.duration_ns) / NS_PER_MS,
  }
}

import type { Pool } from 'pg'
import {
  decodeFound,
  decodeMeasured,
  MEASURED,
  type FoundRow,
  type MeasuredRow,
} from './found-span'
import { readTogether, STATEMENT_TIMEOUT_MS, type Reading } from './read'
import { positionOf, searchSlices, sliceOf, type Position, type Slice } from './slices'
import { readSlowSpans, type SlowQuestion } from './slow-spans'
import type { SpanFilter } from './span-filter'
import { newerStatement, spanStatement } from './span-statement'
import { readSummaries } from './trace-summary'

/** How many matching spans a trace is expected to have, and how many are read at once at most. */
const SPANS_A_TRACE = 4
const MAX_BATCH = 10_000

/** A page of spans, or of traces with such a span, newest first. */
export interface SearchQuestion {
  readonly filter: SpanFilter
  /** Unix milliseconds, `sinceMs` included, `untilMs` not. */
  readonly window: { readonly sinceMs: number; readonly untilMs: number }
  readonly limit: number
  /** Null for the first page. */
  readonly after: Position | null
}

/** The questions that search spans, asked of `pool`. Each throws Unavailable when Postgres is away or too slow. */
export function createSearchQueries(pool: Pool) {
  return {
    searchTraces: (question: SearchQuestion) => searchTraces(pool, question),
    searchSpans: (question: SearchQuestion) => searchSpans(pool, question),
    readSlowSpans: (question: SlowQuestion) => readSlowSpans(pool, question),
  }
}

/**
 * One page of spans, looked for in slices as log records are (`readLogs`): `next` is where to go on, null at the end, and
 * `searchedToUs` how far it came.
 */
export async function searchSpans(
  pool: Pool,
  question: SearchQuestion,
  timeoutMs = STATEMENT_TIMEOUT_MS,
) {
  const { rows, ...rest } = await readTogether(
    pool,
    'spans',
    (reading) =>
      searchSlices(newestFirst(question), (slice, limit) =>
        reading.ask<MeasuredRow>(spanStatement({ ...question, slice, limit }, [MEASURED])),
      ),
    timeoutMs,
  )
  return { ...rest, spans: rows.map(decodeMeasured) }
}

/**
 * One page of traces, each with its newest span of those looked for, which gives it its place in the order. What arrives
 * between two pages and is newer belongs to pages already read, and its trace with it.
 */
export async function searchTraces(
  pool: Pool,
  question: SearchQuestion,
  timeoutMs = STATEMENT_TIMEOUT_MS,
) {
  const { rows, ...rest } = await readTogether(
    pool,
    'traces',
    (reading) => searchSlices(newestFirst(question), traceFinder(reading, question)),
    timeoutMs,
  )
  const summaries = await readSummaries(pool, rows, question.filter.tenant)
  const traces = summaries.map((summary, at) => ({ ...summary, span: decodeFound(rows[at]!) }))
  return { ...rest, traces }
}

function newestFirst({ window, limit, after }: SearchQuestion) {
  return { window: sliceOf(window), order: 'desc' as const, limit, after }
}

/** Finds the newest span of each trace of a slice that neither a slice nor a page before had. */
function traceFinder(reading: Reading, { filter, window, after: page }: SearchQuestion) {
  const known = new Set<string>()
  const { toUs } = sliceOf(window)
  const onPagesBefore = async (traceIds: readonly string[]) => {
    if (page === null || traceIds.length === 0) return []
    const before = { filter, slice: { fromUs: page.timeUs, toUs }, after: page, limit: 0 }
    return reading.ask<{ trace_id: string }>(newerStatement(before, traceIds))
  }
  return async (slice: Slice, limit: number): Promise<FoundRow[]> => {
    const found: FoundRow[] = []
    let after = page
    let batch = Math.min(MAX_BATCH, limit * SPANS_A_TRACE)
    while (found.length < limit) {
      const rows = await reading.ask<FoundRow>(
        spanStatement({ filter, slice, after, limit: batch }),
      )
      const fresh = rows.filter(({ trace_id: id }) => !known.has(id) && known.add(id))
      const repeated = await onPagesBefore(fresh.map(({ trace_id: id }) => id))
      const repeats = new Set(repeated.map(({ trace_id: id }) => id))
      found.push(...fresh.filter(({ trace_id: id }) => !repeats.has(id)))
      const last = rows.at(-1)
      if (rows.length < batch || last === undefined) break
      after = positionOf(last)
      batch = Math.min(MAX_BATCH, batch * 2)
    }
    return found.slice(0, limit)
  }
}

import type { Pool } from 'pg'
import { readFewer } from './answer-size'
import { decodeLog, type LogRow } from './log'
import { EVERYTHING, type LogFilter } from './log-filter'
import { logStatement } from './log-statement'
import { noneDecoded } from './origin'
import { readTogether, STATEMENT_TIMEOUT_MS, type Reading } from './read'
import {
  cut,
  searchSlices,
  sliceOf,
  type Found,
  type Order,
  type Position,
  type Slice,
} from './slices'

/** A page of log records to read. */
export interface LogQuestion {
  readonly filter: LogFilter
  /** Unix milliseconds, `sinceMs` included, `untilMs` not; null for all time, which only a trace id can bear. */
  readonly window: { readonly sinceMs: number; readonly untilMs: number } | null
  readonly order: Order
  readonly limit: number
  /** Null for the first page. */
  readonly after: Position | null
}

/** The questions about log records, asked of `pool`. A page of very large records is shorter than its limit. */
export function createLogQueries(pool: Pool) {
  return {
    readLogs: (question: LogQuestion) =>
      readFewer(question.limit, (limit) => readLogs(pool, { ...question, limit })),
  }
}

/**
 * One page of log records in order of time. A window is looked through in slices that grow, until the limit is filled or
 * the time is over: `next` is where to go on, null at the end, and `searchedToUs` how far it came; null for the records
 * of a trace, which an index finds. Throws Unavailable when Postgres is away or even the first slice takes too long.
 */
export async function readLogs(
  pool: Pool,
  question: LogQuestion,
  timeoutMs = STATEMENT_TIMEOUT_MS,
) {
  const { window, filter } = question
  const slice = window === null ? null : sliceOf(window)
  const { rows, ...rest } = await readTogether(
    pool,
    'log records',
    (reading) =>
      slice === null || filter.traceId !== null
        ? readAtOnce(reading, question, slice)
        : searchSlices({ ...question, window: slice }, (part, limit) =>
            reading.ask<LogRow>(logStatement({ ...question, slice: part, limit })),
          ),
    timeoutMs,
  )
  const decoded = noneDecoded()
  return { ...rest, logs: rows.map((row) => decodeLog(row, decoded)) }
}

/** The earliest records of a trace, fewer where they are very large. */
export async function readTraceLogs(
  pool: Pool,
  {
    traceId,
    tenant,
    limit,
  }: { readonly traceId: string; readonly tenant: string | null; readonly limit: number },
) {
  const filter = { ...EVERYTHING, traceId, tenant }
  return readFewer(limit, (fewer) =>
    readLogs(pool, { filter, window: null, order: 'asc', limit: fewer, after: null }),
  )
}

async function readAtOnce(
  reading: Reading,
  { filter, order, after, limit }: LogQuestion,
  slice: Slice | null,
): Promise<Found<LogRow>> {
  const search = { filter, slice, order, after, limit: limit + 1 }
  const rows = await reading.ask<LogRow>(logStatement(search))
  return { ...cut(rows, limit, rows.length > limit), searchedToUs: null }
}

import type { Pool } from 'pg'
import { decodeLog, type LogRow, type Order } from './log'
import { EVERYTHING, type LogFilter } from './log-filter'
import { logStatement, type LogPosition, type Slice } from './log-statement'
import { noneDecoded } from './origin'
import { isOutOfTime, readTogether, STATEMENT_TIMEOUT_MS, type Reading } from './read'

/** The first slice, and how many times as long the next one is after one that was quick. */
const FIRST_SLICE_US = 60_000_000n
const GROWTH = 4n
const QUICK_MS = 100

/** A page of log records to read. */
export interface LogQuestion {
  readonly filter: LogFilter
  /** Unix milliseconds, `sinceMs` included, `untilMs` not; null for all time, which only a trace id can bear. */
  readonly window: { readonly sinceMs: number; readonly untilMs: number } | null
  readonly order: Order
  readonly limit: number
  /** Null for the first page. */
  readonly after: LogPosition | null
}

/** The questions about log records, asked of `pool`. */
export function createLogQueries(pool: Pool) {
  return { readLogs: (question: LogQuestion) => readLogs(pool, question) }
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
        : searchSlices(reading, question, slice),
    timeoutMs,
  )
  const decoded = noneDecoded()
  return { ...rest, logs: rows.map((row) => decodeLog(row, decoded)) }
}

/** The earliest records of a trace. */
export async function readTraceLogs(
  pool: Pool,
  {
    traceId,
    tenant,
    limit,
  }: { readonly traceId: string; readonly tenant: string | null; readonly limit: number },
) {
  const filter = { ...EVERYTHING, traceId, tenant }
  return readLogs(pool, { filter, window: null, order: 'asc', limit, after: null })
}

interface Found {
  readonly rows: readonly LogRow[]
  readonly next: LogPosition | null
  readonly searchedToUs: bigint | null
}

async function readAtOnce(
  reading: Reading,
  { filter, order, after, limit }: LogQuestion,
  slice: Slice | null,
): Promise<Found> {
  const search = { filter, slice, order, after, limit: limit + 1 }
  const rows = await reading.ask<LogRow>(logStatement(search))
  return { ...cut(rows, limit, rows.length > limit), searchedToUs: null }
}

async function searchSlices(
  reading: Reading,
  { filter, order, after, limit }: LogQuestion,
  window: Slice,
): Promise<Found> {
  const rows: LogRow[] = []
  let rest = restOf(window, order, after)
  let searchedToUs: bigint | null = null
  let lengthUs = FIRST_SLICE_US
  while (rest.fromUs < rest.toUs && rows.length < limit) {
    const [slice, remainder] = split(rest, order, lengthUs)
    const search = { filter, slice, order, after, limit: limit + 1 - rows.length }
    const startedAt = performance.now()
    try {
      rows.push(...(await reading.ask<LogRow>(logStatement(search))))
    } catch (error) {
      if (searchedToUs === null || !isOutOfTime(error)) throw error
      return { rows, next: edgeAt(searchedToUs), searchedToUs }
    }
    rest = remainder
    searchedToUs = order === 'desc' ? slice.fromUs : slice.toUs
    if (performance.now() - startedAt < QUICK_MS) lengthUs *= GROWTH
  }
  const page = cut(rows, limit, rows.length > limit || rest.fromUs < rest.toUs)
  const endUs = order === 'desc' ? window.fromUs : window.toUs
  return { ...page, searchedToUs: page.next?.timeUs ?? endUs }
}

/** The first `limit` rows, and where to go on when there may be more. */
function cut(rows: readonly LogRow[], limit: number, hasMore: boolean) {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: hasMore && last !== undefined ? positionOf(last) : null }
}

function positionOf({ time_us, time_ns, place }: LogRow): LogPosition {
  return { timeUs: BigInt(time_us), restNs: time_ns ?? -1, place }
}

/** Behind everything before the time, before everything from it on: the same place in either order. */
function edgeAt(timeUs: bigint): LogPosition {
  return { timeUs, restNs: -2, place: '(0,0)' }
}

function sliceOf({ sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number }) {
  return { fromUs: BigInt(sinceMs) * 1000n, toUs: BigInt(untilMs) * 1000n }
}

/** What of the window lies behind a position; the record there may share its microsecond with others. */
function restOf(window: Slice, order: Order, after: LogPosition | null): Slice {
  if (after === null) return window
  const { fromUs, toUs } = window
  return order === 'desc'
    ? { fromUs, toUs: after.timeUs < toUs ? after.timeUs + 1n : toUs }
    : { fromUs: after.timeUs > fromUs ? after.timeUs : fromUs, toUs }
}

/** Cuts off what comes first in the order, `lengthUs` long; the rest comes second. */
function split({ fromUs, toUs }: Slice, order: Order, lengthUs: bigint): [Slice, Slice] {
  if (toUs - fromUs <= lengthUs)
    return [
      { fromUs, toUs },
      { fromUs: toUs, toUs },
    ]
  const edgeUs = order === 'desc' ? toUs - lengthUs : fromUs + lengthUs
  const [earlier, later] = [
    { fromUs, toUs: edgeUs },
    { fromUs: edgeUs, toUs },
  ]
  return order === 'desc' ? [later, earlier] : [earlier, later]
}

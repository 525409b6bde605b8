import type { Pool } from 'pg'
import { EVERY_SPAN } from '../../collector/api/routes/search'
import type { SpanFilter } from '../../collector/api/search-contract'
import { createSearchQueries, type SearchQuestion } from '../../collector/store/queries/search'
import type { SeedSpan } from './seed'

export const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-03-01T12:00:00Z')
/** The day, and the month, before noon of 1 March. */
export const DAY = { sinceMs: NOON_MS - DAY_MS, untilMs: NOON_MS }
export const MONTH = { sinceMs: NOON_MS - 30 * DAY_MS, untilMs: NOON_MS }
export const trace = (n: number) => n.toString(16).padStart(32, '0')
export const id = (n: number) => n.toString(16).padStart(16, '0')

/** A request of two services, an own operation among them, one of another tenant, and one of weeks ago. */
export const SPANS: SeedSpan[] = [
  { traceId: trace(1), spanId: id(1), start: '2026-03-01T11:00:00Z', durationMs: 500 },
  {
    traceId: trace(1),
    spanId: id(2),
    parentSpanId: id(1),
    service: 2n,
    start: '2026-03-01T11:00:00.1Z',
    durationMs: 300,
    status: 2,
    attributes: '{"order.id": 7, "region": "EU", "http.response.status_code": 200}',
  },
  {
    traceId: trace(2),
    spanId: id(3),
    start: '2026-03-01T10:00:00Z',
    kind: 1,
    name: 'nightly Import_job',
    durationMs: 2000,
    attributes: '{"module": "jobs", "order.id": "7"}',
    status: 1,
  },
  { traceId: trace(3), spanId: id(4), service: 3n, start: '2026-03-01T09:00:00Z' },
  {
    traceId: trace(4),
    spanId: id(5),
    start: '2026-02-28T13:00:00Z',
    kind: 0,
    durationMs: null,
    attributes: '{"http.response.status_code": 503}',
  },
  { traceId: trace(5), spanId: id(6), start: '2026-02-03T13:00:00Z' },
]

/** The newest hundred of the day, unless told otherwise. */
export function asked(filter: Partial<SpanFilter>, question: Partial<SearchQuestion> = {}) {
  const whole = { ...EVERY_SPAN, ...filter }
  return { filter: whole, window: DAY, limit: 100, after: null, ...question }
}

/** The traces found, by number. */
export async function traces(
  pool: Pool,
  filter: Partial<SpanFilter>,
  question?: Partial<SearchQuestion>,
): Promise<number[]> {
  const { traces } = await createSearchQueries(pool).searchTraces(asked(filter, question))
  return traces.map(({ traceId }) => parseInt(traceId, 16))
}

/** The spans found, by number. */
export async function spans(pool: Pool, filter: Partial<SpanFilter>): Promise<number[]> {
  const { spans } = await createSearchQueries(pool).searchSpans(asked(filter))
  return spans.map(({ spanId }) => parseInt(spanId, 16))
}

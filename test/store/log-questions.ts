import type { Pool } from 'pg'
import { EVERYTHING, type LogFilter } from '../../collector/store/queries/log-filter'
import { createLogQueries, type LogQuestion } from '../../collector/store/queries/logs'
import type { SeedLog } from './seed-logs'

export const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-03-01T12:00:00Z')
/** The day, and the month, before noon of 1 March. */
export const DAY = { sinceMs: NOON_MS - DAY_MS, untilMs: NOON_MS }
export const MONTH = { sinceMs: NOON_MS - 30 * DAY_MS, untilMs: NOON_MS }

const trace = (n: number) => n.toString(16).padStart(32, '0')
const id = (n: number) => n.toString(16).padStart(16, '0')

/** Seven records, newest first; the last one is older than a day. */
export const LOGS: SeedLog[] = [
  { time: '2026-03-01T11:59:00Z', body: 'newest', severity: 13, eventName: 'cart.full' },
  { time: '2026-03-01T11:30:00Z', body: '100% of Cash_Desk \'4\' "open" \\o/', service: 2n },
  { time: '2026-03-01T11:29:00Z', body: '1000 of CashXDesk', service: 3n },
  {
    time: '2026-03-01T06:00:00Z',
    bodyValue: '{"Message": "Deep", "list": [1, 2.5]}',
    attributes: '{"http.route": "/x", "code": 500, "ratio": 1.50, "cached": true, "$$own": "a"}',
    traceId: trace(1),
    spanId: id(1),
    severity: 17,
  },
  {
    time: '2026-03-01T05:00:00Z',
    body: 'Grüße aus KÖLN',
    attributes: '{"http.route": "/y", "code": "500", "cached": "true"}',
    traceId: trace(1),
    spanId: id(2),
    severity: 21,
  },
  { time: '2026-02-28T13:00:00Z', body: 'oldest of the day', service: 2n },
  { time: '2026-02-03T13:00:00Z', body: 'month', traceId: trace(1) },
]

/** The body of the fourth as it is answered. */
export const Deep = { Message: 'Deep', list: ['1', 2.5] }

/** Asks for the newest hundred of the day, unless told otherwise. */
export function ask(pool: Pool, filter: Partial<LogFilter>, question: Partial<LogQuestion> = {}) {
  return createLogQueries(pool).readLogs({
    filter: { ...EVERYTHING, ...filter },
    window: DAY,
    order: 'desc',
    limit: 100,
    after: null,
    ...question,
  })
}

/** What `ask` finds, by its bodies. */
export async function bodies(
  pool: Pool,
  filter: Partial<LogFilter>,
  question?: Partial<LogQuestion>,
) {
  return (await ask(pool, filter, question)).logs.map(({ body }) => body)
}

import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { sendLarge } from '../answer'
import type { FoundLogs, LogFilter, LogOrder, LogQueries, Window } from '../contract'
import { readCursor, writeCursor } from '../cursor'
import { problems } from '../openapi'
import {
  ASSIGNMENT,
  closedQuery,
  mustBe,
  parseAssignment,
  parseSpanId,
  parseTraceId,
} from '../parameters'
import { Logs } from '../schemas/log'
import { formatMs, resolveWindow, windowParameters } from '../window'

const PATH = '/api/v1/logs'
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const MAX_ATTRIBUTES = 16
const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
const NUMBERS_A_SEVERITY = 4
const MAX_SEVERITY = 24

/** What the route about log records needs; windows reach back `maxHours` at most. */
export interface LogRoutesParts {
  readonly queries: LogQueries
  readonly now: () => number
  readonly maxHours: number
}

/** Log records, newest first, a page at a time. */
export function logRoutes({
  queries,
  now,
  maxHours,
}: LogRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Log records, newest first, those of a trace from its beginning',
    tags: ['logs'],
    querystring: closedQuery(parameters(maxHours)),
    response: { 200: Logs, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(PATH, { schema }, async ({ query, tenant }, reply) => {
      const filter = filterOf(query, tenant)
      const order = query.order ?? (filter.traceId === null ? 'desc' : 'asc')
      const given = windowOf(query, now(), maxHours)
      const page = query.cursor === undefined ? null : readCursor({ filter, order }, query.cursor)
      if (query.cursor !== undefined && page === null) {
        throw mustBe('cursor', 'a nextCursor that the same parameters gave', query.cursor)
      }
      const window = page === null ? given : page.window
      const { limit = DEFAULT_LIMIT } = query
      const after = page?.after ?? null
      const found = await queries.readLogs({ filter, window, order, limit, after })
      const nextCursor =
        found.next === null ? null : writeCursor({ filter, order }, { window, after: found.next })
      return sendLarge(reply, { logs: found.logs, nextCursor, ...searched(found, window, order) })
    })
    done()
  }
}

function parameters(maxHours: number) {
  const some = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
  return {
    service: some('Only this service.name'),
    severity: some('This severity and worse: trace, debug, info, warn, error, fatal, or 1 to 24'),
    text: some('In the body, whatever the case; in the JSON of a body that is no string'),
    traceId: some('32 hex digits, or the same as a uuid; needs no window'),
    spanId: some('16 hex digits'),
    eventName: some('Only this event'),
    attribute: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: MAX_ATTRIBUTES,
        description:
          `${ASSIGNMENT}; may be repeated: only records with all of these attributes. A value that reads as a number or ` +
          'as true or false is found as such, too',
      }),
    ),
    ...windowParameters(maxHours),
    order: Type.Optional(
      Type.Unsafe<LogOrder>({
        type: 'string',
        enum: ['asc', 'desc'],
        description: 'By time; desc, newest first, unless traceId is given',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_LIMIT,
        default: DEFAULT_LIMIT,
        description: 'Most records to answer with',
      }),
    ),
    cursor: some('nextCursor of the page before, with the same parameters; it keeps the window'),
  }
}

type Query = Static<ReturnType<typeof closedQuery<ReturnType<typeof parameters>>>>

function filterOf(query: Query, tenant: string | null): LogFilter {
  const { service = null, text = null, eventName = null } = query
  return {
    tenant,
    service,
    minSeverity: query.severity === undefined ? null : parseSeverity(query.severity),
    text,
    traceId: query.traceId === undefined ? null : parseTraceId(query.traceId),
    spanId: query.spanId === undefined ? null : parseSpanId(query.spanId),
    eventName,
    attributes: (query.attribute ?? []).map(parseAttribute),
  }
}

/** The records of a trace are found without a window. */
function windowOf(query: Query, nowMs: number, maxHours: number): Window | null {
  const isGiven = [query.hours, query.since, query.until].some((given) => given !== undefined)
  return query.traceId === undefined || isGiven ? resolveWindow(query, nowMs, maxHours) : null
}

/** The least number of a severity: a name covers four (OpenTelemetry logs data model, Severity Fields). */
function parseSeverity(text: string): number {
  const rank = SEVERITIES.indexOf(text.toLowerCase())
  if (rank >= 0) return rank * NUMBERS_A_SEVERITY + 1
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= MAX_SEVERITY) return number
  throw mustBe('severity', `one of ${SEVERITIES.join(', ')} or a number from 1 to 24`, text)
}

function parseAttribute(text: string) {
  const assignment = parseAssignment(text)
  if (assignment === null) throw mustBe('attribute', ASSIGNMENT, text)
  return assignment
}

/** What the pages up to this one have looked through. */
function searched({ searchedToUs }: FoundLogs, window: Window | null, order: LogOrder) {
  if (window === null) return { searchedSince: null, searchedUntil: null }
  const edge = searchedToUs === null ? null : formatUs(searchedToUs)
  const [since, until] = [formatMs(window.sinceMs), formatMs(window.untilMs)]
  return order === 'desc'
    ? { searchedSince: edge ?? since, searchedUntil: until }
    : { searchedSince: since, searchedUntil: edge ?? until }
}

function formatUs(us: bigint): string {
  const rest = String(us % 1000n).padStart(3, '0')
  return formatMs(Number(us / 1000n)).replace('Z', `${rest}Z`)
}

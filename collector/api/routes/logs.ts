import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Static } from 'typebox'
import { sendLarge } from '../answer'
import type { LogFilter, LogOrder, LogQueries, Window } from '../contract'
import { problems } from '../openapi'
import { CURSOR, pageAsked, pageFound } from '../paging'
import {
  attributeParameter,
  choice,
  questionQuery,
  limitParameter,
  mustBe,
  parseAttributes,
  parseSpanId,
  parseTraceId,
  someText,
} from '../parameters'
import { Logs } from '../schemas/log'
import { resolveWindow, windowParameters } from '../window'

const PATH = '/api/v1/logs'
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
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
    querystring: questionQuery(parameters(maxHours)),
    response: { 200: Logs, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(PATH, { schema }, async ({ query, tenant }, reply) => {
      const filter = filterOf(query, tenant)
      const order = query.order ?? (filter.traceId === null ? 'desc' : 'asc')
      const given = windowOf(query, now(), maxHours)
      const question = { filter, order }
      const page = pageAsked(question, query.cursor, given)
      const { limit = DEFAULT_LIMIT } = query
      const { logs, ...found } = await queries.readLogs({ ...question, ...page, limit })
      return sendLarge(reply, { logs, ...pageFound(question, page.window, found) })
    })
    done()
  }
}

function parameters(maxHours: number) {
  return {
    service: someText('Only this service.name'),
    severity: someText(
      'This severity and worse: trace, debug, info, warn, error, fatal, or 1 to 24',
    ),
    text: someText('In the body, whatever the case; in the JSON of a body that is no string'),
    traceId: someText('32 hex digits, or the same as a uuid; needs no window'),
    spanId: someText('16 hex digits'),
    eventName: someText('Only this event'),
    attribute: attributeParameter('records'),
    ...windowParameters(maxHours),
    order: choice<LogOrder>(
      ['asc', 'desc'],
      'By time; desc, newest first, unless traceId is given',
    ),
    limit: limitParameter('records', DEFAULT_LIMIT, MAX_LIMIT),
    cursor: CURSOR,
  }
}

type Query = Static<ReturnType<typeof questionQuery<ReturnType<typeof parameters>>>>

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
    attributes: parseAttributes(query.attribute),
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

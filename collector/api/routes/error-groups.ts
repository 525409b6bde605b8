import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { sendLarge } from '../answer'
import { readOrderedCursor, writeOrderedCursor } from '../cursor'
import { ERROR_ORDERS, type ErrorQueries, type ErrorTrend } from '../error-contract'
import { errorFilterOf, errorParameters } from '../error-filter'
import { describeWindow } from '../figures'
import { problems } from '../openapi'
import { CURSOR } from '../paging'
import { choice, limitParameter, mustBe, parseUuid, questionQuery, someText } from '../parameters'
import { BadParameters, type Fault } from '../problems'
import { ErrorGroups, ErrorStatistics, ErrorTrend as Trend } from '../schemas/error'
import { MINUTE_MS, resolveSteps, STEP_DESCRIPTION } from '../steps'
import { formatMs, resolveWindow, windowParameters } from '../window'

/** Where errors are asked about, and where their first users do. */
export const ERROR_PREFIX = '/api/v1/errors'
export const LEGACY_ERROR_PREFIX = '/api/admin/observability/errors'
export const ERROR_TAGS = ['errors']

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1000

/** What the routes that read errors need; windows reach back `maxHours` at most. */
export interface ErrorRoutesParts {
  readonly queries: ErrorQueries
  readonly now: () => number
  readonly maxHours: number
}

/** Groups of errors, and what they add up to, below either prefix. */
export function errorGroupRoutes(parts: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    for (const prefix of [ERROR_PREFIX, LEGACY_ERROR_PREFIX]) {
      for (const routes of [list, statistics, trend]) void app.register(routes(parts), { prefix })
    }
    done()
  }
}

function list({ queries, now, maxHours }: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Groups of errors seen in a window, a page at a time',
    tags: ERROR_TAGS,
    querystring: questionQuery({
      ...errorParameters(),
      ...windowParameters(maxHours),
      order: choice(ERROR_ORDERS, 'The latest, or the most, first; last_seen by default'),
      limit: limitParameter('groups', DEFAULT_LIMIT, MAX_LIMIT),
      cursor: CURSOR,
    }),
    response: { 200: ErrorGroups, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get('', { schema }, async ({ query, tenant }, reply) => {
      const { order = 'last_seen', limit = DEFAULT_LIMIT, cursor } = query
      const filter = errorFilterOf(query, tenant)
      const given = resolveWindow(query, now(), maxHours)
      const question = { filter, order }
      const page = cursor === undefined ? null : readOrderedCursor(question, cursor)
      if (cursor !== undefined && page === null) {
        throw mustBe('cursor', 'a nextCursor that the same parameters gave', cursor)
      }
      const { window, after } = page ?? { window: given, after: null }
      const found = await queries.listErrors({ ...question, window, limit, after })
      const { next } = found
      return sendLarge(reply, {
        window: describeWindow(found.window),
        errors: found.groups,
        nextCursor: next === null ? null : writeOrderedCursor(question, { window, after: next }),
      })
    })
    done()
  }
}

function statistics({ queries, now, maxHours }: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'What errors add up to: groups and throws, by class, module, service and state',
    tags: ERROR_TAGS,
    querystring: questionQuery({ ...errorParameters(), ...windowParameters(maxHours) }),
    response: { 200: ErrorStatistics, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get('/stats', { schema }, async ({ query, tenant }, reply) => {
      const filter = errorFilterOf(query, tenant)
      const asked = resolveWindow(query, now(), maxHours)
      const { window, ...sums } = await queries.readErrorStatistics({ window: asked, filter })
      return sendLarge(reply, { window: describeWindow(window), ...sums })
    })
    done()
  }
}

function trend({ queries, now, maxHours }: ErrorRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Throws over time, of all errors or of one group',
    tags: ERROR_TAGS,
    querystring: questionQuery({
      ...errorParameters(),
      ...windowParameters(maxHours),
      id: Type.Optional(Type.String({ description: 'Only throws of the group with this id' })),
      step: someText(`${STEP_DESCRIPTION}. Whole minutes`),
    }),
    response: { 200: Trend, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get('/trend', { schema }, async ({ query, tenant }, reply) => {
      const nowMs = now()
      const faults: Fault[] = []
      const asked = resolveWindow(query, nowMs, maxHours)
      const steps = resolveSteps(query.step, asked, nowMs, faults, MINUTE_MS)
      if (steps === null) throw new BadParameters(faults)
      const { sinceMs, stepMs, count } = steps
      const answer = await queries.readErrorTrend({
        window: { sinceMs, untilMs: sinceMs + count * stepMs },
        filter: errorFilterOf(query, tenant),
        groupId: query.id === undefined ? null : parseUuid('id', query.id),
        stepMs,
      })
      return sendLarge(reply, describeTrend(answer))
    })
    done()
  }
}

/** With the steps in which nothing was thrown. */
function describeTrend({ window, stepMs, steps }: ErrorTrend) {
  const known = new Map(steps.map((step) => [step.sinceMs, step]))
  const count = Math.ceil((window.untilMs - window.sinceMs) / stepMs)
  const trend = Array.from({ length: count }, (_, index) => {
    const sinceMs = window.sinceMs + index * stepMs
    const { occurrenceCount = 0, severeCount = 0, groupCount = 0 } = known.get(sinceMs) ?? {}
    return { time: formatMs(sinceMs), occurrenceCount, severeCount, groupCount }
  })
  return { window: describeWindow(window), stepSeconds: stepMs / 1000, trend }
}

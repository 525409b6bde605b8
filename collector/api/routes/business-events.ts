import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { sendLarge } from '../answer'
import { describeBusinessEvent, describeBusinessSeries, USER_ATTRIBUTES } from '../business'
import { BUSINESS_STATUSES, type BusinessQueries, type BusinessStatus } from '../business-contract'
import { problems } from '../openapi'
import { CURSOR, pageAsked, pageFound } from '../paging'
import { choice, limitParameter, questionQuery, someText } from '../parameters'
import { BadParameters, type Fault } from '../problems'
import { BusinessEvents, BusinessSeries } from '../schemas/business'
import { MINUTE_MS, resolveSteps, STEP_DESCRIPTION } from '../steps'
import { resolveWindow, windowParameters } from '../window'

const PATH = '/api/v1/business-events'
const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const DEFAULT_SERIES = 50
const MAX_SERIES = 500
const MAX_VALUES = 200_000
const HOUR_MS = 60 * MINUTE_MS
/** Up to so long windows have steps of minutes when nothing is said. */
const SHORT_MS = 6 * HOUR_MS

const tags = ['business']

/** What the routes about business events need; windows reach back `maxHours` at most, those of single events `maxEventHours`. */
export interface BusinessRoutesParts {
  readonly queries: Pick<BusinessQueries, 'listBusinessEvents' | 'readBusinessSeries'>
  /** The attributes whose values are correlation ids. */
  readonly attributes: readonly string[]
  readonly now: () => number
  readonly maxHours: number
  readonly maxEventHours: number
}

/** Business events, one by one and over time. */
export function businessRoutes(parts: BusinessRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    void app.register(events(parts))
    void app.register(series(parts))
    done()
  }
}

function events({
  queries,
  attributes,
  now,
  maxEventHours,
}: BusinessRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Business events, newest first, a page at a time',
    tags,
    querystring: questionQuery({
      ...filterParameters(maxEventHours),
      user: someText('Only those of this user'),
      correlationId: someText('Only those with this correlation or request id'),
      limit: limitParameter('events', DEFAULT_LIMIT, MAX_LIMIT),
      cursor: CURSOR,
    }),
    response: { 200: BusinessEvents, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(PATH, { schema }, async ({ query, tenant }, reply) => {
      const { user, correlationId, limit = DEFAULT_LIMIT } = query
      const filter = filterOf(query, tenant)
      const held = [
        { keys: USER_ATTRIBUTES, value: user },
        { keys: attributes, value: correlationId },
      ].flatMap(({ keys, value }) => (value === undefined ? [] : [{ keys, value }]))
      const order = 'desc' as const
      const asked = { filter: { ...filter, user, correlationId }, order }
      const page = pageAsked(asked, query.cursor, resolveWindow(query, now(), maxEventHours))
      const question = { filter, attributes: held, limit, ...page }
      const { events, ...found } = await queries.listBusinessEvents(question)
      return sendLarge(reply, {
        events: events.map((event) => describeBusinessEvent(event, attributes)),
        ...pageFound(asked, page.window, found),
      })
    })
    done()
  }
}

function series({
  queries,
  now,
  maxHours,
  maxEventHours,
}: BusinessRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'How many business events there are, what they cost and how long they take, over time',
    tags,
    querystring: questionQuery({
      ...filterParameters(maxHours),
      step: someText(
        `${STEP_DESCRIPTION}. Whole minutes; whole hours unless one is named in windows of more than six, and where events are not kept any more`,
      ),
      limit: limitParameter('series', DEFAULT_SERIES, MAX_SERIES),
    }),
    response: { 200: BusinessSeries, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PATH}/series`, { schema }, async ({ query, tenant }, reply) => {
      const nowMs = now()
      const faults: Fault[] = []
      const asked = resolveWindow(query, nowMs, maxHours)
      const isLong = query.step === undefined && asked.untilMs - asked.sinceMs > SHORT_MS
      const isOld = asked.sinceMs < nowMs - maxEventHours * HOUR_MS
      const leastMs = isLong || isOld ? HOUR_MS : MINUTE_MS
      const steps = resolveSteps(query.step, asked, nowMs, faults, leastMs)
      const limit = query.limit ?? DEFAULT_SERIES
      if (steps !== null && steps.count * limit > MAX_VALUES) {
        const reason = `must be longer for ${limit} series: there would be more than ${MAX_VALUES} values`
        faults.push({ name: 'step', reason })
      }
      if (steps === null || faults.length > 0) throw new BadParameters(faults)
      const { sinceMs, stepMs, count } = steps
      const window = { sinceMs, untilMs: sinceMs + count * stepMs }
      const filter = filterOf(query, tenant)
      const found = await queries.readBusinessSeries({ window, stepMs, filter, limit })
      return sendLarge(reply, describeBusinessSeries(found, steps))
    })
    done()
  }
}

function filterParameters(maxHours: number) {
  return {
    ...windowParameters(maxHours),
    name: someText('Only events of this name'),
    status: choice(BUSINESS_STATUSES, 'Only events of this status'),
    service: someText('Only this service.name'),
  }
}

function filterOf(
  query: { name?: string; status?: BusinessStatus; service?: string },
  tenant: string | null,
) {
  const { name = null, status = null, service = null } = query
  return { tenant, name, status, service }
}

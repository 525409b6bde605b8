import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Objective } from '../../health/sla'
import { MINUTE_MS, VERDICT_MINUTES } from '../../health/system'
import type { ThresholdSet } from '../../health/thresholds'
import { type AlertQueries, readAlerts } from '../alerts'
import type { FigureQueries } from '../figure-contract'
import { problems } from '../openapi'
import { questionQuery, someText } from '../parameters'
import { Alerts } from '../schemas/alert'
import { ServiceHealth } from '../schemas/service-health'
import { Sla } from '../schemas/sla'
import { describeHealth, type HealthQuestion, readHealth } from '../service-health'
import { answerSla } from '../sla'
import { resolveWindow, windowParameters, type WindowParameters } from '../window'

const PREFIX = '/api/admin/observability'
const HOUR_MS = 60 * MINUTE_MS
/** Short enough for a release that fails, or is mended, to show at once. */
const HEALTH_WINDOW_MS = VERDICT_MINUTES * MINUTE_MS

const tags = ['health']

/** What services are judged by. */
export interface Monitoring {
  readonly thresholds: ThresholdSet
  readonly objective: Objective
  /** The period an SLA is told of when none is asked for. */
  readonly sloPeriodHours: number
}

/** What the routes about the health of services need; windows reach back `maxHours` at most. */
export interface ServiceHealthParts {
  readonly queries: FigureQueries & AlertQueries
  readonly monitoring: Monitoring
  readonly now: () => number
  readonly maxHours: number
}

/** How healthy the services are, which limits are passed, and how what is promised is kept. */
export function serviceHealthRoutes(parts: ServiceHealthParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    for (const routes of [wholeHealth, moduleHealth, alerts, sla]) void app.register(routes(parts))
    done()
  }
}

function wholeHealth(parts: ServiceHealthParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Whether the services are healthy, in all and each, and why not',
    tags,
    querystring: questionQuery(healthParameters(parts)),
    response: { 200: ServiceHealth, ...problems(400, 401, 403, 503) },
  }
  const { queries } = parts
  const questionOf = healthQuestions(parts)
  return (app, _options, done) => {
    app.get(`${PREFIX}/health`, { schema }, async ({ query, tenant }) =>
      describeHealth(await readHealth(queries, questionOf(query, tenant, null))),
    )
    done()
  }
}

function moduleHealth(parts: ServiceHealthParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Whether a module is healthy, by all its spans; one nobody knows has no_data',
    tags,
    params: Type.Object({
      module: Type.String({ description: 'The module attribute, else the name of the scope' }),
    }),
    querystring: questionQuery(healthParameters(parts)),
    response: { 200: ServiceHealth, ...problems(400, 401, 403, 503) },
  }
  const { queries } = parts
  const questionOf = healthQuestions(parts)
  return (app, _options, done) => {
    app.get(`${PREFIX}/health/:module`, { schema }, async ({ params, query, tenant }) =>
      describeHealth(await readHealth(queries, questionOf(query, tenant, params.module))),
    )
    done()
  }
}

function alerts(parts: ServiceHealthParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary:
      'The limits that services pass at present, the patterns their errors make, and what is out of order with webhooks and the like',
    tags,
    querystring: questionQuery({
      ...healthParameters(parts),
      module: someText(
        'Those that the spans of this module pass. Of a service or module, or an end before now, there are none about webhooks, rules, APIs, queries and rate limits',
      ),
    }),
    response: { 200: Alerts, ...problems(400, 401, 403, 503) },
  }
  const { queries } = parts
  const questionOf = healthQuestions(parts)
  return (app, _options, done) => {
    app.get(`${PREFIX}/alerts`, { schema }, ({ query, tenant }) =>
      readAlerts(queries, questionOf(query, tenant, query.module ?? null)),
    )
    done()
  }
}

function sla({
  queries,
  monitoring: { objective, sloPeriodHours },
  now,
  maxHours,
}: ServiceHealthParts): FastifyPluginCallbackTypebox {
  const periodMs = Math.min(sloPeriodHours, maxHours) * HOUR_MS
  const schema = {
    summary: 'Availability, latency, error budget and burn rate, beside what is promised',
    tags,
    querystring: questionQuery({ ...windowParameters(maxHours, periodMs), service }),
    response: { 200: Sla, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(`${PREFIX}/sla`, { schema }, ({ query, tenant }) => {
      const window = resolveWindow(query, now(), maxHours, periodMs)
      return answerSla(queries, { window, tenant, service: query.service ?? null, objective })
    })
    done()
  }
}

const service = someText('Only this service.name')

function healthParameters({ maxHours }: ServiceHealthParts) {
  return { ...windowParameters(maxHours, HEALTH_WINDOW_MS), service }
}

function healthQuestions({ monitoring: { thresholds }, now, maxHours }: ServiceHealthParts) {
  return (
    query: WindowParameters & { readonly service?: string },
    tenant: string | null,
    module: string | null,
  ): HealthQuestion => {
    const nowMs = now()
    const window = resolveWindow(query, nowMs, maxHours, HEALTH_WINDOW_MS)
    return { window, tenant, service: query.service ?? null, module, thresholds, nowMs }
  }
}

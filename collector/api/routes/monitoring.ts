import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MINUTE_MS, VERDICT_MINUTES } from '../../health/system'
import type { ThresholdSet } from '../../health/thresholds'
import { type AlertQueries, describeConditions, readAlerts } from '../alerts'
import { sendParts } from '../answer'
import { MONITORING_PARTS, type MonitoringQueries } from '../monitoring-contract'
import { problems } from '../openapi'
import { choice, limitParameter, questionQuery, someText } from '../parameters'
import { BadParameters } from '../problems'
import { MonitoringMetrics } from '../schemas/monitoring'
import { formatMs } from '../window'

/** Where it was asked for before there was an `/api`, and where everything else is. */
const PATHS = ['/v1/monitoring/metrics', '/api/v1/monitoring/metrics']
const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000

/** What the routes about webhooks, rules and rate limits need. */
export interface MonitoringRoutesParts {
  readonly queries: MonitoringQueries & AlertQueries
  readonly thresholds: ThresholdSet
  readonly now: () => number
}

/** Webhooks, rules, rate limits and alerts in one answer. */
export function monitoringRoutes(parts: MonitoringRoutesParts): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    for (const path of PATHS) void app.register(metrics(parts, path))
    done()
  }
}

function metrics(
  { queries, thresholds, now }: MonitoringRoutesParts,
  path: string,
): FastifyPluginCallbackTypebox {
  const schema = {
    summary: 'Webhooks, rules, rate limits and alerts: summaries, and each, the worst first',
    tags: ['monitoring'],
    querystring: questionQuery({
      type: choice([...MONITORING_PARTS, 'all'] as const, 'Which part to answer; all by default'),
      org_id: Type.Optional(Type.String({ description: 'The same as tenant' })),
      webhook_id: someText('Of webhooks only this one'),
      limit: limitParameter('webhooks, rules and rate limits', DEFAULT_LIMIT, MAX_LIMIT),
    }),
    response: { 200: MonitoringMetrics, ...problems(400, 401, 403, 503) },
  }
  return (app, _options, done) => {
    app.get(path, { schema }, async ({ query, tenant: asked }, reply) => {
      const { type = 'all', org_id: orgId, limit = DEFAULT_LIMIT } = query
      const { webhook_id: webhookId = null } = query
      if (orgId !== undefined && query.tenant !== undefined) {
        throw new BadParameters([{ name: 'org_id', reason: 'must not be given with tenant' }])
      }
      // That of a token is in the request already, and wins.
      const tenant = asked ?? orgId ?? null
      const parts = type === 'all' ? MONITORING_PARTS : [type]
      const nowMs = now()
      const window = { sinceMs: nowMs - VERDICT_MINUTES * MINUTE_MS, untilMs: nowMs }
      const health = { window, tenant, service: null, module: null, thresholds, nowMs }
      const [monitored, alerts] = await Promise.all([
        queries.readMonitored({ tenant, parts, limit, webhookId }),
        parts.includes('alerts') ? readAlerts(queries, health, true) : null,
      ])
      return sendParts(reply, {
        org_id: JSON.stringify(tenant ?? ''),
        timestamp: JSON.stringify(formatMs(nowMs)),
        ...monitored,
        ...(alerts && { alerts: JSON.stringify(describeConditions(alerts)) }),
      })
    })
    done()
  }
}

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { MonitoringQueries } from '../monitoring-contract'
import { problems } from '../openapi'
import { sendProblem } from '../problems'
import { Refreshed } from '../schemas/monitoring'
import { formatMs } from '../window'

const PATH = '/api/cron/refresh-monitoring-views'

/** What is called by schedulers. Most can send a GET only. */
export function cronRoutes(
  queries: Pick<MonitoringQueries, 'refreshViews'>,
): FastifyPluginCallbackTypebox {
  const schema = {
    summary:
      'Brings the views up to date at once, with an admin token or the secret of a scheduler',
    tags: ['monitoring'],
    response: { 200: Refreshed, ...problems(401, 403, 503) },
  }
  const options = { schema, exposeHeadRoute: false, config: { access: 'cron' } } as const
  return (app, _options, done) => {
    // Whatever a scheduler sends along, or says that it does.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, parsed) => parsed(null))
    const refresh = async (request: FastifyRequest, reply: FastifyReply) => {
      if (typeof request.grant?.tenant === 'string') {
        const detail = 'This is for all tenants; the token sent is bound to one.'
        return sendProblem(request, reply, 403, detail)
      }
      const startedAt = performance.now()
      const { monitoringMs, observabilityMs } = await queries.refreshViews()
      return {
        asOf: formatMs(Math.min(monitoringMs, observabilityMs)),
        monitoringAsOf: formatMs(monitoringMs),
        observabilityAsOf: formatMs(observabilityMs),
        durationMs: Math.round(performance.now() - startedAt),
      }
    }
    app.get(PATH, options, refresh)
    app.post(PATH, options, refresh)
    done()
  }
}

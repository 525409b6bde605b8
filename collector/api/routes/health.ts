import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { Probes } from '../../telemetry/probes'
import { Health, Liveness, Readiness } from '../schemas/health'
import { formatMs } from '../window'

const tags = ['health']
/** Open to everyone: probes carry no token. */
const security: [] = []

/** The health of the collector itself, for probes. Only readiness looks at anything outside the process. */
export function healthRoutes(probes: Probes, now: () => number): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/health',
      {
        schema: {
          summary: 'Whether the collector answers',
          tags,
          security,
          response: { 200: Health },
        },
      },
      () => ({ status: 'healthy' as const, timestamp: formatMs(now()) }),
    )
    app.get(
      '/health/live',
      {
        schema: {
          summary: 'Liveness; depends on nothing else',
          tags,
          security,
          response: { 200: Liveness },
        },
      },
      () => ({ status: 'alive' as const, alive: true as const }),
    )
    app.get(
      '/health/ready',
      {
        schema: {
          summary: 'Readiness; names the failing check',
          tags,
          security,
          response: { 200: Readiness, 503: Readiness },
        },
      },
      async (_request, reply) => {
        const { ready, checks } = await probes.readiness()
        return reply.code(ready ? 200 : 503).send({
          status: ready ? 'ready' : 'not_ready',
          ready,
          checks,
          timestamp: formatMs(now()),
        })
      },
    )
    done()
  }
}

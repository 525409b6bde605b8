import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { EXPOSITION } from '../answer'
import type { ErrorCountQueries } from '../error-contract'
import { writeErrorExposition, writeExposition } from '../exposition'
import type { FigureQueries } from '../figure-contract'
import { problems } from '../openapi'
import { questionQuery } from '../parameters'

const DAY_MS = 86_400_000
/** Operations of all services: each is some twenty series. */
const MAX_OPERATIONS = 200

/** What the route for Prometheus needs. */
export interface ExpositionRoutesParts {
  readonly queries: FigureQueries & Pick<ErrorCountQueries, 'countThrows'>
  readonly now: () => number
}

/**
 * The application's requests as counters that begin at midnight, UTC. Counters since ever would fall when rollups are
 * dropped, which Prometheus takes for a restart and counts again what is left; at midnight they begin from zero.
 */
export function expositionRoutes({
  queries,
  now,
}: ExpositionRoutesParts): FastifyPluginCallbackTypebox {
  const schema = {
    summary: "The application's requests, durations and errors, for Prometheus",
    description:
      'Counters and histograms of requests by service, and by operation for those with the most, and counters of throws by ' +
      'service, since midnight UTC: rate() and increase() take midnight for a restart. The same from every collector of a database: scrape one.',
    tags: ['metrics'],
    querystring: questionQuery({}),
    response: {
      200: { content: { 'text/plain': { schema: Type.String() } } },
      ...problems(400, 401, 403, 503),
    },
  }
  return (app, _options, done) => {
    app.get(
      '/api/admin/observability/metrics/prometheus',
      { schema },
      async ({ tenant }, reply) => {
        const nowMs = now()
        const midnightMs = Math.floor(nowMs / DAY_MS) * DAY_MS
        const since = (sinceMs: number, untilMs: number) =>
          queries.readFigures({
            window: { sinceMs, untilMs },
            filter: { tenant, service: null, module: null, operation: null },
            of: 'requests',
            by: ['service', 'module', 'operation'],
            stepMs: null,
          })
        const throws = (sinceMs: number, untilMs: number) =>
          queries.countThrows({ window: { sinceMs, untilMs }, tenant })
        const endMs = Math.max(nowMs, midnightMs + 1)
        const [today, yesterday, thrown, thrownYesterday] = await Promise.all([
          since(midnightMs, endMs),
          since(midnightMs - DAY_MS, midnightMs),
          throws(midnightMs, endMs),
          throws(midnightMs - DAY_MS, midnightMs),
        ])
        const requests = writeExposition(today.figures, yesterday.figures, MAX_OPERATIONS)
        const errors = writeErrorExposition(thrown, thrownYesterday)
        return reply.type(EXPOSITION).send(`${requests}${errors}`)
      },
    )
    done()
  }
}

import { Type, type FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { problems } from '../openapi'

/** Prometheus text exposition, version 0.0.4. */
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8'

/** What the collector says of itself: its numbers and its API. */
export function selfRoutes(
  metrics: () => Promise<string>,
  version: string,
): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      '/metrics',
      {
        schema: {
          summary: "The collector's own numbers, for Prometheus",
          tags: ['collector'],
          response: {
            200: { content: { 'text/plain': { schema: Type.String() } } },
            ...problems(401, 403),
          },
        },
      },
      async (_request, reply) => reply.type(EXPOSITION).send(await metrics()),
    )
    app.get(
      '/api/openapi.json',
      {
        schema: {
          summary: `This document, of version ${version}`,
          tags: ['collector'],
          response: {
            200: Type.Object({}, { additionalProperties: true }),
            ...problems(401, 403),
          },
        },
      },
      () => app.swagger(),
    )
    done()
  }
}

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { renderDocs, type ApiDocument } from '../../pages/docs'
import { EXPOSITION } from '../answer'
import { problems } from '../openapi'

/** The page about the API loads nothing and runs nothing. */
const DOCS_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'"

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
    app.get(
      '/api/docs',
      {
        schema: {
          summary: 'The same to read',
          tags: ['collector'],
          response: {
            200: { content: { 'text/html': { schema: Type.String() } } },
            ...problems(401, 403),
          },
        },
      },
      async (_request, reply) => {
        const page = renderDocs(app.swagger() as ApiDocument)
        return reply
          .type('text/html; charset=utf-8')
          .header('content-security-policy', DOCS_POLICY)
          .header('x-content-type-options', 'nosniff')
          .send(page)
      },
    )
    done()
  }
}

import { STATUS_CODES } from 'node:http'
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { refer } from './schemas/field'
import type { Problem } from './schemas/problem'

/** The responses a route documents beside its answer: one problem document a status. */
export function problems(...statuses: number[]): Record<number, object> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: STATUS_CODES[status],
        content: { 'application/problem+json': { schema: refer<Problem>('Problem') } },
      },
    ]),
  )
}

/** OpenAPI 3.1, generated from the schemas that also check and write every request and answer. */
export function openApiOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sidelight',
        version,
        description:
          'What the collector received and how healthy the services are. Times are RFC 3339; ids are hex; ' +
          'int64 values are strings; errors are problem documents (RFC 9457).',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          token: {
            type: 'apiKey',
            in: 'query',
            name: 'token',
            description: 'On reads only, for links opened in a browser',
          },
        },
      },
      security: [{ bearer: [] }, { token: [] }],
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `schema-${index}`,
    },
  }
}

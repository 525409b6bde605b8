import type * as fastify from './fastify'

/**
 * Instruments what Node itself brings and every application has: HTTP servers, HTTP clients and fetch; and libraries that tell
 * of themselves on diagnostics channels. Each by its name in `OTEL_NODE_ENABLED_INSTRUMENTATIONS`.
 */
export const BUILTINS: Readonly<Record<string, () => void>> = {
  fastify: () => {
    ;(require('./fastify') as typeof fastify).instrumentFastify()
  },
}

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { oneErrorRoutes } from './error'
import { type ErrorChangeParts, errorChangeRoutes } from './error-changes'
import { errorGroupRoutes, type ErrorRoutesParts } from './error-groups'

/** All that is asked about errors, and done to them. */
export function errorRoutes(
  parts: ErrorRoutesParts & ErrorChangeParts,
): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    void app.register(errorGroupRoutes(parts))
    void app.register(oneErrorRoutes(parts))
    void app.register(errorChangeRoutes(parts))
    done()
  }
}

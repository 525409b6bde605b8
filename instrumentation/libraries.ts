import type * as fastify from '@fastify/otel'
import type * as express from '@opentelemetry/instrumentation-express'
import type * as http from '@opentelemetry/instrumentation-http'
import type * as ioredis from '@opentelemetry/instrumentation-ioredis'
import type * as pg from '@opentelemetry/instrumentation-pg'
import type * as undici from '@opentelemetry/instrumentation-undici'
import type { Instrumentation } from '@opentelemetry/instrumentation'
import type { Application } from './application'
import { complain } from './complaint'
import { isLibraryEnabled } from './environment'

/** The modules whose imports must be seen by the ESM hooks; the others speak through diagnostics channels. */
export const IMPORTED_MODULES: readonly string[] = [
  'http',
  'https',
  'express',
  'pg',
  'pg-pool',
  'ioredis',
]

/** Instruments the libraries the environment lets through. A library that cannot be instrumented costs no other one. */
export function instrumentLibraries(
  application: Application,
  env: NodeJS.ProcessEnv,
): Instrumentation[] {
  const instrumentations: Instrumentation[] = []
  for (const [name, instrument] of Object.entries(LIBRARIES)) {
    if (!isLibraryEnabled(name, env)) continue
    try {
      const instrumentation = instrument(application)
      if (instrumentation !== undefined) instrumentations.push(instrumentation)
    } catch (error) {
      complain(`cannot instrument ${name}`, error)
    }
  }
  return instrumentations
}

/** By the names `OTEL_NODE_DISABLED_INSTRUMENTATIONS` uses. One is loaded only if it is enabled. */
const LIBRARIES: Record<string, (application: Application) => Instrumentation | undefined> = {
  http: instrumentHttp,
  undici: instrumentUndici,
  fastify: instrumentFastify,
  express: instrumentExpress,
  pg: instrumentPg,
  ioredis: instrumentIoredis,
}

function instrumentHttp(): Instrumentation {
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http') as typeof http
  return new HttpInstrumentation()
}

function instrumentUndici(): Instrumentation {
  const { UndiciInstrumentation } =
    require('@opentelemetry/instrumentation-undici') as typeof undici
  return new UndiciInstrumentation()
}

/** One span a request, named by its route; hooks and handlers would triple the spans and say little. */
function instrumentFastify(application: Application): Instrumentation | undefined {
  // Registered twice, its decorators collide and the application does not start.
  if (application.dependencies.has('@fastify/otel')) return undefined
  const { FastifyOtelInstrumentation } = require('@fastify/otel') as typeof fastify
  return new FastifyOtelInstrumentation({
    registerOnInitialization: true,
    instrumentHooks: false,
    instrumentHandler: false,
    requestHook(span, request) {
      const route = request.routeOptions.url
      span.updateName(route === undefined ? request.method : `${request.method} ${route}`)
    },
  })
}

/** Request handlers only: a span for every middleware says little and costs as much as the request. */
function instrumentExpress(): Instrumentation {
  const { ExpressInstrumentation, ExpressLayerType } =
    require('@opentelemetry/instrumentation-express') as typeof express
  return new ExpressInstrumentation({
    ignoreLayersType: [ExpressLayerType.MIDDLEWARE, ExpressLayerType.ROUTER],
    spanNameHook: ({ request, route }) => `${request.method} ${route}`,
  })
}

function instrumentPg(): Instrumentation {
  const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg') as typeof pg
  return new PgInstrumentation()
}

function instrumentIoredis(): Instrumentation {
  const { IORedisInstrumentation } =
    require('@opentelemetry/instrumentation-ioredis') as typeof ioredis
  return new IORedisInstrumentation()
}

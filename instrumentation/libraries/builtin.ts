import type * as fastify from './fastify'
import { traceGraphql } from './graphql/channels'
import { traceClients } from './http-client'
import { traceServers } from './http-server'
import { traceFetch } from './undici'
import { recordConsole } from '../loggers/console'
import { recordPino } from '../loggers/pino'

/**
 * Instruments what Node itself brings and every application has: HTTP servers, HTTP clients and fetch; and libraries that tell
 * of themselves on diagnostics channels. Each by its name in `OTEL_NODE_ENABLED_INSTRUMENTATIONS`.
 */
export const BUILTINS: Readonly<Record<string, () => void>> = {
  http() {
    traceServers()
    traceClients()
  },
  graphql: traceGraphql,
  undici: traceFetch,
  fastify() {
    const { instrumentFastify } = require('./fastify') as typeof fastify
    instrumentFastify()
  },
  console: recordConsole,
  pino: recordPino,
}

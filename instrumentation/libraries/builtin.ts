import { traceClients } from './http-client'
import { traceServers } from './http-server'
import { traceFetch } from './undici'

/**
 * Instruments what Node itself brings and every application has: HTTP servers, HTTP clients and fetch.
 * Each by its name in `OTEL_NODE_ENABLED_INSTRUMENTATIONS`.
 */
export const BUILTINS: Readonly<Record<string, () => void>> = {
  http() {
    traceServers()
    traceClients()
  },
  undici: traceFetch,
}

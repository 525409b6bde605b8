import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { createApiServer } from './api/server'
import { type Address, formatAddress, retentionDaysOf } from './config'
import { KEYS } from './config/keys'
import type { Pipeline } from './ingest/pipeline'
import type { Spool } from './ingest/spool/spool'
import type { CollectorParts } from './parts'
import { createAdmission } from './receiver/admission'
import { createOtlpHttpServer } from './receiver/http'
import type { Release } from './release'
import { createTraceQueries } from './store/queries/traces'
import type { Counters } from './telemetry/counters'
import { createProbes } from './telemetry/probes'

const HOURS_A_DAY = 24

/** Where the collector listens. */
export interface Doors {
  /** Where OTLP/HTTP is received, without a trailing slash; null without the role `ingest`. */
  readonly otlpUrl: string | null
  /** Where the API answers; without the role `api`, health and metrics alone. */
  readonly apiUrl: string
}

/** What lies behind the doors. */
interface Inside {
  readonly queryPool: Pool
  readonly pipeline: Pipeline
  readonly spool: Spool
  readonly counters: Counters
  /** How much of the time for a stop is left. */
  readonly remainingMs: () => number
}

/** The two listeners; both are up when this resolves. */
export async function openDoors(
  { config, tokens, log, version }: CollectorParts,
  { queryPool, pipeline, spool, counters, remainingMs }: Inside,
  releases: Release[],
): Promise<Doors> {
  const receives = config.roles.includes('ingest')
  const api = createApiServer({
    queries: config.roles.includes('api') ? createTraceQueries(queryPool) : null,
    probes: createProbes({
      database: () => pipeline.away() === null,
      isStopping: () => pipeline.isStopping,
      spool: () => !receives || spool.refusal() === null,
      dataDir: config.dataDir,
    }),
    tokens,
    metrics: () => counters.registry.metrics(),
    version,
    log,
    now: Date.now,
    retentionHours: retentionDaysOf(config, 'traces') * HOURS_A_DAY,
    maxTraceSpans: config.maxTraceSpans,
    onTruncated: () => counters.truncatedAnswers.inc(),
  })
  releases.push(() => closeWithin(api, remainingMs() / 2))
  const apiUrl = await listen(api, config.apiAddress, KEYS.apiAddress.env)
  if (!receives) return { apiUrl, otlpUrl: null }
  const otlp = createOtlpHttpServer({
    accept: (request, onReleased) => pipeline.accept(request, onReleased),
    admission: createAdmission(config.admissionBytes, (bytes) => counters.admittedBytes.set(bytes)),
    maxConnections: config.otlpMaxConnections,
    headerTimeoutMs: config.otlpHeaderTimeoutMs,
    bodyTimeoutMs: config.otlpBodyTimeoutMs,
    maxBodyBytes: config.maxBodyBytes,
    maxResponseBytes: config.maxResponseBytes,
    tokens: tokens.filter(({ scope }) => scope === 'ingest'),
    counters,
    log,
  })
  // What is left is for what has been received.
  releases.push(() => closeWithin(otlp, remainingMs() / 2))
  return { apiUrl, otlpUrl: await listen(otlp, config.otlpHttpAddress, KEYS.otlpHttpAddress.env) }
}

/** Lets requests under way end, those that take longer than the time given by force. */
async function closeWithin(door: FastifyInstance, limitMs: number): Promise<void> {
  const force = setTimeout(() => door.server.closeAllConnections(), limitMs)
  await door.close()
  clearTimeout(force)
}

async function listen(
  server: FastifyInstance,
  { host, port }: Address,
  key: string,
): Promise<string> {
  try {
    await server.listen({ host, port })
  } catch (cause) {
    const address = formatAddress({ host, port })
    const why =
      (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'it is in use' : String(cause)
    throw new Error(`cannot listen on ${address}: ${why}; choose another with ${key}`, { cause })
  }
  const { port: bound } = server.server.address() as AddressInfo
  return `http://${formatAddress({ host, port: bound })}`
}

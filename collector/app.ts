import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { createApiServer } from './api/server'
import { type Address, type Config, formatAddress, type Token } from './config'
import type { ExportRequest, Message } from './ingest/contract'
import { Pipeline, type Remains } from './ingest/pipeline'
import { openSpool, type Spool } from './ingest/spool/spool'
import { protobufFromJson } from './otlp/json'
import { EXPORT_TRACE_SERVICE_REQUEST } from './otlp/schema'
import { createAdmission } from './receiver/admission'
import { createOtlpHttpServer } from './receiver/http'
import { openDatabase } from './store/database'
import { keepDeadLetters, WHOLE_REQUEST } from './store/dead-letter'
import { createKeeper } from './store/keeper'
import { MigrationError } from './store/migrate'
import { createPool } from './store/pool'
import { createTraceQueries } from './store/queries/traces'
import { createGroupWriter } from './store/writer'
import { type Counters, createCounters } from './telemetry/counters'
import { createProbes } from './telemetry/probes'
import type { Translated } from './translate/rows'
import { createTraceTranslator } from './translate/traces'

const HOUR_MS = 3_600_000
const HOURS_A_DAY = 24
const DICTIONARY_CACHE_SIZE = 20_000
/** Transactions at once: one translates and sends while the other commits. */
const WRITERS = 2

/** A running collector. */
export interface Collector {
  /** Where OTLP/HTTP is received, without a trailing slash; null without the role `ingest`. */
  readonly otlpUrl: string | null
  /** Where the API answers; without the role `api`, health and metrics alone. */
  readonly apiUrl: string
  /** Resolves when the database answers and its schema is up to date for the first time. */
  readonly ready: Promise<void>
  /** Resolves with the reason when the collector cannot go on and is to be stopped. */
  readonly failed: Promise<Error>
  /** What would be left behind by an end at this moment. */
  remains(): Remains
  /**
   * Refuses what is new, stores or keeps on disk what is in flight until the deadline, and lets everything go in the
   * reverse order of the start.
   */
  stop(deadlineMs: number): Promise<Remains>
}

export interface CollectorParts {
  readonly config: Config
  /** The tokens that open the doors, the generated one included. */
  readonly tokens: readonly Token[]
  readonly log: Logger
  readonly version: string
  /** Gives up a start under way. */
  readonly signal: AbortSignal
}

/** Wires the parts and starts them. Throws when the database cannot be started or a door is taken; what was started by then is stopped. */
export async function startCollector(parts: CollectorParts): Promise<Collector> {
  const releases: (() => Promise<unknown>)[] = []
  try {
    return await start(parts, releases)
  } catch (error) {
    await releaseAll(releases)
    throw error
  }
}

async function start(
  parts: CollectorParts,
  releases: (() => Promise<unknown>)[],
): Promise<Collector> {
  const { config } = parts
  const ready = createPromise<void>()
  const failed = createPromise<Error>()
  const counters = createCounters()
  const storage = await openStorage(parts, releases, counters)
  const { database, keeper, writer, spool, pool } = storage
  const pipeline = new Pipeline({
    ...createTranslation(config),
    write: writer.write,
    writers: WRITERS,
    spool,
    async bury({ digest, signal, tenant, receivedMs, body }, message) {
      const about = { digest, ...WHOLE_REQUEST, signal, tenant, receivedMs, sqlstate: null }
      return (await keepDeadLetters(pool, [{ ...about, message, body }])).length === 0
    },
    receiptWindowMs: config.spoolMaxAgeHours * HOUR_MS,
    refusal: () => database.refusal(),
    async probe() {
      try {
        await keeper.prepare()
        ready.resolve()
      } catch (error) {
        if (error instanceof MigrationError) failed.resolve(error)
        throw error
      }
    },
    counters,
    log: parts.log,
  })
  const deadline = { atMs: 0 }
  const remainingMs = () => Math.max(0, deadline.atMs - performance.now())
  releases.push(() => pipeline.stop(remainingMs()))
  const doors = await openDoors(parts, releases, { ...storage, pipeline, counters, remainingMs })
  return {
    ...doors,
    ready: ready.promise,
    failed: failed.promise,
    remains: () => pipeline.remains(),
    async stop(deadlineMs) {
      deadline.atMs = performance.now() + deadlineMs
      pipeline.refuseNew()
      await releaseAll(releases)
      return pipeline.remains()
    },
  }
}

/** The database, and what works on it. */
async function openStorage(
  { config, log, version, signal }: CollectorParts,
  releases: (() => Promise<unknown>)[],
  counters: Counters,
) {
  const database = await openDatabase(config, log, signal)
  releases.push(() => database.close())
  const spool = await openSpool({
    folder: join(config.dataDir, 'spool'),
    maxBytes: config.spoolMaxBytes,
    maxAgeMs: config.spoolMaxAgeHours * HOUR_MS,
    nowMs: Date.now,
    counters,
    log: log.child({ part: 'spool' }),
  })
  releases.push(() => spool.close())
  const pool = createPool({
    connectionString: database.connectionString,
    max: WRITERS + 1,
    applicationName: 'sidelight',
  })
  releases.push(() => pool.end())
  // Questions have connections of their own, so that slow ones never keep ingest waiting.
  const queryPool = createPool({
    connectionString: database.connectionString,
    max: Math.max(1, config.databaseConnections - WRITERS - 1),
    applicationName: 'sidelight api',
  })
  releases.push(() => queryPool.end())
  const sidecar = { id: randomUUID(), host: hostname(), version, roles: config.roles }
  const keeper = createKeeper({ pool, sidecar, migrate: config.migrate, log, nowMs: Date.now })
  releases.push(() => keeper.stop())
  const writer = createGroupWriter({ pool })
  releases.push(() => writer.close())
  return { database, pool, queryPool, keeper, writer, spool }
}

interface Inside {
  readonly queryPool: Pool
  readonly pipeline: Pipeline
  readonly spool: Spool
  readonly counters: Counters
  /** How much of the time for a stop is left. */
  readonly remainingMs: () => number
}

/** The two listeners; both are up when this resolves. */
async function openDoors(
  { config, tokens, log, version }: CollectorParts,
  releases: (() => Promise<unknown>)[],
  { queryPool, pipeline, spool, counters, remainingMs }: Inside,
): Promise<Pick<Collector, 'otlpUrl' | 'apiUrl'>> {
  const receives = config.roles.includes('ingest')
  const api = createApiServer({
    queries: config.roles.includes('api') ? createTraceQueries(queryPool) : null,
    probes: createProbes({
      database: () => pipeline.away() === null,
      spool: () => !receives || spool.refusal() === null,
      dataDir: config.dataDir,
    }),
    tokens,
    metrics: () => counters.registry.metrics(),
    version,
    log,
    now: Date.now,
    retentionHours: config.retentionDays * HOURS_A_DAY,
    maxTraceSpans: config.maxTraceSpans,
    onTruncated: () => counters.truncatedAnswers.inc(),
  })
  releases.push(() => api.close())
  const apiUrl = await listen(api, config.apiAddress)
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
  releases.push(() => closeWithin(otlp, remainingMs()))
  return { apiUrl, otlpUrl: await listen(otlp, config.otlpHttpAddress) }
}

/** `Promise.withResolvers` without rejection, which Node 20 has not. */
function createPromise<T>(): {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
} {
  let resolve: (value: T) => void = () => undefined
  const promise = new Promise<T>((settle) => (resolve = settle))
  return { promise, resolve }
}

/** All of them, in the reverse order of the start; throws the first error when the last is done. */
async function releaseAll(releases: (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const release of releases.splice(0).reverse()) {
    await release().catch((error: unknown) => errors.push(error))
  }
  if (errors.length > 0) throw errors[0]
}

function createTranslation(config: Config) {
  const translator = createTraceTranslator({
    retentionMs: config.retentionDays * HOURS_A_DAY * HOUR_MS,
    maxAheadMs: HOURS_A_DAY * HOUR_MS,
    tenantAttributes: config.tenantAttributes,
    dictionaryCacheSize: DICTIONARY_CACHE_SIZE,
    limits: config,
  })
  return {
    decode: ({ encoding, body }: ExportRequest): Uint8Array =>
      encoding === 'json' ? protobufFromJson(body, EXPORT_TRACE_SERVICE_REQUEST) : body,
    translate: ({ body, receivedMs, tenant }: Message): Translated =>
      translator.translate(body, { receivedMs, tenant }),
  }
}

/** Lets requests under way end, those that take longer than the time given by force. */
async function closeWithin(door: FastifyInstance, limitMs: number): Promise<void> {
  const force = setTimeout(() => door.server.closeAllConnections(), limitMs)
  await door.close()
  clearTimeout(force)
}

async function listen(server: FastifyInstance, { host, port }: Address): Promise<string> {
  await server.listen({ host, port })
  const { port: bound } = server.server.address() as AddressInfo
  return `http://${formatAddress({ host, port: bound })}`
}

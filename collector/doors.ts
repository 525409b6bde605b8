import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { createTokenCheck } from './api/auth'
import { linkPath } from './api/routes/login-links'
import { createApiServer } from './api/server'
import { Sessions } from './api/sessions'
import type { Logger } from 'pino'
import { type Address, type Config, formatAddress, retentionDaysOf } from './config'
import { type CertificateContents, readCertificates } from './config/certificates'
import { KEYS } from './config/keys'
import { objectiveOf } from './config/objective'
import { newestRelease } from './health/release-order'
import type { Pipeline } from './ingest/pipeline'
import type { Spool } from './ingest/spool/spool'
import type { CollectorParts } from './parts'
import { bySignal } from './otlp/signal'
import type { Admission } from './receiver/admission'
import { createOtlpGrpcServer } from './receiver/grpc'
import { createOtlpHttpServer } from './receiver/http'
import type { ReceiverParts } from './receiver/receive'
import { watchRenewals } from './receiver/renewal'
import { DoorTls } from './receiver/tls'
import type { Release } from './release'
import { createErrorActions } from './store/error-actions'
import { createBusinessQueries } from './store/queries/business'
import { createCorrelationQueries } from './store/queries/correlations'
import { createErrorQueries } from './store/queries/errors'
import { createFigureQueries } from './store/queries/figures'
import { createLogQueries } from './store/queries/logs'
import { createMetricQueries } from './store/queries/metrics'
import { createMonitoringQueries } from './store/queries/monitoring'
import { createSearchQueries } from './store/queries/search'
import { createTraceQueries } from './store/queries/traces'
import type { Counters } from './telemetry/counters'
import { createProbes } from './telemetry/probes'

const HOURS_A_DAY = 24

/** Where the collector listens; URLs without a trailing slash. */
export interface Doors {
  /** Where OTLP/HTTP is received; null without the role `ingest`. */
  readonly otlpUrl: string | null
  /** Where OTLP/gRPC is received; null without the role `ingest`. */
  readonly otlpGrpcUrl: string | null
  /** Where the API answers; without the role `api`, health and metrics alone. */
  readonly apiUrl: string
  /** A link that opens the pages once, with what the token may see; null without pages, or for a token nobody knows. */
  readonly createLoginUrl: (token: string) => string | null
}

/** What lies behind the doors. */
interface Inside {
  /** Null without the role `api`. */
  readonly queryPool: Pool | null
  readonly pipeline: Pipeline
  readonly spool: Spool
  readonly admission: Admission
  readonly counters: Counters
  /** How much of the time for a stop is left. */
  readonly remainingMs: () => number
}

/** The listeners; all are up when this resolves. */
export async function openDoors(
  parts: CollectorParts,
  inside: Inside,
  releases: Release[],
): Promise<Doors> {
  const api = await openApi(parts, inside, releases)
  if (!parts.config.roles.includes('ingest')) return { ...api, otlpUrl: null, otlpGrpcUrl: null }
  return { ...api, ...(await openOtlp(parts, inside, releases)) }
}

async function openApi(
  { config, tokens, log, version }: CollectorParts,
  { queryPool, pipeline, spool, counters, remainingMs }: Inside,
  releases: Release[],
): Promise<Pick<Doors, 'apiUrl' | 'createLoginUrl'>> {
  const receives = config.roles.includes('ingest')
  const sessions = new Sessions(Date.now)
  const api = createApiServer({
    queries: queryPool === null ? null : createQueries(queryPool),
    sessions,
    otlp: receives ? otlpAddresses(config) : null,
    probes: createProbes({
      database: () => pipeline.away() === null,
      isStopping: () => pipeline.isStopping,
      spool: () => !receives || spool.refusal() === null,
      dataDir: config.dataDir,
    }),
    tokens,
    cronSecrets: config.cronSecrets,
    metrics: () => counters.registry.metrics(),
    version,
    log,
    now: Date.now,
    retentionHours: {
      ...bySignal((signal) => retentionDaysOf(config, signal) * HOURS_A_DAY),
      rollups: config.retentionRollupsDays * HOURS_A_DAY,
    },
    monitoring: {
      thresholds: config.thresholds,
      objective: objectiveOf(config),
      sloPeriodHours: config.sloPeriodHours,
    },
    maxTraceSpans: config.maxTraceSpans,
    correlationAttributes: config.correlationAttributes,
    onTruncated: () => counters.truncatedAnswers.inc(),
  })
  const door = doorOfFastify(api)
  releases.push(() => closeWithin(door, remainingMs() / 2))
  const apiUrl = `http://${await listen(door, config.apiAddress, KEYS.apiAddress.env)}`
  const check = createTokenCheck(tokens)
  const createLoginUrl = (token: string) => {
    const grant = queryPool === null ? null : check(token)
    return grant === null ? null : `${apiUrl}${linkPath(sessions.issue(grant).code)}`
  }
  return { apiUrl, createLoginUrl }
}

/** As configured: the doors of OTLP open later. */
function otlpAddresses({ otlpHttpAddress, otlpGrpcAddress, otlpTlsCertFile }: Config) {
  const scheme = otlpTlsCertFile === null ? 'http' : 'https'
  return {
    http: `${scheme}://${formatAddress(otlpHttpAddress)}`,
    grpc: `${scheme}://${formatAddress(otlpGrpcAddress)}`,
  }
}

async function openOtlp(
  { config, tokens, log }: CollectorParts,
  { pipeline, admission, counters, remainingMs }: Inside,
  releases: Release[],
): Promise<{ readonly otlpUrl: string; readonly otlpGrpcUrl: string }> {
  const tls = openTls(config, log, releases)
  const receiver: ReceiverParts = {
    accept: (request, onReleased) => pipeline.accept(request, onReleased),
    admission,
    maxConnections: config.otlpMaxConnections,
    headerTimeoutMs: config.otlpHeaderTimeoutMs,
    bodyTimeoutMs: config.otlpBodyTimeoutMs,
    maxBodyBytes: config.maxBodyBytes,
    maxResponseBytes: config.maxResponseBytes,
    tokens: tokens.filter(({ scope }) => scope === 'ingest'),
    tls,
    counters,
    log,
  }
  const cors = { origins: config.otlpCorsOrigins, headers: config.otlpCorsHeaders }
  const http = doorOfFastify(createOtlpHttpServer({ ...receiver, cors }))
  const grpc = createOtlpGrpcServer(receiver)
  // Both at once; what is left of the time is for what has been received.
  releases.push(() => {
    const limitMs = remainingMs() / 2
    return Promise.all([http, grpc].map((door) => closeWithin(door, limitMs)))
  })
  const scheme = tls === null ? 'http' : 'https'
  return {
    otlpUrl: `${scheme}://${await listen(http, config.otlpHttpAddress, KEYS.otlpHttpAddress.env)}`,
    otlpGrpcUrl: `${scheme}://${await listen(grpc, config.otlpGrpcAddress, KEYS.otlpGrpcAddress.env)}`,
  }
}

/** Null where no certificate is configured. Throws ConfigError when the files cannot be used. */
function openTls(config: Config, log: Logger, releases: Release[]): DoorTls | null {
  const certificates = readCertificates(config)
  if (certificates === null) return null
  warnOfExpiry(certificates, log)
  const tls = new DoorTls(certificates, config.otlpHeaderTimeoutMs)
  const { otlpTlsCertFile, otlpTlsKeyFile, otlpTlsClientCaFile } = config
  const stop = watchRenewals({
    files: [otlpTlsCertFile, otlpTlsKeyFile, otlpTlsClientCaFile].filter((file) => file !== null),
    take() {
      const renewed = readCertificates(config)
      if (renewed === null) return
      tls.renew(renewed)
      warnOfExpiry(renewed, log)
    },
    log,
  })
  releases.push(() => Promise.resolve(stop()))
  return tls
}

function warnOfExpiry({ expiresMs }: CertificateContents, log: Logger): void {
  if (expiresMs > Date.now()) return
  const expired = new Date(expiresMs).toISOString()
  log.warn({ expired }, 'the certificate of the OTLP doors has expired: clients refuse it')
}

/** What all doors have in common. */
interface Door {
  readonly server: { address(): AddressInfo | string | null }
  listen(address: Address): Promise<unknown>
  /** Takes nothing new and resolves when the requests under way are answered. */
  close(): Promise<unknown>
  closeAllConnections(): void
}

function createQueries(pool: Pool) {
  return {
    ...createTraceQueries(pool),
    ...createLogQueries(pool),
    ...createCorrelationQueries(pool),
    ...createMetricQueries(pool),
    ...createFigureQueries(pool),
    ...createSearchQueries(pool),
    ...createErrorQueries(pool),
    ...createErrorActions(pool, newestRelease),
    ...createMonitoringQueries(pool),
    ...createBusinessQueries(pool),
  }
}

/** Lets requests under way end, those that take longer than the time given by force. */
async function closeWithin(door: Door, limitMs: number): Promise<void> {
  const force = setTimeout(() => door.closeAllConnections(), limitMs)
  await door.close()
  clearTimeout(force)
}

/** Opens a door and returns its address. */
async function listen(door: Door, { host, port }: Address, key: string): Promise<string> {
  try {
    await door.listen({ host, port })
  } catch (cause) {
    const address = formatAddress({ host, port })
    const why =
      (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'it is in use' : String(cause)
    throw new Error(`cannot listen on ${address}: ${why}; choose another with ${key}`, { cause })
  }
  const { port: bound } = door.server.address() as AddressInfo
  return formatAddress({ host, port: bound })
}

function doorOfFastify(app: FastifyInstance): Door {
  const { server } = app
  return {
    server,
    listen: (address) => app.listen(address),
    close: () => app.close(),
    closeAllConnections: () => server.closeAllConnections(),
  }
}

import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import { BadData, Unavailable } from '../errors'
import type { ExportOutcome, ExportRequest } from '../ingest/contract'
import { encodeTraceResponse } from '../otlp/response'
import { type Encoding, encodeStatus } from '../otlp/status'
import type { Counters } from '../telemetry/counters'
import type { Admission } from './admission'
import { readBody } from './body'
import { BrokenConnections, limitConnections } from './connections'
import { Refusal, retryLater } from './refusal'
import { createTokenCheck, type IngestToken } from './token'

const MEDIA_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
const SECOND_MS = 1_000
/** Longer than the 60 s between the metric exports of a quiet application. */
const KEEP_ALIVE_MS = 90 * SECOND_MS
/** Heads are late by this much at most before that is noticed. */
const LONGEST_CHECK_INTERVAL_MS = SECOND_MS

export interface OtlpHttpParts {
  /** Stores a request; `onReleased` is called when its bytes are not used any more. Throws BadData or Unavailable. */
  readonly accept: (request: ExportRequest, onReleased: () => void) => Promise<ExportOutcome>
  readonly admission: Admission
  readonly maxConnections: number
  readonly headerTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly maxBodyBytes: number
  readonly maxResponseBytes: number
  readonly tokens: readonly IngestToken[]
  readonly counters: Counters
  readonly log: Logger
}

/** The OTLP/HTTP door (OTLP specification, OTLP/HTTP); it does not listen yet. Every error is a google.rpc.Status. */
export function createOtlpHttpServer(parts: OtlpHttpParts): FastifyInstance {
  const log = parts.log.child({ part: 'otlp' })
  const timeouts = timeoutsOf(parts)
  const broken = new BrokenConnections(parts.counters)
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: timeouts.requestTimeout,
    http: timeouts,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    forceCloseConnections: 'idle',
    // While it closes, what still comes on open connections is answered like any refusal: in the caller's encoding.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => broken.end(error, socket),
    frameworkErrors: (_error, request, reply) => {
      refuse(request, reply, new Refusal(400, 'the path is not a valid URL path'))
    },
  })
  limitConnections(app.server, parts.maxConnections, parts.counters)
  // Bodies are read by the route, after it has decided that it wants them.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, log))
  app.setNotFoundHandler((request, reply) => {
    refuse(
      request,
      reply,
      new Refusal(
        404,
        `there is nothing at ${request.url.split('?')[0]}: traces are taken at /v1/traces`,
      ),
    )
  })
  app.addHook('onRequest', (request, _reply, done) => {
    broken.noteHead(request.raw)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const labels = { signal: 'traces', encoding: encodingOf(request) ?? 'other' }
    parts.counters.requests.inc({ ...labels, status: String(reply.statusCode) })
    parts.counters.answerSeconds.observe(reply.elapsedTime / SECOND_MS)
    done()
  })
  addTraces(app, parts)
  return app
}

/** What Node is to hold heads, and whole requests, to. */
function timeoutsOf({ headerTimeoutMs, bodyTimeoutMs }: OtlpHttpParts) {
  return {
    headersTimeout: headerTimeoutMs,
    // Only for the rest of bodies that were refused unread: the others have a time-out of their own.
    requestTimeout: headerTimeoutMs + bodyTimeoutMs,
    connectionsCheckingInterval: Math.min(LONGEST_CHECK_INTERVAL_MS, headerTimeoutMs),
  }
}

function addTraces(app: FastifyInstance, parts: OtlpHttpParts): void {
  const tenantOf = createTokenCheck(parts.tokens)
  app.post('/v1/traces', async (request, reply) => {
    const tenant = tenantOf(request.headers.authorization)
    const encoding = encodingOf(request)
    if (encoding === null) {
      const type = request.headers['content-type'] ?? 'none'
      throw new Refusal(
        415,
        `cannot read Content-Type ${type}: ${MEDIA_TYPES.protobuf} and ${MEDIA_TYPES.json} are known`,
        { headers: { accept: Object.values(MEDIA_TYPES).join(', ') } },
      )
    }
    const outcome = await receive(request, encoding, tenant, parts)
    void reply
      .type(MEDIA_TYPES[encoding])
      .send(encodeTraceResponse(encoding, outcome, parts.maxResponseBytes))
    return reply
  })
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/v1/traces',
    handler: (request, reply) => {
      const message = `${request.method} is not for /v1/traces: export requests are sent with POST`
      refuse(request, reply, new Refusal(405, message, { headers: { allow: 'POST' } }))
    },
  })
}

async function receive(
  request: FastifyRequest,
  encoding: Encoding,
  tenant: string | null,
  { accept, admission, counters, ...limits }: OtlpHttpParts,
): Promise<ExportOutcome> {
  const reservation = admission.open()
  let body: Buffer
  try {
    body = await readBody(request.raw, reservation, limits)
  } catch (error) {
    reservation.release()
    if (error instanceof Refusal && error.limit !== null) {
      counters.refusedRequests.inc({ reason: error.limit })
    }
    throw error
  }
  counters.receivedBytes.inc(body.length)
  return accept({ signal: 'traces', encoding, body, tenant, receivedMs: Date.now() }, () =>
    reservation.release(),
  )
}

function answerError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Logger,
): void {
  if (error instanceof Refusal) return refuse(request, reply, error)
  if (error instanceof BadData) {
    const badRequest = [{ field: '', description: error.message }]
    return refuse(request, reply, new Refusal(400, error.message, { badRequest }))
  }
  if (error instanceof Unavailable) return refuse(request, reply, retryLater(error.message))
  const status = (error as { statusCode?: number }).statusCode ?? 500
  if (status < 500) return refuse(request, reply, new Refusal(status, (error as Error).message))
  log.error({ err: error }, 'a request failed by a fault of the collector')
  refuse(
    request,
    reply,
    new Refusal(500, 'the collector failed by a fault of its own; see its log'),
  )
}

/** In the caller's encoding; protobuf, the default of OTLP, when it named none that is known. */
function refuse(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
  const encoding = encodingOf(request) ?? 'protobuf'
  // The connection stays open: closed on a client that still sends, it would lose the answer. Node discards the rest.
  void reply
    .code(refusal.httpStatus)
    .headers(refusal.headers)
    .type(MEDIA_TYPES[encoding])
    .send(encodeStatus(encoding, refusal.status))
}

function encodingOf(request: FastifyRequest): Encoding | null {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === MEDIA_TYPES.protobuf) return 'protobuf'
  return type === MEDIA_TYPES.json ? 'json' : null
}

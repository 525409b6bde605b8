import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
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
import { Refusal, retryLater } from './refusal'
import { createTokenCheck, type IngestToken } from './token'

const MEDIA_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
const SECOND_MS = 1_000
/** Longer than the 60 s between the metric exports of a quiet application. */
const KEEP_ALIVE_MS = 90 * SECOND_MS
/** A head, and then a whole request, must have arrived by then. */
const HEAD_TIMEOUT_MS = 10 * SECOND_MS
const REQUEST_TIMEOUT_MS = 60 * SECOND_MS

export interface OtlpHttpParts {
  /** Stores a request; `onReleased` is called when its bytes are not used any more. Throws BadData or Unavailable. */
  readonly accept: (request: ExportRequest, onReleased: () => void) => Promise<ExportOutcome>
  readonly admission: Admission
  readonly maxBodyBytes: number
  readonly maxResponseBytes: number
  readonly tokens: readonly IngestToken[]
  readonly counters: Counters
  readonly log: Logger
}

/** The OTLP/HTTP door (OTLP specification, OTLP/HTTP); it does not listen yet. Every error is a google.rpc.Status. */
export function createOtlpHttpServer(parts: OtlpHttpParts): FastifyInstance {
  const log = parts.log.child({ part: 'otlp' })
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEAD_TIMEOUT_MS },
    bodyLimit: Number.MAX_SAFE_INTEGER,
    forceCloseConnections: 'idle',
    // While it closes, what still comes on open connections is answered like any refusal: in the caller's encoding.
    return503OnClosing: false,
    clientErrorHandler: answerBrokenHead,
    frameworkErrors: (_error, request, reply) => {
      refuse(request, reply, new Refusal(400, 'the path is not a valid URL path'))
    },
  })
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
  app.addHook('onResponse', (request, reply, done) => {
    const labels = { signal: 'traces', encoding: encodingOf(request) ?? 'other' }
    parts.counters.requests.inc({ ...labels, status: String(reply.statusCode) })
    parts.counters.answerSeconds.observe(reply.elapsedTime / SECOND_MS)
    done()
  })
  addTraces(app, parts)
  return app
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
  { accept, admission, maxBodyBytes, counters }: OtlpHttpParts,
): Promise<ExportOutcome> {
  const reservation = admission.open()
  let body: Buffer
  try {
    body = await readBody(request.raw, reservation, maxBodyBytes)
  } catch (error) {
    reservation.release()
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

/** What cannot be parsed as HTTP has no encoding to answer in: JSON can be read by people. */
function answerBrokenHead(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400
  const { status: content } = new Refusal(status, `cannot read the request: ${error.message}`)
  const body = encodeStatus('json', content)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${MEDIA_TYPES.json}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`,
  )
}

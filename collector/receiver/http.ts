import type { OutgoingHttpHeaders, RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import fastifyCors from '@fastify/cors'
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Signal } from '../ingest/contract'
import { type Encoding, encodeStatus } from '../otlp/status'
import { readBody } from './body'
import { BrokenConnections, KEEP_ALIVE_MS, limitConnections } from './connections'
import { corsOptions, type CorsRules } from './cors'
import { Expectations } from './expectation'
import { answerAndLinger } from './linger'
import { type ReceiverParts, receive } from './receive'
import { Refusal, refusalOf } from './refusal'
import { createTokenCheck } from './token'

const PATHS: Readonly<Record<Signal, string>> = {
  traces: '/v1/traces',
  metrics: '/v1/metrics',
  logs: '/v1/logs',
}
const SIGNALS = Object.keys(PATHS) as Signal[]
const MEDIA_TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
const SECOND_MS = 1_000
/** Heads are late by this much at most before that is noticed. */
const LONGEST_CHECK_INTERVAL_MS = SECOND_MS

export interface OtlpHttpParts extends ReceiverParts {
  readonly cors: CorsRules
}

/** The OTLP/HTTP door (OTLP specification, OTLP/HTTP); it does not listen yet. Every error is a google.rpc.Status. */
export function createOtlpHttpServer(parts: OtlpHttpParts): FastifyInstance {
  const log = parts.log.child({ part: 'otlp' })
  const broken = new BrokenConnections(parts.counters)
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    ...serverOf(parts),
    bodyLimit: Number.MAX_SAFE_INTEGER,
    forceCloseConnections: 'idle',
    // While it closes, what still comes on open connections is answered like any refusal: in the caller's encoding.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => broken.end(error, socket),
    frameworkErrors: (_error, request, reply) => {
      refuse(request, reply, new Refusal('badData', 'the path is not a valid URL path'))
    },
  })
  limitConnections(app.server, parts.maxConnections, parts.counters)
  // Bodies are read by the route, after it has decided that it wants them.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler((error, request, reply) => {
    refuse(request, reply, refusalOfFramework(error, request) ?? refusalOf(error, log))
  })
  app.setNotFoundHandler((request, reply) => refuse(request, reply, notFound(request.url)))
  app.addHook('onRequest', (request, _reply, done) => {
    broken.noteHead(request.raw)
    done()
  })
  if (parts.cors.origins.length > 0) void app.register(fastifyCors, corsOptions(parts.cors))
  app.addHook('onResponse', (request, reply, done) => {
    parts.counters.requests.inc({
      signal: signalOf(request) ?? 'other',
      encoding: encodingOf(request) ?? 'other',
      status: String(reply.statusCode),
    })
    parts.counters.answerSeconds.observe(reply.elapsedTime / SECOND_MS)
    done()
  })
  const expectations = new Expectations(app.server)
  for (const signal of SIGNALS) addSignal(app, signal, parts, expectations)
  return app
}

/** Over TLS or not, and what Node is to hold heads, and whole requests, to. */
function serverOf({ headerTimeoutMs, bodyTimeoutMs, tls }: ReceiverParts) {
  // Only for the rest of bodies that were refused unread: the others have a time-out of their own.
  const requestTimeout = headerTimeoutMs + bodyTimeoutMs
  const timeouts = {
    headersTimeout: headerTimeoutMs,
    requestTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(LONGEST_CHECK_INTERVAL_MS, headerTimeoutMs),
  }
  if (tls === null) return { http: timeouts, requestTimeout, keepAliveTimeout: KEEP_ALIVE_MS }
  return {
    serverFactory: (handler: RequestListener) =>
      tls.follow(createTlsServer({ ...timeouts, ...tls.options }, handler)),
  }
}

function addSignal(
  app: FastifyInstance,
  signal: Signal,
  parts: ReceiverParts,
  expectations: Expectations,
): void {
  const tenantOf = createTokenCheck(parts.tokens)
  const url = PATHS[signal]
  app.post(url, async (request, reply) => {
    const tenant = tenantOf(request.headers.authorization)
    const encoding = encodingOf(request)
    if (encoding === null) throw unknownType(request)
    try {
      const answer = await receive(parts, { signal, encoding, tenant }, (reservation) =>
        readBody(request.raw, reservation, parts.maxBodyBytes, () =>
          expectations.meet(request.raw, reply.raw),
        ),
      )
      void reply.type(MEDIA_TYPES[encoding]).send(answer)
    } finally {
      // What was left unread would keep the connection from its next request.
      request.raw.resume()
    }
    return reply
  })
  app.route({
    method: ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url,
    handler: (request, reply) => {
      const message = `${request.method} is not for ${url}: export requests are sent with POST`
      refuse(request, reply, new Refusal('wrongMethod', message, { headers: { allow: 'POST' } }))
    },
  })
}

/** Of Fastify's own errors, which say by their status whether the request is at fault. */
function refusalOfFramework(error: unknown, request: FastifyRequest): Refusal | null {
  const { statusCode = 500, message } = error as { statusCode?: number; message: string }
  if (statusCode >= 500) return null
  return statusCode === 415 ? unknownType(request) : new Refusal('badData', message)
}

function unknownType({ headers }: FastifyRequest): Refusal {
  const known = Object.values(MEDIA_TYPES)
  return new Refusal(
    'unsupported',
    `cannot read Content-Type ${headers['content-type'] ?? 'none'}: ${known.join(' and ')} are known`,
    { headers: { accept: known.join(', ') } },
  )
}

function notFound(url: string): Refusal {
  const known = SIGNALS.map((signal) => `${signal} at ${PATHS[signal]}`).join(', ')
  return new Refusal('notFound', `there is nothing at ${pathOf(url)}; taken are ${known}`)
}

/** In the caller's encoding; protobuf, the default of OTLP, when it named none that is known. */
function refuse(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): void {
  const encoding = encodingOf(request) ?? 'protobuf'
  const content = encodeStatus(encoding, refusal.status)
  reply.code(refusal.httpStatus).headers(refusal.headers).type(MEDIA_TYPES[encoding])
  // Where the connection stays open Node discards the rest. One on which a body was too slow is closed at once.
  const lingers = !reply.raw.shouldKeepAlive && !request.raw.complete
  if (!lingers || refusal.headers.connection === 'close') {
    void reply.send(content)
    return
  }
  reply.header('content-length', content.length).hijack()
  reply.raw.writeHead(refusal.httpStatus, reply.getHeaders() as OutgoingHttpHeaders)
  answerAndLinger(request.raw, reply.raw, content)
}

function encodingOf(request: FastifyRequest): Encoding | null {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === MEDIA_TYPES.protobuf) return 'protobuf'
  return type === MEDIA_TYPES.json ? 'json' : null
}

function signalOf({ url }: FastifyRequest): Signal | undefined {
  const path = pathOf(url)
  return SIGNALS.find((signal) => PATHS[signal] === path)
}

function pathOf(url: string): string {
  return url.split('?')[0] ?? ''
}

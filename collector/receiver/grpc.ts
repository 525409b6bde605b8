import { once } from 'node:events'
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Signal } from '../ingest/contract'
import { STATUS_CODE, type StatusCode } from '../otlp/status'
import { KEEP_ALIVE_MS, limitConnections } from './connections'
import { sendHttpStatus, sendMessage, sendRefusal } from './grpc-answer'
import { type Compression, COMPRESSIONS, readMessage } from './grpc-message'
import { type ReceiverParts, receive } from './receive'
import { Refusal, refusalOf } from './refusal'
import { Sessions } from './sessions'
import { parseGrpcTimeoutMs, within } from './timeout'
import { createTokenCheck } from './token'

const SECOND_MS = 1_000
const PACKAGE = '/opentelemetry.proto.collector'
const METHODS = new Map<string, Signal>([
  [`${PACKAGE}.trace.v1.TraceService/Export`, 'traces'],
  [`${PACKAGE}.metrics.v1.MetricsService/Export`, 'metrics'],
  [`${PACKAGE}.logs.v1.LogsService/Export`, 'logs'],
])
const CODE_NAMES = new Map<StatusCode, string>(
  Object.entries(STATUS_CODE).map(([name, code]) => [code, name]),
)

/** Clients in JavaScript have 30 requests under way, and a proxy carries several clients on one connection. */
const MAX_STREAMS = 128
/** What a client may send of a request before it is read, and thus before it is admitted: the window HTTP/2 begins with. */
const WINDOW_BYTES = 65_535
const MAX_HEADER_BYTES = 16 * 1024
/** What streams and queued frames of a connection may take; beyond it Node refuses further streams. */
const MAX_SESSION_MIB = 32
/** Frames without sense after which Node gives a connection up. */
const MAX_INVALID_FRAMES = 100

/** A door that is closed in two steps. */
export interface OtlpGrpcServer {
  readonly server: Http2Server | Http2SecureServer
  listen(address: { readonly host: string; readonly port: number }): Promise<void>
  /** Sends GOAWAY, and resolves when the requests under way are answered and the connections closed. */
  close(): Promise<void>
  /** Ends every connection at once. */
  closeAllConnections(): void
}

/**
 * The OTLP/gRPC door (OTLP specification, OTLP/gRPC; gRPC over HTTP/2); it does not listen yet. It takes the unary Export of
 * three services; any other call is UNIMPLEMENTED.
 */
export function createOtlpGrpcServer(parts: ReceiverParts): OtlpGrpcServer {
  const server = createHttp2Server(parts)
  limitConnections(server, parts.maxConnections, parts.counters)
  const sessions = new Sessions(server, { ...parts, keepAliveMs: KEEP_ALIVE_MS })
  const answer = createAnswer(parts)
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    void answer(stream, headers)
  })
  return {
    server,
    async listen({ host, port }) {
      server.listen(port, host)
      await once(server, 'listening')
      const { port: bound } = server.address() as AddressInfo
      parts.log.info({ part: 'otlp' }, `Server listening for OTLP/gRPC at ${host}, port ${bound}`)
    },
    close: () => sessions.close(),
    closeAllConnections: () => sessions.destroy(),
  }
}

function createHttp2Server({ tls }: ReceiverParts): Http2Server | Http2SecureServer {
  const options = {
    maxSessionMemory: MAX_SESSION_MIB,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      initialWindowSize: WINDOW_BYTES,
      maxHeaderListSize: MAX_HEADER_BYTES,
    },
  }
  if (tls === null) return createServer(options)
  return tls.follow(createSecureServer({ ...options, ...tls.options }))
}

/** Answers a request, whatever becomes of it, and counts it. */
function createAnswer(parts: ReceiverParts) {
  const respond = createRespond(parts)
  return async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
    const startedAtMs = performance.now()
    // Whoever reads the stream is told; one that fails later has nobody to tell.
    stream.on('error', () => undefined)
    const status = await respond(stream, headers)
    resetWhenUnread(stream, parts.bodyTimeoutMs)
    const signal = METHODS.get(headers[':path'] ?? '') ?? 'other'
    parts.counters.requests.inc({ signal, encoding: 'protobuf', status })
    parts.counters.answerSeconds.observe((performance.now() - startedAtMs) / SECOND_MS)
  }
}

/** Sends the answer and returns its status, by the name of its code where it is one of gRPC. */
function createRespond(parts: ReceiverParts) {
  const log = parts.log.child({ part: 'otlp' })
  const serve = createExport(parts)
  return async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<string> => {
    const foreign = judgeProtocol(headers)
    if (foreign !== null) {
      sendHttpStatus(stream, foreign)
      return String(foreign.httpStatus)
    }
    try {
      const message = await serve(stream, headers)
      return sendIfOpen(stream, STATUS_CODE.OK, () => sendMessage(stream, message))
    } catch (error) {
      const refusal = refusalOf(error, log)
      return sendIfOpen(stream, refusal.grpcStatus.code, () => sendRefusal(stream, refusal))
    }
  }
}

/** Serves a call up to the bytes of its response. Throws Refusal, or what storing it throws. */
function createExport(parts: ReceiverParts) {
  const tenantOf = createTokenCheck(parts.tokens)
  return async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<Buffer> => {
    const path = headers[':path'] ?? ''
    const signal = METHODS.get(path)
    if (signal === undefined) {
      const known = [...METHODS.keys()].join(', ')
      throw new Refusal('notFound', `there is no method ${path}; known are ${known}`)
    }
    const tenant = tenantOf(headers.authorization)
    const compression = compressionOf(headers)
    const about = { signal, encoding: 'protobuf', tenant } as const
    return within(parseGrpcTimeoutMs(headers['grpc-timeout'] as string | undefined), overdue, () =>
      receive(parts, about, (reservation) =>
        readMessage(stream, compression, reservation, parts.maxBodyBytes),
      ),
    )
  }
}

/** Why a request is not gRPC at all, which is answered by HTTP alone (gRPC over HTTP/2, Requests); else null. */
function judgeProtocol(headers: IncomingHttpHeaders): Refusal | null {
  const type = headers['content-type'] ?? 'none'
  if (!/^application\/grpc(?:[+;\s]|$)/i.test(type)) {
    const message = `cannot read Content-Type ${type}: this is the door of OTLP/gRPC`
    return new Refusal('unsupported', message, { headers: { accept: 'application/grpc' } })
  }
  if (headers[':method'] === 'POST') return null
  return new Refusal('wrongMethod', 'a call is a POST', { headers: { allow: 'POST' } })
}

function compressionOf(headers: IncomingHttpHeaders): Compression {
  const type = headers['content-type'] ?? ''
  if (!/^application\/grpc(?:\+proto)?\s*(?:;|$)/i.test(type)) {
    throw new Refusal('unsupported', `cannot read ${type}: messages are protobuf`)
  }
  const name = String(headers['grpc-encoding'] ?? 'identity').toLowerCase()
  const compression = COMPRESSIONS.find((known) => known === name)
  if (compression !== undefined) return compression
  const known = COMPRESSIONS.join(' and ')
  throw new Refusal('unsupported', `cannot read grpc-encoding ${name}: ${known} are known`)
}

function overdue(): Refusal {
  return new Refusal('overdue', 'the time the client gave in grpc-timeout is over')
}

/** The name of the code; a call that the client has given up is not answered. */
function sendIfOpen(stream: ServerHttp2Stream, code: StatusCode, send: () => void): string {
  const isOpen = !stream.closed && !stream.destroyed
  if (isOpen) send()
  return CODE_NAMES.get(isOpen ? code : STATUS_CODE.CANCELLED) ?? ''
}

/** A client that does not take its answer gives the stream back all the same. */
function resetWhenUnread(stream: ServerHttp2Stream, timeoutMs: number): void {
  if (stream.destroyed) return
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), timeoutMs)
  stream.once('close', () => clearTimeout(timer))
}

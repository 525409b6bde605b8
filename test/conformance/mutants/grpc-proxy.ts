import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { frame, unframe } from '../grpc'
import type { Proxy } from './http-proxy'

export interface GrpcCall {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** The message, decompressed. */
  readonly message: Buffer
}

/** How a call ended. */
export interface GrpcEnd {
  readonly code: number
  readonly message: string
  /** An encoded google.rpc.Status. */
  readonly details: Buffer | null
  /** The response message. */
  readonly body: Buffer | null
}

export interface GrpcMutation {
  /** Of a call that was read whole; an end is sent without asking the receiver. */
  call?(call: GrpcCall): GrpcCall | GrpcEnd
  end?(end: GrpcEnd): GrpcEnd
  /** Closes a connection after its first call. */
  readonly closes?: boolean
}

interface Answer {
  readonly headers: OutgoingHttpHeaders
  readonly bytes: Buffer
  readonly trailers: OutgoingHttpHeaders | null
}

/** An HTTP/2 server that is the receiver at `address` but for the mutation. */
export async function startGrpcProxy(address: string, mutation: GrpcMutation): Promise<Proxy> {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    const upstream = connect(`http://${address}`)
    upstream.on('error', () => session.destroy())
    sessions.add(session)
    session.once('close', () => {
      sessions.delete(session)
      upstream.destroy()
    })
    session.on('stream', (stream, headers) => {
      stream.on('error', () => undefined)
      const ending = exchange(upstream, mutation, stream, headers)
      // Whoever called is told by the end of the call that the receiver did not answer.
      ending.catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
      if (mutation.closes) stream.once('close', () => session.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const session of sessions) session.destroy()
      await once(server.close(), 'close')
    },
  }
}

async function exchange(
  upstream: ClientHttp2Session,
  mutation: GrpcMutation,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  if (mutation.call === undefined) {
    reply(stream, mutate(mutation, await forward(upstream, headers, stream)))
    return
  }
  const bytes = await readWhole(stream)
  const { message, isCompressed } = unframe(bytes)
  const path = headers[':path'] ?? ''
  const changed = mutation.call({ path, headers, message: inflate(message, isCompressed) })
  if ('code' in changed) {
    reply(stream, answerOf(changed))
    return
  }
  const sent = { ...changed.headers, ':path': changed.path }
  reply(stream, mutate(mutation, await forward(upstream, sent, frame(changed.message))))
}

function mutate({ end: change }: GrpcMutation, answer: Answer): Answer {
  if (change === undefined || answer.headers[':status'] !== 200) return answer
  const last = answer.trailers ?? answer.headers
  const details = last['grpc-status-details-bin']
  const end: GrpcEnd = {
    code: Number(last['grpc-status']),
    message: String(last['grpc-message'] ?? ''),
    details: details === undefined ? null : Buffer.from(String(details), 'base64'),
    body: answer.bytes.length === 0 ? null : unframe(answer.bytes).message,
  }
  return answerOf(change(end))
}

function answerOf({ code, message, details, body }: GrpcEnd): Answer {
  return {
    headers: { ':status': 200, 'content-type': 'application/grpc' },
    bytes: body === null ? Buffer.alloc(0) : frame(body),
    trailers: {
      'grpc-status': String(code),
      'grpc-message': message,
      ...(details && { 'grpc-status-details-bin': details.toString('base64') }),
    },
  }
}

async function forward(
  upstream: ClientHttp2Session,
  headers: IncomingHttpHeaders,
  body: Buffer | ServerHttp2Stream,
): Promise<Answer> {
  const call = upstream.request(headers)
  let trailers: IncomingHttpHeaders | null = null
  call.on('trailers', (received: IncomingHttpHeaders) => (trailers = received))
  if (Buffer.isBuffer(body)) call.end(body)
  else {
    body.once('aborted', () => call.close(constants.NGHTTP2_CANCEL))
    body.pipe(call)
  }
  const head = new Promise<Answer['headers']>((resolve, reject) => {
    call.once('response', resolve)
    call.once('close', () => reject(new Error('the receiver did not answer')))
  })
  call.on('error', () => undefined)
  const received = await head
  const bytes = await readWhole(call)
  if (!Buffer.isBuffer(body)) body.unpipe(call).resume()
  return { headers: received, bytes, trailers }
}

function reply(stream: ServerHttp2Stream, { headers, bytes, trailers }: Answer): void {
  if (stream.destroyed) return
  if (trailers === null) {
    stream.respond(headers, { endStream: true })
  } else {
    stream.once('wantTrailers', () => stream.sendTrailers(trailers))
    stream.respond(headers, { waitForTrailers: true })
    stream.end(bytes)
  }
}

async function readWhole(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** As it is where it cannot be undone: the receiver is to judge. */
function inflate(message: Buffer, isCompressed: boolean): Buffer {
  if (!isCompressed) return message
  try {
    return gunzipSync(message)
  } catch {
    return message
  }
}

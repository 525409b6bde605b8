import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2'
import { gzipSync } from 'node:zlib'
import { type Status, statusFromProtobuf } from './http'
import type { Signal } from './target'

export const GRPC = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  resourceExhausted: 8,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const

const SERVICES: Readonly<Record<Signal, string>> = {
  traces: 'trace.v1.TraceService',
  metrics: 'metrics.v1.MetricsService',
  logs: 'logs.v1.LogsService',
}
/** Node counts what waits to be sent, and with less would refuse the headers of the answer. */
const SESSION_MIB = 1_024
/** The Compressed-Flag and the length before every message. */
const PREFIX_BYTES = 5

const RETRYABLE: readonly number[] = [
  GRPC.cancelled,
  GRPC.deadlineExceeded,
  GRPC.aborted,
  GRPC.outOfRange,
  GRPC.unavailable,
  GRPC.dataLoss,
]

export interface GrpcAnswer {
  readonly httpStatus: number
  /** The code in `grpc-status`; null when there is none. */
  readonly code: number | null
  readonly message: string
  /** What `grpc-status-details-bin` holds. */
  readonly status: Status | null
  /** The response message. */
  readonly body: Buffer | null
  readonly headers: IncomingHttpHeaders
}

export interface GrpcOptions {
  readonly gzip?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

export function methodOf(signal: Signal): string {
  return `/opentelemetry.proto.collector.${SERVICES[signal]}/Export`
}

/** Whether a client may send again (OTLP/gRPC, Failures). */
export function isRetryableCode({ code, status }: Pick<GrpcAnswer, 'code' | 'status'>): boolean {
  if (code === GRPC.resourceExhausted) return status?.details.includes('RetryInfo') ?? false
  return code !== null && RETRYABLE.includes(code)
}

/** A message as it is sent; `isCompressed` says that it is, and compresses nothing. */
export function frame(message: Uint8Array, isCompressed = false): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix[0] = isCompressed ? 1 : 0
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

/** The message in a frame. */
export function unframe(bytes: Buffer): {
  readonly message: Buffer
  readonly isCompressed: boolean
} {
  return { message: bytes.subarray(PREFIX_BYTES), isCompressed: bytes[0] === 1 }
}

/** A connection of a client. */
export class GrpcConnection {
  readonly #session: ClientHttp2Session

  /** Not connected yet: an address where nobody listens shows at the first call. */
  constructor(address: string, authority?: string) {
    const scheme = authority === undefined ? 'http' : 'https'
    const ca = authority === undefined ? {} : { ca: authority }
    this.#session = connect(`${scheme}://${address}`, { maxSessionMemory: SESSION_MIB, ...ca })
    this.#session.on('error', () => undefined)
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed
  }

  /** Exports a message. */
  export(signal: Signal, message: Uint8Array, { gzip = false, headers = {} }: GrpcOptions = {}) {
    const bytes = gzip ? frame(gzipSync(message), true) : frame(message)
    const encoding = gzip ? { 'grpc-encoding': 'gzip' } : {}
    return this.send(methodOf(signal), bytes, { ...encoding, ...headers })
  }

  /** Sends bytes as the body of a call. */
  async send(
    path: string,
    bytes: Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<GrpcAnswer> {
    const stream = this.begin(path, headers)
    stream.end(bytes)
    return readGrpcAnswer(stream)
  }

  /** A call whose body is still to come. */
  begin(path: string, headers: Readonly<Record<string, string>> = {}): ClientHttp2Stream {
    return this.#session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    })
  }

  /** Whether a PING comes back. */
  async ping(): Promise<boolean> {
    const session = this.#session
    if (session.connecting) await once(session, 'connect')
    return new Promise((resolve) => {
      if (!this.isOpen || !session.ping((error) => resolve(error === null))) resolve(false)
    })
  }

  close(): void {
    this.#session.destroy()
  }
}

/** The answer to a call; rejects when the connection broke off, or the stream was reset without a status. */
export async function readGrpcAnswer(stream: ClientHttp2Stream): Promise<GrpcAnswer> {
  let trailers: IncomingHttpHeaders = {}
  stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received))
  const headers = await readHead(stream)
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  const end = 'grpc-status' in headers ? headers : trailers
  const details = end['grpc-status-details-bin']
  const bytes = Buffer.concat(chunks)
  return {
    httpStatus: headers[':status'] ?? 0,
    code: end['grpc-status'] === undefined ? null : Number(end['grpc-status']),
    message: decodeURIComponent(String(end['grpc-message'] ?? '')),
    status:
      details === undefined ? null : statusFromProtobuf(Buffer.from(String(details), 'base64')),
    body: bytes.length === 0 ? null : unframe(bytes).message,
    headers,
  }
}

function readHead(stream: ClientHttp2Stream) {
  type Head = IncomingHttpHeaders & { ':status'?: number }
  return new Promise<Head>((resolve, reject) => {
    stream.once('response', resolve)
    stream.once('error', reject)
    stream.once('close', () => reject(new Error(`the call ended unanswered (${stream.rstCode})`)))
  })
}

/** One call on a connection of its own. */
export async function callGrpc(
  address: string,
  signal: Signal,
  message: Uint8Array,
  { authority, ...options }: GrpcOptions & { readonly authority?: string } = {},
): Promise<GrpcAnswer> {
  return withConnection(
    address,
    (connection) => connection.export(signal, message, options),
    authority,
  )
}

/** Opens a connection for `use`, and closes it. */
export async function withConnection<T>(
  address: string,
  use: (connection: GrpcConnection) => Promise<T>,
  authority?: string,
): Promise<T> {
  const connection = new GrpcConnection(address, authority)
  try {
    return await use(connection)
  } finally {
    connection.close()
  }
}

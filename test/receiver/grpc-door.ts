import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import type { Test } from 'tap'
import type { ExportRequest, Signal } from '../../collector/ingest/contract'
import { createOtlpGrpcServer } from '../../collector/receiver/grpc'
import type { Row } from '../helpers/copy-rows'
import { decodeMessage, Status } from '../helpers/otlp'
import { CODE, type DoorOptions, takeIn } from './door'

const PACKAGE = '/opentelemetry.proto.collector'
export const METHODS: Readonly<Record<Signal, string>> = {
  traces: `${PACKAGE}.trace.v1.TraceService/Export`,
  metrics: `${PACKAGE}.metrics.v1.MetricsService/Export`,
  logs: `${PACKAGE}.logs.v1.LogsService/Export`,
}

/** How a call ended. */
export interface GrpcAnswer {
  readonly code: number
  readonly message: string
  /** The response, null when there is none. */
  readonly body: Buffer | null
  /** Of grpc-status-details-bin. */
  readonly details: readonly { readonly typeUrl: string; readonly value: Buffer }[]
  /** The code inside of grpc-status-details-bin. */
  readonly detailsCode: number | undefined
}

export interface CallOptions {
  readonly path?: string
  readonly metadata?: Record<string, string>
  readonly gzip?: boolean
  readonly deadlineMs?: number
}

export interface GrpcDoor {
  readonly port: number
  readonly server: ReturnType<typeof createOtlpGrpcServer>
  readonly requests: ExportRequest[]
  readonly rows: Row[]
  usedBytes(): number
  /** A unary call by the official client, on one connection for all. */
  call(body: Buffer, options?: CallOptions): Promise<GrpcAnswer>
  /** A connection on which tests frame what they send themselves. */
  session(): ClientHttp2Session
}

/** A listening OTLP/gRPC door over `takeIn`. */
export async function openGrpcDoor(t: Test, overrides: DoorOptions = {}): Promise<GrpcDoor> {
  const { parts, ...inside } = takeIn(t, overrides)
  const door = createOtlpGrpcServer(parts)
  door.server.listen(0, '127.0.0.1')
  await once(door.server, 'listening')
  const { port } = door.server.address() as AddressInfo
  t.teardown(async () => {
    const closed = door.close()
    door.closeAllConnections()
    await closed
  })
  return {
    ...inside,
    port,
    server: door,
    call: openGrpcClient(t, port),
    session() {
      // Node counts what waits to be sent as memory of the session, and with too much of it drops what it receives.
      const session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: 1_000 })
      session.on('error', () => undefined)
      t.teardown(() => session.destroy())
      return session
    },
  }
}

/** Unary calls of the official client to a port, on one connection for plain and one for compressed messages. */
export function openGrpcClient(
  t: { teardown(fn: () => void): void },
  port: number,
): GrpcDoor['call'] {
  const [plain, zipping] = [{}, { 'grpc.default_compression_algorithm': 2 }].map(
    (options) =>
      new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { ...CHANNEL, ...options }),
  ) as [Client, Client]
  t.teardown(() => {
    plain.close()
    zipping.close()
  })
  return (body, { gzip = false, ...options } = {}) => call(gzip ? zipping : plain, body, options)
}

/** The answer of a stream opened by hand: its headers, trailers among them, and its bytes. */
export async function readAnswer(
  stream: ClientHttp2Stream,
): Promise<{ readonly headers: IncomingHttpHeaders; readonly body: Buffer }> {
  const headers: IncomingHttpHeaders = {}
  stream.on('response', (head) => Object.assign(headers, head))
  stream.on('trailers', (trailers) => Object.assign(headers, trailers))
  stream.on('error', () => undefined)
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'close')
  return { headers, body: Buffer.concat(chunks) }
}

/** The head of an Export of spans. */
export function head(headers: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  return {
    ':method': 'POST',
    ':path': METHODS.traces,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  }
}

/** A message with its prefix. */
export function frame(body: Uint8Array, { flag = 0, length = body.length } = {}): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, body])
}

/** No retries of the client's own, which would hide what it was answered. */
const CHANNEL = {
  'grpc.enable_retries': 0,
  'grpc.max_send_message_length': -1,
  'grpc.max_receive_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
}

function call(
  client: Client,
  body: Buffer,
  { path = METHODS.traces, metadata = {}, deadlineMs }: CallOptions,
): Promise<GrpcAnswer> {
  const fields = new Metadata()
  for (const [name, value] of Object.entries(metadata)) fields.set(name, value)
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
  return new Promise((resolve) => {
    const done = (error: ServiceError | null, response?: Buffer) => {
      resolve(readOutcome(error, response ?? null))
    }
    client.makeUnaryRequest(path, same, same, body, fields, options, done)
  })
}

const same = (bytes: Buffer): Buffer => bytes

function readOutcome(error: ServiceError | null, body: Buffer | null): GrpcAnswer {
  const [encoded] = error?.metadata?.get('grpc-status-details-bin') ?? []
  const status = encoded ? (decodeMessage(Status, encoded as Buffer) as unknown as RpcStatus) : null
  return {
    code: error?.code ?? CODE.ok,
    message: error?.details ?? '',
    body,
    details: status?.details ?? [],
    detailsCode: status?.code,
  }
}

interface RpcStatus {
  readonly code: number
  readonly message: string
  readonly details?: { readonly typeUrl: string; readonly value: Buffer }[]
}

import { once } from 'node:events'
import {
  Agent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { pino } from 'pino'
import type { Test } from 'tap'
import type { ExportOutcome, ExportRequest } from '../../collector/ingest/contract'
import { protobufFromJson } from '../../collector/otlp/json'
import { EXPORT_TRACE_SERVICE_REQUEST } from '../../collector/otlp/schema'
import { createAdmission } from '../../collector/receiver/admission'
import { createOtlpHttpServer, type OtlpHttpParts } from '../../collector/receiver/http'
import { type Counters, createCounters } from '../../collector/telemetry/counters'
import { createTraceTranslator } from '../helpers/translator'
import { decodeSpanRows, type Row } from '../helpers/copy-rows'
import { type Encoding, decodeMessage, Status } from '../helpers/otlp'
import { until } from '../helpers/until'

export const TIMEOUT_MS = 10_000
export const MAX_BODY_BYTES = 1024 * 1024
export const TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
export const PATHS = ['/v1/traces', '/v1/metrics', '/v1/logs'] as const
export const ENCODINGS: readonly Encoding[] = ['protobuf', 'json']
/** Of google.rpc.Code, as the Status and grpc-status have them. */
export const CODE = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const
const DAY_MS = 86_400_000

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Door {
  readonly url: string
  readonly port: number
  readonly server: ReturnType<typeof createOtlpHttpServer>
  /** Every request that was accepted whole, and the rows they became. */
  readonly requests: ExportRequest[]
  readonly rows: Row[]
  usedBytes(): number
  /** Exports a body; `path` is /v1/traces and `content-type` that of the encoding unless told. */
  post(body: Buffer, options?: PostOptions): Promise<Answer>
  /** Writes bytes to a connection of its own and reads until the server closes it or `answers` heads were read. */
  raw(chunks: readonly (string | Buffer)[], answers?: number): Promise<string>
}

export interface PostOptions {
  readonly encoding?: Encoding
  readonly path?: string
  readonly method?: string
  readonly headers?: Record<string, string>
}

/** A listening OTLP/HTTP door over `takeIn`. At teardown its admission budget must be empty. */
export async function openDoor(t: Test, overrides: DoorOptions = {}): Promise<Door> {
  const { parts, ...inside } = takeIn(t, overrides)
  const server = createOtlpHttpServer(parts)
  await server.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    server.server.closeAllConnections()
    await server.close()
  })
  const { port } = server.server.address() as AddressInfo
  return {
    ...inside,
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    post: (body, options) => post(port, body, options),
    raw: (chunks, answers) => raw(port, chunks, answers),
  }
}

export type DoorOptions = Partial<OtlpHttpParts> & { budgetBytes?: number }

/** What lies behind a door: it translates spans and stores in memory; metrics and logs are kept unread. */
export function takeIn(t: Test, { budgetBytes = 64 * MAX_BODY_BYTES, ...overrides }: DoorOptions) {
  const admission = createAdmission(budgetBytes)
  const requests: ExportRequest[] = []
  const rows: Row[] = []
  const translate = createTranslate()
  const store = (request: ExportRequest): ExportOutcome => {
    const stored = request.signal === 'traces' ? translate(request) : null
    requests.push(request)
    if (stored === null) return { rejected: 0, message: '' }
    rows.push(...decodeSpanRows(stored.copies))
    return { rejected: stored.rejected, message: stored.rejection }
  }
  const parts: OtlpHttpParts = {
    accept: (request, onReleased) => {
      try {
        return Promise.resolve(store(request))
      } catch (error) {
        return Promise.reject(error as Error)
      } finally {
        onReleased()
      }
    },
    admission,
    maxConnections: 1_000,
    headerTimeoutMs: TIMEOUT_MS,
    bodyTimeoutMs: TIMEOUT_MS,
    maxBodyBytes: MAX_BODY_BYTES,
    maxResponseBytes: 4 * 1024 * 1024,
    tokens: [],
    tls: null,
    cors: { origins: [], headers: [] },
    counters: createCounters(),
    log: pino({ level: 'silent' }),
    ...overrides,
  }
  t.teardown(() => until(() => admission.usedBytes() === 0, TIMEOUT_MS, 'an empty budget'))
  return { parts, requests, rows, usedBytes: () => admission.usedBytes() }
}

/** Requests that wait behind a door until they are let go, one by one. */
export function holdRequests() {
  const held: (() => void)[] = []
  const accept: OtlpHttpParts['accept'] = (_request, onReleased) =>
    new Promise((resolve) => {
      held.push(() => {
        onReleased()
        resolve({ rejected: 0, message: '' })
      })
    })
  return { held, accept }
}

/** A figure of the collector's own metrics; labels as they are written, in braces. */
export async function valueOf({ registry }: Counters, name: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.slice(name.length) ?? Number.NaN)
}

/** The google.rpc.Status of an answer, in the encoding its Content-Type names. */
export function readStatus({ headers, body }: Answer): {
  code: number
  message: string
  details: { type: string; value: string }[]
} {
  if (headers['content-type'] === TYPES.json) {
    const { code, message, details = [] } = JSON.parse(body.toString()) as JsonStatus
    const rest = details.map(({ '@type': type, ...value }) => ({
      type,
      value: JSON.stringify(value),
    }))
    return { code, message, details: rest }
  }
  const { code, message, details } = decodeMessage(Status, body) as unknown as ProtobufStatus
  const rest = (details ?? []).map(({ typeUrl, value }) => ({
    type: typeUrl,
    value: value.toString(),
  }))
  return { code, message, details: rest }
}

interface JsonStatus {
  readonly code: number
  readonly message: string
  readonly details?: { readonly '@type': string }[]
}

interface ProtobufStatus {
  readonly code: number
  readonly message: string
  readonly details?: { readonly typeUrl: string; readonly value: Buffer }[]
}

function createTranslate() {
  const translator = createTraceTranslator({
    retentionMs: 30 * DAY_MS,
    maxAheadMs: DAY_MS,
    tenantAttributes: ['tenant.id'],
    dictionaryCacheSize: 100,
  })
  return ({ encoding, body, receivedMs, tenant }: ExportRequest) => {
    const bytes = encoding === 'json' ? protobufFromJson(body, EXPORT_TRACE_SERVICE_REQUEST) : body
    return translator.translate(bytes, { receivedMs, tenant })
  }
}

async function post(
  port: number,
  body: Buffer,
  { encoding = 'protobuf', path = '/v1/traces', method = 'POST', headers }: PostOptions = {},
): Promise<Answer> {
  // Like the exporters' own; it is closed with the answer.
  const agent = new Agent({ keepAlive: true })
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method,
    agent,
    headers: { 'content-type': TYPES[encoding], ...lengthOf(body, headers), ...headers },
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  agent.destroy()
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
  }
}

function lengthOf(body: Buffer, headers: Record<string, string> = {}): Record<string, string> {
  return 'transfer-encoding' in headers ? {} : { 'content-length': String(body.length) }
}

async function raw(
  port: number,
  chunks: readonly (string | Buffer)[],
  answers = Infinity,
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
    if (text.split('HTTP/1.1 ').length > answers) socket.destroy()
  })
  await once(socket, 'connect')
  const closed = once(socket, 'close')
  for (const chunk of chunks) socket.write(chunk)
  await closed
  return text
}

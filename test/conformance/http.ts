import { once } from 'node:events'
import {
  Agent,
  request as plainRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { decodeMessage, type Encoding, Status as StatusType } from '../helpers/otlp'
import type { Signal } from './target'

export const MEDIA_TYPES = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
} as const
export const ENCODINGS: readonly Encoding[] = ['protobuf', 'json']

/** Only these may be sent again (OTLP/HTTP, Retryable Response Codes). */
const RETRYABLE = [429, 502, 503, 504]
const TIMEOUT_MS = 60_000

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface HttpOptions {
  /** Says it in Content-Type; left out, there is none but that of `headers`. */
  readonly encoding?: Encoding
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Keeps connections; without one there is a connection a request. */
  readonly agent?: Agent
  /** The certificate of whoever signed the receiver's. */
  readonly authority?: string
}

export interface Status {
  readonly code: number
  readonly message: string
  /** The names of the messages in it, without their packages. */
  readonly details: readonly string[]
}

export function pathOf(signal: Signal): string {
  return `/v1/${signal}`
}

export function isRetryableStatus(status: number): boolean {
  return RETRYABLE.includes(status)
}

/** Sends a request to `url`, path included, and reads the whole answer. */
export async function sendHttp(
  url: string,
  body: Buffer,
  { encoding, method = 'POST', headers = {}, agent, authority }: HttpOptions = {},
): Promise<HttpAnswer> {
  const isChunked = 'transfer-encoding' in headers
  // Like those of exporters. "Connection: close" would have a receiver close on a client that still sends.
  const own = agent ?? createAgent(authority)
  const options = {
    method,
    agent: own,
    timeout: TIMEOUT_MS,
    headers: {
      ...(encoding && { 'content-type': MEDIA_TYPES[encoding] }),
      ...(!isChunked && { 'content-length': String(body.length) }),
      ...headers,
    },
  }
  const request = url.startsWith('https:')
    ? secureRequest(url, options)
    : plainRequest(url, options)
  try {
    request.end(body)
    return await readAnswer(request)
  } finally {
    if (own !== agent) own.destroy()
  }
}

function createAgent(authority: string | undefined): Agent {
  const keepAlive = true
  return authority === undefined
    ? new Agent({ keepAlive })
    : new SecureAgent({ keepAlive, ca: authority })
}

/** The answer to a request under way. */
export async function readAnswer(request: ReturnType<typeof plainRequest>): Promise<HttpAnswer> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  // A receiver may answer before it has read everything, and close: what matters is the answer.
  request.on('error', () => undefined)
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
  }
}

/** The encoding that an answer's Content-Type names, null for any other. */
export function encodingOf({ headers }: Pick<HttpAnswer, 'headers'>): Encoding | null {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  return ENCODINGS.find((encoding) => MEDIA_TYPES[encoding] === type) ?? null
}

/** The google.rpc.Status in the body; null when it is none. */
export function readStatus(answer: HttpAnswer): Status | null {
  try {
    const encoding = encodingOf(answer)
    if (encoding === null) return null
    return encoding === 'json' ? statusFromJson(answer.body) : statusFromProtobuf(answer.body)
  } catch {
    return null
  }
}

export function statusFromProtobuf(bytes: Uint8Array): Status {
  const {
    code = 0,
    message = '',
    details = [],
  } = decodeMessage(StatusType, bytes) as {
    code?: number
    message?: string
    details?: { typeUrl: string }[]
  }
  return { code, message, details: details.map(({ typeUrl }) => nameOf(typeUrl)) }
}

function statusFromJson(bytes: Buffer): Status {
  const {
    code = 0,
    message = '',
    details = [],
  } = JSON.parse(bytes.toString()) as {
    code?: number
    message?: string
    details?: { '@type': string }[]
  }
  return { code, message, details: details.map((detail) => nameOf(detail['@type'])) }
}

function nameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1)
}

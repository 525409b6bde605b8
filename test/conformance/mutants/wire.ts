import { gzipSync, gunzipSync } from 'node:zlib'
import { Type, Writer } from 'protobufjs'
import { decodeMessage, type Encoding, encodeRequest, Status } from '../../helpers/otlp'
import { REQUESTS } from '../export'
import { GRPC } from '../grpc'
import { encodingOf, type HttpAnswer, MEDIA_TYPES, pathOf } from '../http'
import { without } from '../message'
import type { Message, Signal, Target } from '../target'
import type { HttpRequest } from './http-proxy'
import { type Mutation, refuse, Refused, rewriteBodies, rewriteResponses } from './rewrite'

/** A receiver that breaks one item of the checklist, and how. */
export interface Mutant extends Mutation {
  readonly item: number
  readonly breaks: string
  /** What it says of itself, or where it is. */
  readonly target?: (target: Target) => Partial<Target>
}

const TEXT = { 'content-type': 'text/plain' } as const
const WARNING = { partialSuccess: { errorMessage: 'something was mended' } }
const UNKNOWN_TAG = (3_000 << 3) | 2
const LONG_TEXT = 'x'.repeat(8_192)
const RETRY_INFO = { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value: Buffer.alloc(0) }

/** Of transport, HTTP and gRPC. */
export const WIRE_MUTANTS: readonly Mutant[] = [
  {
    item: 1,
    breaks: 'refuses gzip',
    http: refusing(({ headers }) => headers['content-encoding'] === 'gzip', 415),
  },
  {
    item: 2,
    breaks: 'has no metrics',
    http: refusing(({ path }) => path === pathOf('metrics'), 404),
  },
  { item: 3, breaks: 'refuses fields it does not know', ...rewriteBodies(refuseUnknown) },
  { item: 4, breaks: 'stores what is sent again', ...rewriteBodies(makeUnique()) },
  {
    item: 5,
    breaks: 'refuses a body without a byte',
    http: refusing(({ body }) => body.length === 0, 400),
  },
  { item: 6, breaks: 'takes one request at a time', ...oneAtATime() },
  {
    item: 7,
    breaks: 'speaks no TLS where it should',
    target: ({ httpUrl, grpcAddress, secured }) => ({
      secured: { ...secured, httpUrl: httpUrl.replace('http:', 'https:'), grpcAddress },
    }),
  },
  {
    item: 8,
    breaks: 'is at another port',
    target: ({ defaults }) => ({ defaults: { ...defaults, httpPort: 8_080 } }),
  },
  {
    item: 9,
    breaks: 'takes what is sent to a path that begins with a known one',
    http: {
      request: (request) => ({
        ...request,
        path: /^\/v1\/[a-wyz]+/.exec(request.path)?.[0] ?? request.path,
      }),
    },
  },
  {
    item: 10,
    breaks: 'compares Content-Type letter by letter',
    http: refusing(({ headers }) => !isExactType(headers['content-type']), 415),
  },
  {
    item: 11,
    breaks: 'answers everything as JSON',
    http: { answer: (answer) => withHeaders(answer, { 'content-type': MEDIA_TYPES.json }) },
  },
  {
    item: 12,
    breaks: 'gives up on a client that offers HTTP/2',
    http: refusing(({ headers }) => headers.upgrade !== undefined, 505),
  },
  { item: 13, breaks: 'takes damaged gzip for an empty body', http: { request: forgiveGzip } },
  {
    item: 14,
    breaks: 'compresses every answer',
    http: {
      answer: (answer) => ({
        ...withHeaders(answer, { 'content-encoding': 'gzip' }),
        body: gzipSync(answer.body),
      }),
    },
  },
  {
    item: 15,
    breaks: 'answers what is too large by 400',
    http: { answer: statusInstead(413, 400) },
  },
  { item: 16, breaks: 'sends answers of any length', http: rewriteResponses(lengthen).http },
  {
    item: 17,
    breaks: 'sets an empty partial_success on full success',
    http: rewriteResponses((response) => ({ partialSuccess: {}, ...response })).http,
  },
  { item: 18, breaks: 'does not say what it rejected', http: rewriteResponses(() => ({})).http },
  {
    item: 19,
    breaks: 'warns of what it mended',
    http: rewriteResponses((response) => ({ ...WARNING, ...response })).http,
  },
  { item: 20, breaks: 'answers 405 and 415 in plain text', http: { answer: inPlainText } },
  {
    item: 21,
    breaks: 'does not say what is bad about bad data',
    http: { answer: (answer) => (answer.status === 400 ? withoutDetails(answer) : answer) },
  },
  { item: 22, breaks: 'answers bad data by 503', http: { answer: statusInstead(400, 503) } },
  {
    item: 23,
    breaks: 'does not say when to send again',
    http: {
      answer: (answer) => ({
        ...answer,
        headers: without(answer.headers, 'retry-after') as HttpAnswer['headers'],
      }),
    },
  },
  { item: 24, breaks: 'stores again what it has stored unasked', ...rewriteBodies(makeUnique()) },
  {
    item: 25,
    breaks: 'closes the connection after every answer',
    http: { answer: (answer) => withHeaders(answer, { connection: 'close' }) },
  },
  {
    item: 26,
    breaks: 'lets every page send',
    http: { answer: (answer) => withHeaders(answer, { 'access-control-allow-origin': '*' }) },
  },
  {
    item: 34,
    breaks: 'is at another port',
    target: ({ defaults }) => ({ defaults: { ...defaults, grpcPort: 50_051 } }),
  },
  {
    item: 35,
    breaks: 'answers unknown methods by UNKNOWN',
    grpc: { end: (end) => (end.code === GRPC.unimplemented ? { ...end, code: 2 } : end) },
  },
  {
    item: 36,
    breaks: 'has clients send again what is too large',
    grpc: {
      end: (end) =>
        end.code === GRPC.resourceExhausted
          ? { ...end, details: statusBytes(end.code, [RETRY_INFO]) }
          : end,
    },
  },
  { item: 37, breaks: 'sends responses of any length', grpc: rewriteResponses(lengthen).grpc },
  {
    item: 38,
    breaks: 'sets an empty partial_success on full success',
    grpc: rewriteResponses((response) => ({ partialSuccess: {}, ...response })).grpc,
  },
  {
    item: 39,
    breaks: 'does not say when to send again',
    grpc: {
      end: (end) =>
        end.code === GRPC.unavailable ? { ...end, details: statusBytes(end.code, []) } : end,
    },
  },
  {
    item: 40,
    breaks: 'answers bad data by INTERNAL',
    grpc: {
      end: (end) => (end.code === GRPC.invalidArgument ? { ...end, code: GRPC.internal } : end),
    },
  },
  {
    item: 41,
    breaks: 'answers overload by RESOURCE_EXHAUSTED, which clients give up at',
    grpc: {
      end: (end) =>
        end.code === GRPC.unavailable
          ? { ...end, code: GRPC.resourceExhausted, details: null }
          : end,
    },
  },
  {
    item: 42,
    breaks: 'has HTTP clients send again what gRPC clients give up',
    http: { answer: statusInstead(413, 429) },
  },
  { item: 43, breaks: 'closes the connection after every call', grpc: { closes: true } },
]

function refusing(
  isRefused: (request: HttpRequest) => boolean,
  status: number,
): NonNullable<Mutation['http']> {
  const content = { code: GRPC.invalidArgument, message: 'refused by a mutant' }
  return {
    request: (request) => (isRefused(request) ? refuse(request, status, content) : request),
  }
}

function refuseUnknown(signal: Signal, encoding: Encoding, body: Buffer): Buffer {
  const type = REQUESTS[signal]
  const isKnown =
    encoding === 'json'
      ? areMembersKnown(type, JSON.parse(body.toString()))
      : type.encode(type.decode(body)).finish().length === body.length
  if (!isKnown) throw new Refused()
  return body
}

function areMembersKnown(type: Type, value: unknown): boolean {
  if (Array.isArray(value)) return value.every((element) => areMembersKnown(type, element))
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, inner]) => {
    const field = type.fields[name]
    const { resolvedType = null } = field ?? {}
    return (
      field !== undefined &&
      (!(resolvedType instanceof Type) || areMembersKnown(resolvedType, inner))
    )
  })
}

/** No two bodies are the same, by what changes nothing in them. */
function makeUnique(): (signal: Signal, encoding: Encoding, body: Buffer) => Buffer {
  let count = 0
  return (_signal, encoding, body) => {
    count++
    if (encoding === 'json') return Buffer.concat([body, Buffer.alloc(count, ' ')])
    const field = new Writer().uint32(UNKNOWN_TAG).string(String(count)).finish()
    return Buffer.concat([body, field])
  }
}

function oneAtATime(): Mutation {
  let underWay = 0
  const content = { code: GRPC.unavailable, message: 'one at a time' }
  return {
    http: {
      request: (request) => (underWay++ > 0 ? refuse(request, 503, content) : request),
      answer(answer) {
        underWay = 0
        return answer
      },
    },
  }
}

function isExactType(type: string | undefined): boolean {
  return type === undefined || Object.values(MEDIA_TYPES).some((known) => known === type)
}

function withHeaders(answer: HttpAnswer, headers: HttpAnswer['headers']): HttpAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

function forgiveGzip(request: HttpRequest): HttpRequest | HttpAnswer {
  if (request.headers['content-encoding'] !== 'gzip') return request
  try {
    gunzipSync(request.body)
    return request
  } catch {
    const encoding = encodingOf(request) ?? 'protobuf'
    const body = Buffer.from(encoding === 'json' ? '{}' : '')
    return { status: 200, headers: { 'content-type': MEDIA_TYPES[encoding] }, body }
  }
}

function statusInstead(from: number, to: number): (answer: HttpAnswer) => HttpAnswer {
  return (answer) => (answer.status === from ? { ...answer, status: to } : answer)
}

function lengthen(response: Message): Message {
  const { partialSuccess } = response
  if (partialSuccess === undefined) return response
  return { partialSuccess: { ...partialSuccess, errorMessage: LONG_TEXT } }
}

function inPlainText(answer: HttpAnswer): HttpAnswer {
  if (answer.status !== 405 && answer.status !== 415) return answer
  return { ...withHeaders(answer, TEXT), body: Buffer.from('no') }
}

function withoutDetails(answer: HttpAnswer): HttpAnswer {
  if (encodingOf(answer) === 'json') {
    const status = without(JSON.parse(answer.body.toString()) as Message, 'details')
    return { ...answer, body: Buffer.from(JSON.stringify(status)) }
  }
  const rest = without(decodeMessage(Status, answer.body), 'details')
  return { ...answer, body: encodeRequest(Status, rest, 'protobuf') }
}

function statusBytes(code: number, details: readonly Message[]): Buffer {
  return encodeRequest(Status, { code, message: 'of a mutant', details }, 'protobuf')
}

import { gunzipSync } from 'node:zlib'
import type { Type } from 'protobufjs'
import { protobufFromJson } from '../../../collector/otlp/json'
import {
  EXPORT_LOGS_SERVICE_REQUEST,
  EXPORT_METRICS_SERVICE_REQUEST,
  EXPORT_TRACE_SERVICE_REQUEST,
} from '../../../collector/otlp/schema'
import { decodeMessage, type Encoding, encodeRequest, Status, toOtlpJson } from '../../helpers/otlp'
import { REQUESTS, RESPONSES } from '../export'
import { GRPC, methodOf } from '../grpc'
import { encodingOf, type HttpAnswer, MEDIA_TYPES, pathOf } from '../http'
import { type Message, type Signal, SIGNALS } from '../target'
import type { GrpcEnd, GrpcMutation } from './grpc-proxy'
import type { HttpMutation, HttpRequest } from './http-proxy'

/** A receiver that differs from a conforming one, by what its proxies do. */
export interface Mutation {
  readonly http?: HttpMutation
  readonly grpc?: GrpcMutation
}

/** Thrown by a rewrite: the request is refused as bad data. */
export class Refused extends Error {}

const SCHEMAS = {
  traces: EXPORT_TRACE_SERVICE_REQUEST,
  metrics: EXPORT_METRICS_SERVICE_REQUEST,
  logs: EXPORT_LOGS_SERVICE_REQUEST,
} as const
const INVALID: Message = { code: GRPC.invalidArgument, message: 'the receiver is a mutant' }

/** Changes every export request before the receiver sees it, in each of the three forms. */
export function rewriteRequests(change: (signal: Signal, request: Message) => Message): Mutation {
  return rewriteBodies((signal, encoding, body) => {
    const type = REQUESTS[signal]
    return encodeRequest(type, change(signal, decode(signal, encoding, body)), encoding)
  })
}

/** Changes the body of every export request, decompressed. What `change` cannot read is left to the receiver. */
export function rewriteBodies(
  change: (signal: Signal, encoding: Encoding, body: Buffer) => Buffer,
): Mutation {
  const tried = (signal: Signal, encoding: Encoding, body: Buffer) => {
    try {
      return change(signal, encoding, body)
    } catch (error) {
      if (error instanceof Refused) throw error
      return body
    }
  }
  return {
    http: {
      request(request) {
        const signal = SIGNALS.find((one) => pathOf(one) === request.path)
        const encoding = encodingOf(request)
        if (signal === undefined || encoding === null) return request
        const { 'content-encoding': compression, ...headers } = request.headers
        try {
          const body = compression === 'gzip' ? gunzipSync(request.body) : request.body
          return { ...request, headers, body: tried(signal, encoding, body) }
        } catch (error) {
          return error instanceof Refused ? refuse(request, 400, INVALID) : request
        }
      },
    },
    grpc: {
      call(call) {
        const signal = SIGNALS.find((one) => methodOf(one) === call.path)
        const headers = { ...call.headers, 'grpc-encoding': 'identity' }
        if (signal === undefined) return call
        try {
          return { ...call, headers, message: tried(signal, 'protobuf', call.message) }
        } catch {
          return endOf(INVALID)
        }
      },
    },
  }
}

/** Changes the JSON of every request in JSON, member by member from the inside out. */
export function rewriteJson(change: (key: string, value: unknown) => unknown): Mutation {
  const { http } = rewriteBodies((_signal, encoding, body) =>
    encoding === 'json' ? Buffer.from(JSON.stringify(JSON.parse(body.toString(), change))) : body,
  )
  return http ? { http } : {}
}

/** Changes the Export<signal>ServiceResponse in every answer that is a success. */
export function rewriteResponses(change: (response: Message) => Message): Required<Mutation> {
  return {
    http: {
      answer(answer, { path }) {
        const encoding = encodingOf(answer)
        if (answer.status !== 200 || encoding === null) return answer
        const type = RESPONSES[SIGNALS.find((signal) => pathOf(signal) === path) ?? 'traces']
        return { ...answer, body: rewriteResponse(type, encoding, answer.body, change) }
      },
    },
    grpc: {
      end(end) {
        if (end.body === null) return end
        // Field 1 of every response is the same but for the name of its count.
        const body = rewriteResponse(RESPONSES.traces, 'protobuf', end.body, change)
        return { ...end, body }
      },
    },
  }
}

/** An answer that is a google.rpc.Status, in the encoding of the request. */
export function refuse(
  request: Pick<HttpRequest, 'headers'>,
  status: number,
  content: Message,
): HttpAnswer {
  const encoding = encodingOf(request) ?? 'protobuf'
  const body = encodeRequest(Status, content, encoding)
  return { status, headers: { 'content-type': MEDIA_TYPES[encoding] }, body }
}

function endOf(content: Message): GrpcEnd {
  return {
    code: content['code'] as number,
    message: content['message'] as string,
    details: encodeRequest(Status, content, 'protobuf'),
    body: null,
  }
}

function decode(signal: Signal, encoding: Encoding, body: Buffer): Message {
  const bytes = encoding === 'json' ? protobufFromJson(body, SCHEMAS[signal]) : body
  return decodeMessage(REQUESTS[signal], bytes)
}

function rewriteResponse(
  type: Type,
  encoding: Encoding,
  body: Buffer,
  change: (response: Message) => Message,
): Buffer {
  if (encoding === 'protobuf')
    return encodeRequest(type, change(decodeMessage(type, body)), encoding)
  const changed = change(JSON.parse(body.toString()) as Message)
  return Buffer.from(JSON.stringify(toOtlpJson(type, changed)))
}

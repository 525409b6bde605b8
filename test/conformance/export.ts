import { gzipSync } from 'node:zlib'
import {
  decodeMessage,
  encodeRequest,
  ExportLogsServiceRequest,
  ExportLogsServiceResponse,
  ExportMetricsServiceRequest,
  ExportMetricsServiceResponse,
  ExportTraceServiceRequest,
  ExportTraceServiceResponse,
  type Encoding,
} from '../helpers/otlp'
import { callGrpc, type GrpcAnswer, isRetryableCode } from './grpc'
import {
  encodingOf,
  type HttpAnswer,
  isRetryableStatus,
  pathOf,
  readStatus,
  sendHttp,
  type Status,
} from './http'
import type { Doors, Message, Signal } from './target'

/** The three forms of OTLP. */
export type Way = Encoding | 'grpc'
export const WAYS: readonly Way[] = ['protobuf', 'json', 'grpc']

export const REQUESTS = {
  traces: ExportTraceServiceRequest,
  metrics: ExportMetricsServiceRequest,
  logs: ExportLogsServiceRequest,
} as const
export const RESPONSES = {
  traces: ExportTraceServiceResponse,
  metrics: ExportMetricsServiceResponse,
  logs: ExportLogsServiceResponse,
} as const
const REJECTED: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
}

export interface PartialSuccess {
  /** In decimal. */
  readonly rejected: string
  readonly message: string
}

/** An answer, whichever door gave it. */
export interface Outcome {
  /** HTTP status, or gRPC code. */
  readonly code: number
  readonly isSuccess: boolean
  readonly isRetryable: boolean
  /** Undefined when unset, or when it was no success. */
  readonly partialSuccess: PartialSuccess | undefined
  readonly status: Status | null
  /** The response message. */
  readonly body: Buffer
}

export interface ExportOptions {
  readonly gzip?: boolean
  readonly headers?: Readonly<Record<string, string>>
  readonly authority?: string
}

/** Sends an Export<signal>ServiceRequest. */
export function send(
  doors: Doors,
  way: Way,
  signal: Signal,
  request: Message,
  options: ExportOptions = {},
): Promise<Outcome> {
  return sendBytes(doors, way, signal, encode(way, signal, request), options)
}

/** The body of an export request. */
export function encode(way: Way, signal: Signal, request: Message): Buffer {
  return encodeRequest(REQUESTS[signal], request, way === 'json' ? 'json' : 'protobuf')
}

export async function sendBytes(
  doors: Doors,
  way: Way,
  signal: Signal,
  body: Buffer,
  { gzip = false, headers = {}, ...options }: ExportOptions = {},
): Promise<Outcome> {
  if (way === 'grpc') {
    const answer = await callGrpc(doors.grpcAddress, signal, body, { gzip, headers, ...options })
    return grpcOutcome(signal, answer)
  }
  const answer = await sendHttp(doors.httpUrl + pathOf(signal), gzip ? gzipSync(body) : body, {
    encoding: way,
    headers: { ...(gzip && { 'content-encoding': 'gzip' }), ...headers },
    ...options,
  })
  return httpOutcome(signal, answer)
}

export function grpcOutcome(signal: Signal, answer: GrpcAnswer): Outcome {
  const isSuccess = answer.code === 0
  const body = answer.body ?? Buffer.alloc(0)
  return {
    code: answer.code ?? -1,
    isSuccess,
    isRetryable: isRetryableCode(answer),
    partialSuccess: isSuccess ? readPartialSuccess('protobuf', signal, body) : undefined,
    status: answer.status,
    body,
  }
}

export function httpOutcome(signal: Signal, answer: HttpAnswer): Outcome {
  const isSuccess = answer.status === 200
  const encoding = encodingOf(answer)
  const { body } = answer
  return {
    code: answer.status,
    isSuccess,
    isRetryable: isRetryableStatus(answer.status),
    partialSuccess: isSuccess && encoding ? readPartialSuccess(encoding, signal, body) : undefined,
    status: isSuccess ? null : readStatus(answer),
    body,
  }
}

function readPartialSuccess(
  encoding: Encoding,
  signal: Signal,
  body: Buffer,
): PartialSuccess | undefined {
  const response =
    encoding === 'json'
      ? (JSON.parse(body.toString()) as Message)
      : decodeMessage(RESPONSES[signal], body)
  const partial = response['partialSuccess'] as Record<string, string> | undefined
  if (partial === undefined || partial === null) return undefined
  const rejected = partial[REJECTED[signal]] ?? '0'
  return { rejected, message: partial['errorMessage'] ?? '' }
}

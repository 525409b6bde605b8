import type { Logger } from 'pino'
import { BadData, Unavailable } from '../errors'
import { ResponseTooLarge } from '../otlp/response'
import { STATUS_CODE, type StatusCode, type StatusContent } from '../otlp/status'

interface Kind {
  readonly httpStatus: number
  readonly code: StatusCode
  /** Over gRPC, where it is another one. */
  readonly grpcCode?: StatusCode
}

/**
 * Every way to be refused, with its HTTP status, the code in the Status beside it, and the code over gRPC. Whether a client
 * sends again must not depend on the door it came to (OTLP, Failures and Retryable Response Codes): 502, 503 and 504 stand
 * beside codes that are retryable, all others beside codes that are not.
 */
export const REFUSALS = {
  badData: { httpStatus: 400, code: STATUS_CODE.INVALID_ARGUMENT },
  /** Compression or framing that cannot be undone (gRPC, Status Codes). */
  damaged: {
    httpStatus: 400,
    code: STATUS_CODE.INVALID_ARGUMENT,
    grpcCode: STATUS_CODE.INTERNAL,
  },
  unauthenticated: { httpStatus: 401, code: STATUS_CODE.UNAUTHENTICATED },
  notFound: {
    httpStatus: 404,
    code: STATUS_CODE.NOT_FOUND,
    grpcCode: STATUS_CODE.UNIMPLEMENTED,
  },
  wrongMethod: { httpStatus: 405, code: STATUS_CODE.UNIMPLEMENTED },
  tooSlow: { httpStatus: 408, code: STATUS_CODE.RESOURCE_EXHAUSTED },
  tooLarge: { httpStatus: 413, code: STATUS_CODE.RESOURCE_EXHAUSTED },
  /** A media type, or a compression. */
  unsupported: {
    httpStatus: 415,
    code: STATUS_CODE.INVALID_ARGUMENT,
    grpcCode: STATUS_CODE.UNIMPLEMENTED,
  },
  /** Not one message in a unary call (gRPC, Status Codes); HTTP cannot say it. */
  wrongCount: { httpStatus: 400, code: STATUS_CODE.UNIMPLEMENTED },
  headTooLarge: { httpStatus: 431, code: STATUS_CODE.INVALID_ARGUMENT },
  fault: { httpStatus: 500, code: STATUS_CODE.INTERNAL },
  answerTooLarge: {
    httpStatus: 500,
    code: STATUS_CODE.INTERNAL,
    grpcCode: STATUS_CODE.RESOURCE_EXHAUSTED,
  },
  unavailable: { httpStatus: 503, code: STATUS_CODE.UNAVAILABLE },
  /** The time the client itself has set is over. */
  overdue: { httpStatus: 504, code: STATUS_CODE.DEADLINE_EXCEEDED },
} as const satisfies Readonly<Record<string, Kind>>

export type RefusalKind = keyof typeof REFUSALS

/** The limits at which requests are refused, as they are counted. */
type LimitName = 'admission' | 'body_size' | 'body_timeout'

interface RefusalOptions extends Partial<Omit<StatusContent, 'code' | 'message'>> {
  /** Of the answer over HTTP. */
  readonly headers?: Readonly<Record<string, string>>
  readonly limit?: LimitName | null
}

/** A request that is answered with an error of its own: HTTP status or gRPC code, google.rpc.Status and headers. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly httpStatus: number
  /** The Status as OTLP/HTTP carries it. */
  readonly status: StatusContent
  /** The Status as gRPC carries it. */
  readonly grpcStatus: StatusContent
  readonly headers: Readonly<Record<string, string>>
  /** The limit at which it was refused, else null. */
  readonly limit: LimitName | null

  constructor(
    kind: RefusalKind,
    message: string,
    { headers = {}, limit = null, ...details }: RefusalOptions = {},
  ) {
    super(message)
    const { httpStatus, code, grpcCode = code }: Kind = REFUSALS[kind]
    this.httpStatus = httpStatus
    this.status = { code, message, ...details }
    this.grpcStatus = { ...this.status, code: grpcCode }
    this.headers = headers
    this.limit = limit
  }
}

/** What an error is answered with. What is neither the sender's fault nor passing is a bug: it is logged, and told nothing of. */
export function refusalOf(error: unknown, log: Logger): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof BadData) {
    const badRequest = [{ field: '', description: error.message }]
    return new Refusal('badData', error.message, { badRequest })
  }
  if (error instanceof Unavailable) return retryLater(error.message)
  if (error instanceof ResponseTooLarge) return new Refusal('answerTooLarge', error.message)
  log.error({ err: error }, 'a request failed by a fault of the collector')
  return new Refusal('fault', 'the collector failed by a fault of its own; see its log')
}

/** `Retry-After: 1` and RetryInfo: safe and worth sending again (OTLP/HTTP and OTLP/gRPC Throttling). */
function retryLater(message: string, limit: LimitName | null = null): Refusal {
  return new Refusal('unavailable', message, {
    limit,
    retryInfoSeconds: 1,
    headers: { 'retry-after': '1' },
  })
}

/** No room in the memory of all requests. */
export function full(): Refusal {
  return retryLater(
    'the collector holds as many requests as its memory allows; send again in a second',
    'admission',
  )
}

/** More than the limit, before or after decompression (OTLP/HTTP and OTLP/gRPC Request). */
export function tooLarge(maxBodyBytes: number): Refusal {
  return new Refusal(
    'tooLarge',
    `the request has more than ${maxBodyBytes} bytes after decompression; send smaller batches, or raise SIDELIGHT_MAX_BODY_BYTES`,
    { limit: 'body_size' },
  )
}

/** The body came too slowly. An HTTP/1 connection is closed, for what is left of the body may never come. */
export function tooSlow(bodyTimeoutMs: number): Refusal {
  return new Refusal(
    'tooSlow',
    `the body took longer than ${bodyTimeoutMs} ms to arrive; send smaller batches, or raise SIDELIGHT_OTLP_BODY_TIMEOUT_MS`,
    { limit: 'body_timeout', headers: { connection: 'close' } },
  )
}

/** The upload ended before its body did; nobody is there to read this. */
export function brokenOff(cause?: unknown): Refusal {
  const refusal = new Refusal('damaged', 'the upload broke off before its end')
  refusal.cause = cause
  return refusal
}

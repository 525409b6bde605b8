import { STATUS_CODE, type StatusCode, type StatusContent } from '../otlp/status'

/** The limits at which requests are refused, as they are counted. */
export type LimitName = 'admission' | 'body_size' | 'body_timeout'

/** A request that is answered with an error of its own: HTTP status, google.rpc.Status and headers. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly httpStatus: number
  readonly status: StatusContent
  readonly headers: Readonly<Record<string, string>>
  /** The limit at which it was refused, else null. */
  readonly limit: LimitName | null

  constructor(
    httpStatus: number,
    message: string,
    {
      headers = {},
      limit = null,
      ...details
    }: Partial<StatusContent> & {
      headers?: Record<string, string>
      limit?: LimitName | null
    } = {},
  ) {
    super(message)
    this.httpStatus = httpStatus
    this.status = { code: codeOf(httpStatus), message, ...details }
    this.headers = headers
    this.limit = limit
  }
}

/** 503 with `Retry-After: 1`: safe and worth sending again (OTLP/HTTP Throttling). */
export function retryLater(message: string, limit: LimitName | null = null): Refusal {
  return new Refusal(503, message, { limit, retryInfoSeconds: 1, headers: { 'retry-after': '1' } })
}

/** 413: more than the limit, before or after decompression (OTLP/HTTP Request). */
export function tooLarge(maxBodyBytes: number): Refusal {
  return new Refusal(
    413,
    `the request has more than ${maxBodyBytes} bytes after decompression; send smaller batches, or raise SIDELIGHT_MAX_BODY_BYTES`,
    { limit: 'body_size' },
  )
}

/** 408: the body came too slowly. The connection is closed, for what is left of the body may never come. */
export function tooSlow(bodyTimeoutMs: number): Refusal {
  return new Refusal(
    408,
    `the body took longer than ${bodyTimeoutMs} ms to arrive; send smaller batches, or raise SIDELIGHT_OTLP_BODY_TIMEOUT_MS`,
    { limit: 'body_timeout', headers: { connection: 'close' } },
  )
}

const CODES: Readonly<Record<number, StatusCode>> = {
  400: STATUS_CODE.INVALID_ARGUMENT,
  401: STATUS_CODE.UNAUTHENTICATED,
  403: STATUS_CODE.PERMISSION_DENIED,
  404: STATUS_CODE.NOT_FOUND,
  405: STATUS_CODE.UNIMPLEMENTED,
  408: STATUS_CODE.DEADLINE_EXCEEDED,
  413: STATUS_CODE.RESOURCE_EXHAUSTED,
  415: STATUS_CODE.INVALID_ARGUMENT,
  431: STATUS_CODE.INVALID_ARGUMENT,
  500: STATUS_CODE.INTERNAL,
  503: STATUS_CODE.UNAVAILABLE,
}

function codeOf(httpStatus: number): StatusCode {
  return CODES[httpStatus] ?? STATUS_CODE.UNKNOWN
}

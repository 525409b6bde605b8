import { STATUS_CODE, type StatusCode, type StatusContent } from '../otlp/status'

/** A request that is answered with an error of its own: HTTP status, google.rpc.Status and headers. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly httpStatus: number
  readonly status: StatusContent
  readonly headers: Readonly<Record<string, string>>

  constructor(
    httpStatus: number,
    message: string,
    {
      headers = {},
      ...details
    }: Partial<StatusContent> & { headers?: Record<string, string> } = {},
  ) {
    super(message)
    this.httpStatus = httpStatus
    this.status = { code: codeOf(httpStatus), message, ...details }
    this.headers = headers
  }
}

/** 503 with `Retry-After: 1`: safe and worth sending again (OTLP/HTTP Throttling). */
export function retryLater(message: string): Refusal {
  return new Refusal(503, message, { retryInfoSeconds: 1, headers: { 'retry-after': '1' } })
}

/** 413: more than the limit, before or after decompression (OTLP/HTTP Request). */
export function tooLarge(maxBodyBytes: number): Refusal {
  return new Refusal(
    413,
    `the request has more than ${maxBodyBytes} bytes after decompression; send smaller batches, or raise SIDELIGHT_MAX_BODY_BYTES`,
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

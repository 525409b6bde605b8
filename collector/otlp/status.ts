import { ProtobufWriter } from './writer'

/** google.rpc.Code: the canonical codes, their numbers shared by gRPC and the Status bodies of OTLP/HTTP. */
export const STATUS_CODE = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const

export type StatusCode = (typeof STATUS_CODE)[keyof typeof STATUS_CODE]

/** How the caller speaks OTLP; answers use the same encoding. */
export type Encoding = 'protobuf' | 'json'

/** What a google.rpc.Status says. */
export interface StatusContent {
  readonly code: StatusCode
  /** English, for the developer of the client: what is wrong and how to mend it. */
  readonly message: string
  /** Becomes a google.rpc.BadRequest: which part of the request is wrong, and why. */
  readonly badRequest?: readonly FieldViolation[]
  /** Becomes a google.rpc.RetryInfo: how long to wait before sending again. May have a fraction. */
  readonly retryInfoSeconds?: number
}

export interface FieldViolation {
  /** A path such as `resourceSpans[0].resource`; may be empty. */
  readonly field: string
  readonly description: string
}

const TYPE_URL = 'type.googleapis.com/google.rpc.'
const NANOS_PER_SECOND = 1_000_000_000

/** A google.rpc.Status, the body of every 4xx and 5xx on an OTLP listener (OTLP specification, Failures). */
export function encodeStatus(encoding: Encoding, status: StatusContent): Buffer {
  return encoding === 'json' ? statusJson(status) : statusProtobuf(status)
}

function statusJson({ code, message, badRequest, retryInfoSeconds }: StatusContent): Buffer {
  const details: object[] = []
  if (badRequest?.length) {
    details.push({ '@type': `${TYPE_URL}BadRequest`, fieldViolations: badRequest.map(violation) })
  }
  if (retryInfoSeconds !== undefined) {
    details.push({ '@type': `${TYPE_URL}RetryInfo`, retryDelay: durationJson(retryInfoSeconds) })
  }
  return Buffer.from(
    JSON.stringify(details.length ? { code, message, details } : { code, message }),
  )
}

function violation({ field, description }: FieldViolation): FieldViolation {
  return { field, description }
}

/** google.protobuf.Duration in JSON: `1s`, `1.500s`; with no, three, six or nine decimals. */
function durationJson(seconds: number): string {
  const [whole, nanos] = splitSeconds(seconds)
  if (nanos === 0) return `${whole}s`
  const decimals = String(nanos).padStart(9, '0')
  return `${whole}.${decimals.replace(/(?:000){1,2}$/, '')}s`
}

function statusProtobuf({ code, message, badRequest, retryInfoSeconds }: StatusContent): Buffer {
  const writer = new ProtobufWriter()
  if (code !== 0) writer.integer(0x08, code)
  if (message) writer.string(0x12, message)
  if (badRequest?.length) {
    writeDetail(writer, 'BadRequest', () => {
      for (const { field, description } of badRequest) {
        writer.message(0x0a, () => {
          if (field) writer.string(0x0a, field)
          if (description) writer.string(0x12, description)
        })
      }
    })
  }
  if (retryInfoSeconds !== undefined) {
    const [whole, nanos] = splitSeconds(retryInfoSeconds)
    writeDetail(writer, 'RetryInfo', () => {
      writer.message(0x0a, () => {
        if (whole) writer.integer(0x08, whole)
        if (nanos) writer.integer(0x10, nanos)
      })
    })
  }
  return writer.finish()
}

/** A google.protobuf.Any in `details`. */
function writeDetail(writer: ProtobufWriter, type: string, fill: () => void): void {
  writer.message(0x1a, () => {
    writer.string(0x0a, TYPE_URL + type)
    writer.message(0x12, fill)
  })
}

function splitSeconds(seconds: number): [whole: number, nanos: number] {
  const nanos = Math.round((seconds % 1) * NANOS_PER_SECOND)
  return nanos === NANOS_PER_SECOND ? [Math.floor(seconds) + 1, 0] : [Math.floor(seconds), nanos]
}

/** What became of a body that was sent. */
export type Answer =
  /** The collector has it; `rejected` items of it were not to its liking, `message` says why. */
  | { readonly outcome: 'taken'; readonly rejected: number; readonly message: string }
  /** To be sent again, the same bytes, after `afterMs` if the collector named a time. */
  | { readonly outcome: 'later'; readonly message: string; readonly afterMs?: number }
  /** The collector cannot be reached: to be sent again, too. */
  | { readonly outcome: 'unreachable'; readonly message: string }
  /** The collector will never take it. */
  | { readonly outcome: 'refused'; readonly message: string }

export interface Response {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The first bytes of the body, perhaps not all. */
  readonly body: Buffer
}

/** Which answers ask for a retry, and what a partial success holds: OpenTelemetry specification, OTLP/HTTP response. */
export function judgeResponse({ status, retryAfter, body }: Response, nowMs: number): Answer {
  if (status >= 200 && status < 300) return { outcome: 'taken', ...readPartialSuccess(body) }
  const text = textOf(readStatusMessage(body) ?? body.toString())
  const message = `it answers ${status}${text === '' ? '' : ` ${text}`}`
  if (!RETRYABLE.has(status)) return { outcome: 'refused', message }
  const afterMs = readRetryAfter(retryAfter, nowMs)
  return { outcome: 'later', message, ...(afterMs !== undefined && { afterMs }) }
}

const RETRYABLE = new Set([429, 502, 503, 504])
const SECOND = 1_000
/** A collector that names a later time is asked before it. */
const MAX_RETRY_AFTER_MS = 300 * SECOND
const MAX_MESSAGE_LENGTH = 200
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5]

/** Seconds, or a date (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  const afterMs = /^\s*\d+\s*$/.test(text) ? Number(text) * SECOND : Date.parse(text) - nowMs
  return Number.isNaN(afterMs) ? undefined : Math.min(Math.max(afterMs, 0), MAX_RETRY_AFTER_MS)
}

/** Export…ServiceResponse { partial_success = 1 { rejected_… = 1, error_message = 2 } } */
function readPartialSuccess(body: Buffer): { rejected: number; message: string } {
  const partial = findField(body, 1)
  if (!Buffer.isBuffer(partial)) return { rejected: 0, message: '' }
  const rejected = findField(partial, 1)
  const message = findField(partial, 2)
  return {
    rejected: typeof rejected === 'number' ? rejected : 0,
    message: Buffer.isBuffer(message) ? textOf(message.toString()) : '',
  }
}

/** google.rpc.Status { code = 1, message = 2 } */
function readStatusMessage(body: Buffer): string | undefined {
  const message = findField(body, 2)
  return Buffer.isBuffer(message) ? message.toString() : undefined
}

/** The last value of a varint or length-delimited field; undefined without one, or when the bytes are no message. */
function findField(bytes: Buffer, wanted: number): number | Buffer | undefined {
  let found: number | Buffer | undefined
  let at = 0
  const readVarint = (): number => {
    let value = 0
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
    }
    return Number.NaN
  }
  while (at < bytes.length) {
    const tag = readVarint()
    const [field, type] = [Math.floor(tag / 8), tag % 8]
    let value: number | Buffer | undefined
    if (type === VARINT) {
      value = readVarint()
    } else if (type === BYTES) {
      const length = readVarint()
      value = bytes.subarray(at, at + length)
      if (value.length !== length) return undefined
      at += length
    } else if (type === FIXED64 || type === FIXED32) {
      at += type === FIXED64 ? 8 : 4
    } else {
      return undefined
    }
    if (field === wanted) found = value
  }
  return at === bytes.length ? found : undefined
}

/** One printable line: what a server answers may be anything. */
function textOf(answer: string): string {
  const [line = ''] = answer.trim().split(/[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029]/, 1)
  return line.slice(0, MAX_MESSAGE_LENGTH)
}

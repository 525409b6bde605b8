import type { Encoding } from './status'
import { ProtobufWriter } from './writer'

/** The response size the OTLP specification recommends as a limit, and the JavaScript exporter enforces. */
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

const ELLIPSIS = '…'

/** What is counted of each signal. In protobuf it is field 1 of all of them. */
const REJECTED = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
} as const

/** What is to be said about an accepted request: nothing (0 and ''), a warning (0 and a message), or what was refused. */
export interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

/** No answer fits, not even one without its message, which the specification wants told as an error of the server. */
export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge'
}

/**
 * An Export<signal>ServiceResponse. `partial_success` stays unset on full success (clients warn about an empty one); a
 * message that makes the body larger than `maxBytes` is shortened. Throws ResponseTooLarge when even an empty message
 * does not fit.
 */
export function encodeExportResponse(
  signal: keyof typeof REJECTED,
  encoding: Encoding,
  { rejected, message }: PartialSuccess,
  maxBytes = MAX_RESPONSE_BYTES,
): Buffer {
  const encode = encoding === 'json' ? encoderJson(REJECTED[signal]) : responseProtobuf
  const whole = encode(rejected, message)
  if (whole.length <= maxBytes) return whole
  const shortened = encode(
    rejected,
    shortenMessage(message, maxBytes, (m) => encode(rejected, m)),
  )
  if (shortened.length <= maxBytes) return shortened
  throw new ResponseTooLarge(
    `cannot encode the response: ${shortened.length} bytes exceed the limit of ${maxBytes} even without its message`,
  )
}

function encoderJson(name: string): (rejected: number, message: string) => Buffer {
  return (rejected, message) => {
    if (rejected === 0 && message === '') return Buffer.from('{}')
    const partialSuccess: Record<string, string> = {}
    // An int64 in JSON is a decimal string.
    if (rejected !== 0) partialSuccess[name] = String(rejected)
    if (message) partialSuccess.errorMessage = message
    return Buffer.from(JSON.stringify({ partialSuccess }))
  }
}

function responseProtobuf(rejected: number, message: string): Buffer {
  const writer = new ProtobufWriter()
  if (rejected === 0 && message === '') return writer.finish()
  writer.message(0x0a, () => {
    if (rejected !== 0) writer.integer(0x08, rejected)
    if (message) writer.string(0x12, message)
  })
  return writer.finish()
}

/** The longest beginning of `message` that fits with an ellipsis, else '': found by halving, since JSON escapes vary in size. */
function shortenMessage(
  message: string,
  maxBytes: number,
  encode: (message: string) => Buffer,
): string {
  let fits = 0
  let tooLong = Math.min(message.length, maxBytes) + 1
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2)
    if (encode(beginning(message, middle)).length <= maxBytes) fits = middle
    else tooLong = middle
  }
  return fits === 0 ? '' : beginning(message, fits)
}

/** The first `units` UTF-16 units, without the first half of a split character, and an ellipsis. */
function beginning(message: string, units: number): string {
  const last = message.charCodeAt(units - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return message.slice(0, isHalf ? units - 1 : units) + ELLIPSIS
}

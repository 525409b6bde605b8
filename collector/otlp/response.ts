import type { Encoding } from './status'
import { ProtobufWriter } from './writer'

/** The response size the OTLP specification recommends as a limit, and the JavaScript exporter enforces. */
export const MAX_RESPONSE_BYTES = 4 * 1024 * 1024

const ELLIPSIS = '…'

/** What is to be said about an accepted request: nothing (0 and ''), a warning (0 and a message), or what was refused. */
export interface PartialSuccess {
  readonly rejected: number
  readonly message: string
}

/**
 * An ExportTraceServiceResponse. `partial_success` stays unset on full success (clients warn about an empty one); a
 * message that makes the body larger than `maxBytes` is shortened. Throws RangeError when even an empty message does
 * not fit, which the specification wants answered 500.
 */
export function encodeTraceResponse(
  encoding: Encoding,
  { rejected, message }: PartialSuccess,
  maxBytes = MAX_RESPONSE_BYTES,
): Buffer {
  const encode = encoding === 'json' ? responseJson : responseProtobuf
  const whole = encode(rejected, message)
  if (whole.length <= maxBytes) return whole
  const shortened = encode(
    rejected,
    shortenMessage(message, maxBytes, (m) => encode(rejected, m)),
  )
  if (shortened.length <= maxBytes) return shortened
  throw new RangeError(
    `cannot encode the response: ${shortened.length} bytes exceed the limit of ${maxBytes} even without its message`,
  )
}

function responseJson(rejected: number, message: string): Buffer {
  if (rejected === 0 && message === '') return Buffer.from('{}')
  const partialSuccess: Record<string, string> = {}
  if (rejected !== 0) partialSuccess.rejectedSpans = String(rejected)
  if (message) partialSuccess.errorMessage = message
  return Buffer.from(JSON.stringify({ partialSuccess }))
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

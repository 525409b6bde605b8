import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { encodeStatus, STATUS_CODE } from '../otlp/status'
import { COMPRESSIONS, frameMessage } from './grpc-message'
import type { Refusal } from './refusal'

const HEAD: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': COMPRESSIONS.join(','),
}
const OK: OutgoingHttpHeaders = { 'grpc-status': String(STATUS_CODE.OK) }

/** Of a message in metadata, which clients allow 8 KiB for in all; it stands there three times, encoded. */
const MAX_MESSAGE_BYTES = 600

/** Sends the response of a call that succeeded. */
export function sendMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  stream.once('wantTrailers', () => stream.sendTrailers(OK))
  stream.respond(HEAD, { waitForTrailers: true })
  stream.end(frameMessage(message))
}

/** Sends a status as the whole answer (gRPC over HTTP/2, Trailers-Only), and has the client stop sending. */
export function sendRefusal(stream: ServerHttp2Stream, refusal: Refusal): void {
  const message = shorten(refusal.message)
  const { badRequest, ...status } = { ...refusal.grpcStatus, message }
  const violations = badRequest?.map(({ field, description }) => ({
    field: shorten(field),
    description: shorten(description),
  }))
  const details = encodeStatus(
    'protobuf',
    violations ? { ...status, badRequest: violations } : status,
  )
  endEarly(stream, {
    ...HEAD,
    'grpc-status': String(status.code),
    'grpc-message': percentEncode(message),
    'grpc-status-details-bin': details.toString('base64'),
  })
}

/** Answers a request that is not gRPC with an HTTP status alone. */
export function sendHttpStatus(stream: ServerHttp2Stream, refusal: Refusal): void {
  endEarly(stream, { ':status': refusal.httpStatus, ...refusal.headers })
}

/** Answers a request that may not have been read, and then has the client stop sending (RFC 9113, 8.1). */
function endEarly(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  stream.respond(headers, { endStream: true })
  if (stream.readableEnded) return
  // In the same turn Node 22 and 26 would drop the answer that was not sent yet.
  setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR))
  // A stream whose data nobody takes is never over.
  stream.resume()
}

/** All but printable ASCII, and the percent sign, as %XX of their UTF-8 (gRPC over HTTP/2, Status-Message). */
function percentEncode(text: string): string {
  return text.replace(/[^ -$&-~]+/gu, (part) => {
    const hex = Buffer.from(part).toString('hex').toUpperCase()
    return hex.replace(/../g, '%$&')
  })
}

function shorten(message: string): string {
  const bytes = Buffer.from(message)
  if (bytes.length <= MAX_MESSAGE_BYTES) return message
  // A character cut in two at the end becomes U+FFFD, and goes.
  return `${bytes.toString('utf8', 0, MAX_MESSAGE_BYTES).replace(/\ufffd$/, '')}…`
}

import type { IncomingMessage } from 'node:http'
import type { Reservation } from './admission'
import { collect, fill, inflate, STEP_BYTES } from './bytes'
import { full, Refusal, tooLarge } from './refusal'

/**
 * The decompressed body of an HTTP request. Bytes are reserved before they are read and as they are inflated; `onWanted` is
 * called in between, when nothing that is known by then speaks against the body. Throws Refusal:
 * 413 over the limit, 503 when the budget is full, 415 for an unknown Content-Encoding, 400 for a damaged one or an upload
 * that broke off.
 */
export async function readBody(
  request: IncomingMessage,
  reservation: Reservation,
  maxBodyBytes: number,
  onWanted: () => void,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (!['', 'identity', 'none', 'gzip', 'x-gzip'].includes(encoding)) {
    throw new Refusal(
      'unsupported',
      `cannot read Content-Encoding ${encoding}: gzip and none are known`,
      { headers: { 'accept-encoding': 'gzip' } },
    )
  }
  const declared = request.headers['content-length']
  const length = declared === undefined ? null : Number(declared)
  if (length !== null && length > maxBodyBytes) throw tooLarge(maxBodyBytes)
  if (!reservation.growTo(length ?? STEP_BYTES)) throw full()
  onWanted()
  if (encoding.endsWith('gzip')) return inflate(request, reservation, maxBodyBytes)
  if (length === null) return collect(request, reservation, maxBodyBytes)
  // Node itself ends the message at its length.
  return fill(request as AsyncIterable<Buffer>, reservation, length)
}

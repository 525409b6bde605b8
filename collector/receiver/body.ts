import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Reservation } from './admission'
import { Refusal, retryLater, tooLarge, tooSlow } from './refusal'

/** Steps in which the reservation of a body of unknown length grows. */
const STEP_BYTES = 64 * 1024
const FULL = 'the collector holds as many requests as its memory allows; send again in a second'

export interface BodyLimits {
  /** Of the decompressed body. */
  readonly maxBodyBytes: number
  /** From the head of the request to the end of its body. */
  readonly bodyTimeoutMs: number
}

/**
 * The decompressed body. Bytes are reserved before they are read and as they are inflated. Throws Refusal: 413 over the
 * limit, 503 when the budget is full, 408 when it comes too slowly, 415 for an unknown Content-Encoding, 400 for a damaged
 * one or an upload that broke off.
 */
export async function readBody(
  request: IncomingMessage,
  reservation: Reservation,
  { maxBodyBytes, bodyTimeoutMs }: BodyLimits,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (!['', 'identity', 'none', 'gzip', 'x-gzip'].includes(encoding)) {
    throw new Refusal(415, `cannot read Content-Encoding ${encoding}: gzip and none are known`, {
      headers: { 'accept-encoding': 'gzip' },
    })
  }
  const declared = request.headers['content-length']
  const length = declared === undefined ? null : Number(declared)
  if (length !== null && length > maxBodyBytes) throw tooLarge(maxBodyBytes)
  const isGzip = encoding.endsWith('gzip')
  if (!reservation.growTo(length ?? STEP_BYTES)) throw retryLater(FULL, 'admission')
  try {
    return await within(bodyTimeoutMs, () => {
      if (isGzip) return inflate(request, reservation, maxBodyBytes)
      if (length === null) return collect(request, reservation, maxBodyBytes)
      return readExactly(request, length)
    })
  } finally {
    // What was left unread would keep the connection from its next request.
    request.resume()
  }
}

/** Throws Refusal 408 after the time-out. What is being read goes on until the connection is closed or its reservation is gone. */
async function within<T>(timeoutMs: number, read: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooSlow(timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([read(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Into one buffer, since the length is known; Node itself ends the message at it. */
async function readExactly(request: IncomingMessage, length: number): Promise<Buffer> {
  const body = Buffer.allocUnsafeSlow(length)
  let filled = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      filled += chunk.copy(body, filled)
    }
  } catch (error) {
    throw brokenOff(error)
  }
  if (filled < length) throw brokenOff()
  return body
}

async function inflate(
  request: IncomingMessage,
  reservation: Reservation,
  maxBodyBytes: number,
): Promise<Buffer> {
  const gunzip = createGunzip()
  request.once('error', (error) => gunzip.destroy(brokenOff(error)))
  try {
    return await collect(request.pipe(gunzip), reservation, maxBodyBytes)
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal(400, `cannot decompress the body: ${(error as Error).message}`)
  } finally {
    request.unpipe(gunzip)
    gunzip.destroy()
  }
}

async function collect(
  source: Readable,
  reservation: Reservation,
  maxBodyBytes: number,
): Promise<Buffer> {
  // Destroying a request destroys its connection, and the answer with it.
  const iterated = source.iterator({ destroyOnReturn: false })
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of iterated as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBodyBytes) throw tooLarge(maxBodyBytes)
      if (!reservation.growTo(Math.ceil(length / STEP_BYTES) * STEP_BYTES))
        throw retryLater(FULL, 'admission')
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Refusal || isCompressionError(error)) throw error
    throw brokenOff(error)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length)
}

function isCompressionError(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return code.startsWith('Z_')
}

function brokenOff(cause?: unknown): Refusal {
  const refusal = new Refusal(400, 'the upload broke off before its end')
  refusal.cause = cause
  return refusal
}

import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Reservation } from './admission'
import { brokenOff, full, Refusal, tooLarge } from './refusal'

/** Steps in which the reservation of a body of unknown length grows. */
export const STEP_BYTES = 64 * 1024

/** Exactly `length` bytes into one buffer; they are reserved already. Throws Refusal 400 when there are fewer. */
export async function fill(
  source: AsyncIterable<Buffer>,
  { lend }: Reservation,
  length: number,
): Promise<Buffer> {
  const body = lend(length)
  let filled = 0
  try {
    for await (const chunk of source) filled += chunk.copy(body, filled)
  } catch (error) {
    throw asRefusal(error)
  }
  if (filled < length) throw brokenOff()
  return body
}

/** All there is, reserved as it comes. Throws Refusal: 413 over the limit, 503 when the budget is full. */
export async function collect(
  source: Readable,
  reservation: Reservation,
  maxBytes: number,
): Promise<Buffer> {
  // Destroying a request destroys its connection, and the answer with it.
  const iterated = source.iterator({ destroyOnReturn: false })
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of iterated as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) throw tooLarge(maxBytes)
      if (!reservation.growTo(Math.ceil(length / STEP_BYTES) * STEP_BYTES)) throw full()
      chunks.push(chunk)
    }
  } catch (error) {
    throw asRefusal(error)
  }
  const body = reservation.lend(length)
  let filled = 0
  for (const chunk of chunks) filled += chunk.copy(body, filled)
  return body
}

/** The same of a compressed source; it is what was inflated that counts. Throws Refusal 400 for what is no gzip. */
export async function inflate(
  source: Readable,
  reservation: Reservation,
  maxBytes: number,
): Promise<Buffer> {
  const gunzip = createGunzip()
  source.once('error', (error) => gunzip.destroy(asRefusal(error)))
  try {
    return await collect(source.pipe(gunzip), reservation, maxBytes)
  } finally {
    source.unpipe(gunzip)
    gunzip.destroy()
  }
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  if (!code.startsWith('Z_')) return brokenOff(error)
  return new Refusal('damaged', `cannot decompress the body: ${message}`)
}

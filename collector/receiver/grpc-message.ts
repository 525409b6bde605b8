import { Readable } from 'node:stream'
import type { Reservation } from './admission'
import { fill, inflate, STEP_BYTES } from './bytes'
import { brokenOff, full, Refusal, tooLarge } from './refusal'

/** The Compressed-Flag and the length of a message (gRPC over HTTP/2, Length-Prefixed-Message). */
const PREFIX_BYTES = 5

/** The compressions that are understood, as `grpc-accept-encoding` names them. */
export const COMPRESSIONS = ['identity', 'gzip'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/**
 * The one message of a unary call, decompressed. Bytes are reserved before they are read and as they are inflated; what is
 * not read stays with the client, held back by flow control. Throws Refusal: too large, no room in the budget, damaged, or
 * not one message.
 */
export async function readMessage(
  stream: Readable,
  compression: Compression,
  reservation: Reservation,
  maxBytes: number,
): Promise<Buffer> {
  if (!reservation.growTo(STEP_BYTES)) throw full()
  // Destroying the stream would reset it before it was answered.
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
  const { prefix, rest } = await readPrefix(chunks)
  const isCompressed = judgeFlag(prefix[0] ?? 0, compression)
  const length = prefix.readUInt32BE(1)
  if (length > maxBytes) throw tooLarge(maxBytes)
  const content = takeMessage(rest, chunks, length)
  if (isCompressed) return inflateContent(content, reservation, maxBytes)
  if (!reservation.growTo(length)) throw full()
  return fill(content, reservation, length)
}

async function inflateContent(
  content: AsyncIterable<Buffer>,
  reservation: Reservation,
  maxBytes: number,
): Promise<Buffer> {
  const source = Readable.from(content)
  try {
    return await inflate(source, reservation, maxBytes)
  } finally {
    // It would go on holding the stream, which then could not be discarded.
    source.destroy()
  }
}

/** A message as it is sent, uncompressed. */
export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}

async function readPrefix(
  chunks: AsyncIterator<Buffer>,
): Promise<{ readonly prefix: Buffer; readonly rest: Buffer }> {
  let read: Buffer = Buffer.alloc(0)
  while (read.length < PREFIX_BYTES) {
    const { value, done = false } = await next(chunks)
    if (done && read.length === 0) throw notOne('none')
    if (done) throw brokenOff()
    read = read.length === 0 ? value : Buffer.concat([read, value])
  }
  return { prefix: read.subarray(0, PREFIX_BYTES), rest: read.subarray(PREFIX_BYTES) }
}

/** A stream that was reset fails; whoever reset it reads no answer. */
async function next(chunks: AsyncIterator<Buffer>): Promise<IteratorResult<Buffer, Buffer>> {
  try {
    return (await chunks.next()) as IteratorResult<Buffer, Buffer>
  } catch (error) {
    throw brokenOff(error)
  }
}

function judgeFlag(flag: number, compression: Compression): boolean {
  if (flag === 0) return false
  if (flag !== 1) throw new Refusal('damaged', `the Compressed-Flag of the message is ${flag}`)
  if (compression !== 'identity') return true
  throw new Refusal('damaged', 'the message is compressed and grpc-encoding does not say how')
}

/** The bytes of the message, `first` and as many as are missing, and then the end of the stream. */
async function* takeMessage(
  first: Buffer,
  chunks: AsyncIterable<Buffer>,
  length: number,
): AsyncGenerator<Buffer> {
  let missing = length - first.length
  if (missing < 0) throw notOne('several')
  if (first.length > 0) yield first
  for await (const chunk of chunks) {
    missing -= chunk.length
    if (missing < 0) throw notOne('several')
    yield chunk
  }
  if (missing > 0) throw brokenOff()
}

/** A cardinality violation (gRPC, Status Codes). */
function notOne(count: string): Refusal {
  return new Refusal('wrongCount', `Export takes one message, and the call has ${count}`)
}

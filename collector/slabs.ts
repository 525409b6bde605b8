/** As memory for `bytes` bytes is asked for; what is in it is whatever was there before. */
export type Lend = (bytes: number) => Buffer

/** What is not asked for again is let go beyond this, the longest unused first. */
export const LARGEST_FREE_BYTES = 16 * 1024 * 1024
/** Less is not worth keeping, and slabs are a multiple of it. */
const SMALLEST_BYTES = 4 * 1024
/** More is rare, and would drive out everything else. */
const LARGEST_BYTES = LARGEST_FREE_BYTES / 4
/** How much larger than asked for a slab may be, so that requests of about the same size can use each other's. */
const MOST_SLACK = 2

/**
 * Memory that goes from one request to the next. Bodies and rows live until a commit, which is too long for the young
 * generation, and V8 collects the old one only when tens of MiB of them wait. What is not given back is collected as any other.
 */
export class Slabs {
  /** The longest unused first. */
  readonly #free: ArrayBuffer[] = []
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #freeBytes = 0

  readonly lend: Lend = (bytes) => {
    if (bytes < SMALLEST_BYTES || bytes > LARGEST_BYTES) return Buffer.allocUnsafeSlow(bytes)
    const slab = this.#take(bytes) ?? makeSlab(bytes)
    this.#lent.add(slab)
    return Buffer.from(slab, 0, bytes)
  }

  /** Takes back all of what these bytes were lent in; nobody may use it any more. Others are let be, and those given back before. */
  readonly giveBack = ({ buffer }: Uint8Array): void => {
    if (!this.#lent.delete(buffer)) return
    this.#free.push(buffer as ArrayBuffer)
    this.#freeBytes += buffer.byteLength
    while (this.#freeBytes > LARGEST_FREE_BYTES) {
      this.#freeBytes -= this.#free.shift()?.byteLength ?? 0
    }
  }

  #take(bytes: number): ArrayBuffer | undefined {
    const at = this.#free.findLastIndex(
      ({ byteLength }) => byteLength >= bytes && byteLength <= sizeOf(bytes) * MOST_SLACK,
    )
    if (at < 0) return undefined
    const [slab] = this.#free.splice(at, 1)
    this.#freeBytes -= slab?.byteLength ?? 0
    return slab
  }
}

function makeSlab(bytes: number): ArrayBuffer {
  // Unlike an ArrayBuffer of its own it is not zeroed.
  return Buffer.allocUnsafeSlow(sizeOf(bytes)).buffer
}

function sizeOf(bytes: number): number {
  return Math.ceil(bytes / SMALLEST_BYTES) * SMALLEST_BYTES
}

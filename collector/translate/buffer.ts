import type { Lend } from '../slabs'

const LARGEST_GROWTH = 8
const GROWTH_ALLOWANCE_BYTES = 1024 * 1024
/** The rows of most requests fit into this. */
const LARGEST_KEPT_BYTES = 1024 * 1024

/**
 * How many times as long as the body the rows of histograms may be: a bucket count of a byte is twelve in an array, and
 * the row of a data point that is sent with a time alone not quite thirteen times as long as it.
 */
export const HISTOGRAM_GROWTH = 13

/**
 * The same of what follows from events: twice what they are as they are sent by the helpers, so that what is left out is of
 * nobody who means it.
 */
export const EVENT_GROWTH = 4

/**
 * How many bytes of rows a body may become, which bounds memory by what admission knows. The smallest spans grow about
 * fivefold and escaped control characters sixfold; only empty events and links and doubles beyond 1e80 grow more.
 */
export function largestRows(bodyBytes: number, growth = LARGEST_GROWTH): number {
  return bodyBytes * growth + GROWTH_ALLOWANCE_BYTES
}

/** A growing buffer for rows of COPY BINARY and for JSON. Hot loops write through `bytes` and `view` after `reserve`. */
export class RowBuffer {
  bytes: Buffer
  view: DataView
  capacity: number
  end = 0

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes)
    this.view = new DataView(this.bytes.buffer)
    this.capacity = capacityBytes
  }

  /**
   * Hands out what was written, in memory that is lent for it, and starts over. The buffer is kept for what comes next, so
   * that each request costs the bytes it has and no growing; one that has become large is handed out itself.
   */
  take(lend: Lend): Buffer {
    let taken = this.written()
    if (taken.length <= LARGEST_KEPT_BYTES) {
      taken = lend(this.end)
      this.bytes.copy(taken, 0, 0, this.end)
    }
    this.reset()
    return taken
  }

  /** Starts over, in the same memory unless it has become large. */
  reset(): void {
    this.end = 0
    if (this.capacity > LARGEST_KEPT_BYTES) this.#use(Buffer.allocUnsafeSlow(0))
  }

  /** Starts over in other memory. */
  restart(capacityBytes: number): void {
    this.end = 0
    this.#use(Buffer.allocUnsafeSlow(capacityBytes))
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    if (this.capacity - this.end < size) this.#grow(size)
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.end++] = value
  }

  /** ASCII text as it is. */
  ascii(text: string): void {
    const { length } = text
    this.reserve(length)
    const { bytes, end } = this
    for (let index = 0; index < length; index++) bytes[end + index] = text.charCodeAt(index)
    this.end = end + length
  }

  written(): Buffer {
    return this.bytes.subarray(0, this.end)
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.ceil((this.end + size) * 1.5))
    this.bytes.copy(grown, 0, 0, this.end)
    this.#use(grown)
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer)
    this.capacity = bytes.length
  }
}

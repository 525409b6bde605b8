const LARGEST_GROWTH = 8
const GROWTH_ALLOWANCE_BYTES = 1024 * 1024

/**
 * How many bytes of rows a body may become, which bounds memory by what admission knows. The smallest spans grow about
 * fivefold and escaped control characters sixfold; only empty events and links and doubles beyond 1e80 grow more.
 */
export function largestRows(bodyBytes: number): number {
  return bodyBytes * LARGEST_GROWTH + GROWTH_ALLOWANCE_BYTES
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

  /** Starts over in memory of its own, leaving what was written to whoever took it. */
  restart(capacityBytes: number): void {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes)
    this.view = new DataView(this.bytes.buffer)
    this.capacity = capacityBytes
    this.end = 0
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
    this.bytes = grown
    this.view = new DataView(grown.buffer)
    this.capacity = grown.length
  }
}

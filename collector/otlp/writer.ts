/** The longest varint of a length: enough for every message, and what `openWide` reserves. */
const WIDE_LENGTH_BYTES = 5

/**
 * Writes protobuf wire format into one growing buffer. `bytes`, `view` and `end` are public for the hot loops of the
 * JSON translation; whoever writes through them calls `reserve` first.
 */
export class ProtobufWriter {
  bytes: Buffer
  view: DataView
  end = 0

  /** It writes into these bytes for as long as they are enough. */
  constructor(bytes: Buffer = Buffer.allocUnsafeSlow(256)) {
    this.bytes = bytes
    this.view = viewOf(bytes)
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    if (this.bytes.length - this.end < size) this.#grow(size)
  }

  /** A tag of a field number up to 2047; the room must be there. */
  tag(tag: number): void {
    if (tag < 0x80) {
      this.bytes[this.end++] = tag
      return
    }
    this.bytes[this.end++] = (tag & 0x7f) | 0x80
    this.bytes[this.end++] = tag >> 7
  }

  /** A varint of 64 bits given as two 32-bit words; the room (10 bytes) must be there. */
  varint(low: number, high: number): void {
    const { bytes } = this
    let { end } = this
    let lowBits = low
    let highBits = high
    while (highBits !== 0 || lowBits >>> 7 !== 0) {
      bytes[end++] = (lowBits & 0x7f) | 0x80
      lowBits = (lowBits >>> 7) | (highBits << 25)
      highBits >>>= 7
    }
    bytes[end++] = lowBits
    this.end = end
  }

  fixed32(word: number): void {
    this.view.setInt32(this.end, word, true)
    this.end += 4
  }

  fixed64(low: number, high: number): void {
    this.view.setInt32(this.end, low, true)
    this.view.setInt32(this.end + 4, high, true)
    this.end += 8
  }

  double(value: number): void {
    this.view.setFloat64(this.end, value, true)
    this.end += 8
  }

  /** Begins something expected to be shorter than 128 bytes; returns what `close` wants. */
  open(): number {
    return ++this.end
  }

  /** Writes the length of what was written since `open`, moving it when it turned out longer than 127 bytes. */
  close(start: number): void {
    const length = this.end - start
    if (length < 0x80) this.bytes[start - 1] = length
    else this.#closeLong(start, length)
  }

  /** Begins something expected to be long: its length gets a padded varint, so that nothing has to be moved. */
  openWide(): number {
    this.end += WIDE_LENGTH_BYTES
    return this.end
  }

  /** Writes the length of what was written since `openWide`. */
  closeWide(start: number): void {
    const length = this.end - start
    const { bytes } = this
    bytes[start - 5] = (length & 0x7f) | 0x80
    bytes[start - 4] = ((length >>> 7) & 0x7f) | 0x80
    bytes[start - 3] = ((length >>> 14) & 0x7f) | 0x80
    bytes[start - 2] = ((length >>> 21) & 0x7f) | 0x80
    bytes[start - 1] = length >>> 28
  }

  /** A whole length-delimited field holding text. */
  string(tag: number, text: string): void {
    const size = Buffer.byteLength(text)
    this.reserve(size + 12)
    this.tag(tag)
    this.varint(size, 0)
    this.end += this.bytes.write(text, this.end)
  }

  /** A whole length-delimited field holding a message that `fill` writes. */
  message(tag: number, fill: () => void): void {
    this.reserve(8)
    this.tag(tag)
    const start = this.open()
    fill()
    this.close(start)
  }

  /** A whole varint field; `value` is a non-negative safe integer. */
  integer(tag: number, value: number): void {
    this.reserve(12)
    this.tag(tag)
    this.varint(value | 0, Math.floor(value / 0x1_0000_0000))
  }

  /** What was written. The buffer stays shared with the writer. */
  finish(): Buffer {
    return this.bytes.subarray(0, this.end)
  }

  #closeLong(start: number, length: number): void {
    const extra = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : length < 0x1000_0000 ? 3 : 4
    this.reserve(extra)
    this.bytes.copyWithin(start + extra, start, this.end)
    this.end = start - 1
    this.varint(length, 0)
    this.end += length
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.ceil((this.end + size) * 1.5))
    this.bytes.copy(grown, 0, 0, this.end)
    this.bytes = grown
    this.view = viewOf(grown)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

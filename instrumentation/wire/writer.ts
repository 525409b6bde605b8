/**
 * Writes protobuf into one buffer that grows. A message inside a message begins with room for its length, which is filled
 * in when the message is complete, so that nothing is measured first and hardly ever moved; where the room turns out too wide, the
 * length is padded, as every reader of protobuf takes it.
 */
export class Writer {
  buffer: Buffer
  /** Where the next byte goes. */
  at = 0

  constructor(initialBytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes)
  }

  /** Makes room; what is written without a check of its own relies on it. */
  reserve(bytes: number): void {
    if (this.at + bytes > this.buffer.length) this.#grow(bytes)
  }

  /** A field of wire type 2 whose content follows; `expectedBytes` is a guess. Returns what `close` needs. */
  open(tag: number, expectedBytes: number): number {
    this.reserve(TAG_AND_LENGTH_BYTES)
    this.tag(tag)
    const width = expectedBytes < 0x80 ? 1 : expectedBytes < 0x4000 ? 2 : 4
    this.at += width
    return this.at * WIDTHS + width
  }

  /** Ends the field that `open` began. */
  close(mark: number): void {
    const width = mark % WIDTHS
    const start = (mark - width) / WIDTHS
    let length = this.at - start
    if (length >= 1 << (7 * width)) {
      this.#widen(start, length, width)
      return
    }
    const { buffer } = this
    let at = start - width
    for (let left = width; left > 1; left--) {
      buffer[at++] = (length & 0x7f) | 0x80
      length >>>= 7
    }
    buffer[at] = length
  }

  /** Field number and wire type in one; below 2,048. Makes no room. */
  tag(tag: number): void {
    if (tag > 0x7f) {
      this.buffer[this.at++] = (tag & 0x7f) | 0x80
      this.buffer[this.at++] = tag >>> 7
    } else {
      this.buffer[this.at++] = tag
    }
  }

  /** An integer from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(VARINT_BYTES)
    let rest = value
    while (rest > 0x7fff_ffff) {
      this.buffer[this.at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    while (rest > 0x7f) {
      this.buffer[this.at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[this.at++] = rest
  }

  /** The two's complement of any 64-bit integer. */
  varint64(value: bigint): void {
    this.reserve(VARINT_BYTES)
    let rest = BigInt.asUintN(64, value)
    while (rest > 0x7fn) {
      this.buffer[this.at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.buffer[this.at++] = Number(rest)
  }

  /** Four bytes, least significant first. Makes no room. */
  fixed32(value: number): void {
    const { buffer, at } = this
    buffer[at] = value
    buffer[at + 1] = value >>> 8
    buffer[at + 2] = value >>> 16
    buffer[at + 3] = value >>> 24
    this.at = at + 4
  }

  double(value: number): void {
    this.reserve(8)
    this.at = this.buffer.writeDoubleLE(value, this.at)
  }

  /** A field that holds text. Halves of surrogate pairs become U+FFFD. */
  text(tag: number, given: string): void {
    // An application in plain JavaScript may have given anything as a name.
    const text = typeof given === 'string' ? given : String(given)
    const { length } = text
    if (length > SHORT_TEXT) {
      this.#longText(tag, text)
      return
    }
    this.reserve(TAG_AND_LENGTH_BYTES + length * UTF8_BYTES_PER_UNIT)
    const { buffer } = this
    const before = this.at
    this.tag(tag)
    // Short enough for a length of one byte, as it is while every character is one byte.
    let at = this.at
    buffer[at++] = length
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) {
        this.at = before
        this.#longText(tag, text)
        return
      }
      buffer[at++] = code
    }
    this.at = at
  }

  bytes(tag: number, bytes: Uint8Array): void {
    this.reserve(TAG_AND_LENGTH_BYTES + bytes.length)
    this.tag(tag)
    this.varint(bytes.length)
    this.buffer.set(bytes, this.at)
    this.at += bytes.length
  }

  /** A field of bytes given as hex digits, as ids are; at most 254 digits. */
  hex(tag: number, digits: string): void {
    const length = digits.length >>> 1
    this.reserve(TAG_AND_LENGTH_BYTES + length)
    this.tag(tag)
    const { buffer } = this
    let at = this.at
    buffer[at++] = length
    for (let index = 0; index < length * 2; index += 2) {
      buffer[at++] = (digitAt(digits, index) << 4) | digitAt(digits, index + 1)
    }
    this.at = at
  }

  /** What was written, in memory of its own. */
  copy(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.at)
    this.buffer.copy(copy, 0, 0, this.at)
    return copy
  }

  #longText(tag: number, text: string): void {
    const mark = this.open(tag, text.length)
    this.reserve(text.length * UTF8_BYTES_PER_UNIT)
    this.at += this.buffer.write(text, this.at)
    this.close(mark)
  }

  /** Moves the content so that its length fits in front of it. */
  #widen(start: number, length: number, width: number): void {
    const missing = MAX_LENGTH_BYTES - width
    this.reserve(missing)
    this.buffer.copyWithin(start + missing, start, this.at)
    this.at += missing
    let rest = length
    for (let at = start - width; at < start + missing - 1; at++) {
      this.buffer[at] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.buffer[start + missing - 1] = rest
  }

  #grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(grown, 0, 0, this.at)
    this.buffer = grown
  }
}

/** Tags of up to two bytes, and the longest length. */
const TAG_AND_LENGTH_BYTES = 7
const VARINT_BYTES = 10
const MAX_LENGTH_BYTES = 5
/** A position and one of this many widths make a mark. */
const WIDTHS = 8
/** What is longer is written by Node's own code, which costs more to call and less a character. */
const SHORT_TEXT = 60
/** At most, for a UTF-16 code unit. */
const UTF8_BYTES_PER_UNIT = 3

function digitAt(digits: string, index: number): number {
  const code = digits.charCodeAt(index)
  return code > 0x39 ? (code & 0xf) + 9 : code & 0xf
}

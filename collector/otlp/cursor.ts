import { BadData } from '../errors'

/** The low three bits of a tag. */
export const VARINT = 0
export const FIXED64 = 1
export const DELIMITED = 2
const GROUP_START = 3
const GROUP_END = 4
export const FIXED32 = 5

/** The wire format of protobuf allows no longer varint. */
const LONGEST_VARINT_BYTES = 10
const LARGEST_FIELD_NUMBER = 0x1fff_ffff
/** As deep as Go's protobuf goes; what is open has to be remembered. */
const DEEPEST_GROUP = 10_000

/**
 * Reads protobuf wire format strictly: whatever is not well-formed throws BadData. It knows no messages: callers loop
 * `while (cursor.at < limit)` over tags and pass the end of the message they are in, so that nothing reads past it.
 * 64-bit numbers are left as two words in `low` and `high`.
 */
export class Cursor {
  bytes: Buffer
  view: DataView
  at = 0
  /** Bits 0 to 31 of the last 64-bit number, as a signed int32. */
  low = 0
  /** Bits 32 to 63, as a signed int32. */
  high = 0

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Starts over at the beginning of other bytes. */
  open(bytes: Uint8Array): void {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = 0
  }

  /** Reads a tag (field number * 8 + wire type); `at` must lie before `limit`. */
  tag(limit: number): number {
    const byte = this.bytes[this.at]!
    if (byte < 0x80 && byte > 7) {
      this.at++
      return byte
    }
    return this.#longTag(limit)
  }

  /** Reads the length of a delimited field and returns where the field ends. */
  delimited(limit: number): number {
    const { at } = this
    if (at < limit) {
      const byte = this.bytes[at]!
      const end = at + 1 + byte
      if (byte < 0x80 && end <= limit) {
        this.at = at + 1
        return end
      }
    }
    return this.#longDelimited(limit)
  }

  /** Reads a varint into `low` and `high`. */
  varint(limit: number): void {
    const { at } = this
    if (at < limit) {
      const byte = this.bytes[at]!
      if (byte < 0x80) {
        this.at = at + 1
        this.low = byte
        this.high = 0
        return
      }
    }
    this.#longVarint(limit)
  }

  /** Reads 32 fixed bits as a signed int32. */
  fixed32(limit: number): number {
    const { at } = this
    if (limit - at < 4) this.#truncated()
    this.at = at + 4
    return this.view.getInt32(at, true)
  }

  /** Reads 64 fixed bits into `low` and `high`. */
  fixed64(limit: number): void {
    const { at } = this
    if (limit - at < 8) this.#truncated()
    this.at = at + 8
    this.low = this.view.getInt32(at, true)
    this.high = this.view.getInt32(at + 4, true)
  }

  /** Skips the field whose tag has just been read. */
  skip(tag: number, limit: number): void {
    if ((tag & 7) === GROUP_START) this.#skipGroup(tag >>> 3, limit)
    else this.#skipPlain(tag, limit)
  }

  #skipPlain(tag: number, limit: number): void {
    switch (tag & 7) {
      case VARINT:
        this.varint(limit)
        return
      case FIXED64:
        this.fixed64(limit)
        return
      case DELIMITED:
        this.at = this.delimited(limit)
        return
      case FIXED32:
        this.fixed32(limit)
        return
      case GROUP_END:
        return this.#damaged('a group ends that was not begun')
      default:
        return this.#damaged(`wire type ${tag & 7} does not exist`)
    }
  }

  #skipGroup(fieldNumber: number, limit: number): void {
    const open = [fieldNumber]
    while (open.length > 0) {
      if (this.at >= limit) this.#truncated()
      const tag = this.tag(limit)
      const type = tag & 7
      if (type === GROUP_START) {
        if (open.length === DEEPEST_GROUP) this.#damaged('groups are nested too deeply')
        open.push(tag >>> 3)
      } else if (type === GROUP_END) {
        if (open.pop() !== tag >>> 3) this.#damaged('a group ends that is not the innermost')
      } else {
        this.#skipPlain(tag, limit)
      }
    }
  }

  #longTag(limit: number): number {
    this.varint(limit)
    const tag = this.low >>> 0
    const fieldNumber = tag >>> 3
    if (this.high !== 0 || fieldNumber === 0 || fieldNumber > LARGEST_FIELD_NUMBER) {
      this.#damaged('a field number is not between 1 and 536870911')
    }
    return tag
  }

  #longDelimited(limit: number): number {
    this.varint(limit)
    const end = this.at + (this.low >>> 0)
    if (this.high !== 0 || end > limit) this.#damaged('a length reaches past the end')
    return end
  }

  #longVarint(limit: number): void {
    const { bytes } = this
    let low = 0
    let high = 0
    for (let index = 0; index < LONGEST_VARINT_BYTES; index++) {
      if (this.at >= limit) this.#truncated()
      const byte = bytes[this.at++]!
      const bits = byte & 0x7f
      if (index < 4) low |= bits << (index * 7)
      else if (index === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (index * 7 - 32)
      if (byte < 0x80) {
        this.low = low
        this.high = high
        return
      }
    }
    this.#damaged('a varint is longer than 10 bytes')
  }

  #truncated(): never {
    return this.#damaged('it ends in the middle of a field')
  }

  #damaged(why: string): never {
    throw new BadData(`cannot read protobuf at byte ${this.at}: ${why}`)
  }
}

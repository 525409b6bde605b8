import { BadData } from '../../errors'

export const QUOTE = 0x22
export const COMMA = 0x2c
export const COLON = 0x3a
export const MINUS = 0x2d
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
export const BACKSLASH = 0x5c
export const DIGIT_0 = 0x30
export const LETTER_F = 0x66
export const LETTER_N = 0x6e
export const LETTER_T = 0x74

/** Objects and arrays inside each other, counted together. */
const MAX_LEVELS = 10_000
const MAX_QUOTED_BYTES = 40
const END_OF_BODY = -1

/** A JSON text being read: the bytes, how far we are, and how errors say where that is. */
export class JsonSource {
  readonly bytes: Buffer
  readonly view: DataView
  readonly length: number
  at = 0
  #levels = 0
  readonly #describePath: (withMember: boolean) => string

  /** `describePath` names the object being read in JSON terms, or its member; it is called for errors only. */
  constructor(body: Uint8Array, describePath: (withMember: boolean) => string) {
    this.bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    this.length = body.byteLength
    this.#describePath = describePath
    const { bytes } = this
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3
  }

  /** Skips white space and returns the byte found there without taking it, or -1 at the end of the body. */
  peek(): number {
    const { bytes, length } = this
    let { at } = this
    while (at < length) {
      const byte = bytes[at]!
      if (byte > 0x20) {
        this.at = at
        return byte
      }
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      at++
    }
    this.at = at
    return at < length ? bytes[at]! : END_OF_BODY
  }

  /** Takes `byte`, which must come next. */
  expect(byte: number): void {
    if (this.peek() !== byte) this.failSyntax(`'${String.fromCharCode(byte)}'`)
    this.at++
  }

  /** Takes `null`, `true` or `false` if it comes next. */
  takeWord(word: 'null' | 'true' | 'false'): boolean {
    const { bytes, at } = this
    if (at + word.length > this.length) return false
    for (let index = 0; index < word.length; index++) {
      if (bytes[at + index] !== word.charCodeAt(index)) return false
    }
    this.at = at + word.length
    return true
  }

  /** Counts an object or array being entered. */
  descend(): void {
    if (++this.#levels > MAX_LEVELS) {
      throw new BadData(
        `cannot read OTLP/JSON at byte ${this.at}: more than ${MAX_LEVELS} objects and arrays inside each other`,
      )
    }
  }

  /** Counts an object or array being left. */
  ascend(): void {
    this.#levels--
  }

  /** The body is not JSON here. */
  failSyntax(expected: string): never {
    const found =
      this.at >= this.length ? 'the end of the body' : `'${this.#excerpt(this.at, this.at + 1)}'`
    throw new BadData(
      `cannot read OTLP/JSON at byte ${this.at}${this.#place(' in ', false)}: expected ${expected}, found ${found}`,
    )
  }

  /** The body is JSON, but the value that begins at `start` is not what the field takes. */
  failValue(expected: string, start: number): never {
    if (start >= this.length) this.failSyntax(expected)
    throw new BadData(
      `cannot read OTLP/JSON${this.#place(' member ', true)}: expected ${expected}, found ${this.#token(start)}`,
    )
  }

  #place(before: string, withMember: boolean): string {
    const path = this.#describePath(withMember)
    return path && before + path
  }

  #token(start: number): string {
    const { bytes, length } = this
    const first = bytes[start]
    if (first === OPEN_BRACE) return 'an object'
    if (first === OPEN_BRACKET) return 'an array'
    let end = start + 1
    const isText = first === QUOTE
    while (end < length && end - start < MAX_QUOTED_BYTES) {
      const byte = bytes[end]!
      if (isText ? byte === QUOTE : byte <= 0x20 || byte === COMMA || byte === CLOSE_BRACE) break
      if (!isText && byte === CLOSE_BRACKET) break
      end++
    }
    const isWhole = end < length && end - start < MAX_QUOTED_BYTES
    return this.#excerpt(start, isText && isWhole ? end + 1 : end) + (isWhole ? '' : '…')
  }

  #excerpt(start: number, end: number): string {
    return this.bytes
      .toString('utf8', start, Math.min(end, this.length))
      .replaceAll(/\p{Cc}/gu, '\ufffd')
  }
}

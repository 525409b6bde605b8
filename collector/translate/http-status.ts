import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import type { ValueWriter } from './value'

/** The attribute that tells the status of a response, and what it was called before. */
export const HTTP_STATUS_ATTRIBUTES = ['http.response.status_code', 'http.status_code'] as const

const [CURRENT, FORMER] = HTTP_STATUS_ATTRIBUTES.map((name) => Buffer.from(name)) as [
  Buffer,
  Buffer,
]
const LEAST_SERVER_ERROR = 500
const QUOTE = 0x22
/** Besides the name: two quotes and a colon. */
const BEFORE_VALUE_BYTES = 3

/** Looks out for the HTTP status among the attributes of an item, a whole number or a string of digits. */
export class HttpStatus {
  readonly #cursor: Cursor
  #current = 0
  #former = 0

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  /** Whether it says that the server failed. */
  get isServerError(): boolean {
    return this.#current >= LEAST_SERVER_ERROR || this.#former >= LEAST_SERVER_ERROR
  }

  beginItem(): void {
    this.#current = this.#former = 0
  }

  /** Takes note of the attribute that `values` has just written into `rows` from `rowStart` on; the last one of a name counts. */
  notice({ keyStart, keyEnd }: ValueWriter, rows: RowBuffer, rowStart: number): void {
    const valueStart = rowStart + keyEnd - keyStart + BEFORE_VALUE_BYTES
    if (this.#isKey(CURRENT, keyStart, keyEnd)) this.#current = numberIn(rows, valueStart)
    else if (this.#isKey(FORMER, keyStart, keyEnd)) this.#former = numberIn(rows, valueStart)
  }

  #isKey(key: Buffer, start: number, end: number): boolean {
    const { length } = key
    if (end - start !== length) return false
    const { bytes } = this.#cursor
    for (let index = 0; index < length; index++) {
      if (bytes[start + index] !== key[index]) return false
    }
    return true
  }
}

/** The number that the JSON from `start` on is, or the string of digits; 0 when it is neither. */
function numberIn({ bytes, end: rowsEnd }: RowBuffer, start: number): number {
  const isString = bytes[start] === QUOTE
  const end = isString ? rowsEnd - 1 : rowsEnd
  let number = 0
  for (let at = isString ? start + 1 : start; at < end; at++) {
    const digit = bytes[at]! - 0x30
    if (digit < 0 || digit > 9) return 0
    number = number * 10 + digit
  }
  return number
}

import type { Cursor } from '../otlp/cursor'
import type { Attribution } from './attribution'
import type { RowBuffer } from './buffer'
import type { Correlations } from './correlations'
import type { ErrorWatch } from './error-watch'
import { HTTP_STATUS_ATTRIBUTES, type HttpStatus } from './http-status'
import type { Translation } from './translator'
import type { ValueWriter } from './value'

/** Looks out for the attributes of items that say whose an item is, what it correlates with or that it failed. */
export class AttributeWatch {
  readonly #attribution: Attribution
  readonly #correlations: Correlations
  readonly #errors: ErrorWatch
  readonly #httpStatus: HttpStatus | null
  readonly #cursor: Cursor
  /** By the length of a name in bytes, a bit for each last letter: most attributes cost no more than a look at this. */
  readonly #letters: Int32Array

  constructor(
    { cursor, attribution, options }: Translation,
    correlations: Correlations,
    errors: ErrorWatch,
    httpStatus: HttpStatus | null = null,
  ) {
    this.#cursor = cursor
    this.#attribution = attribution
    this.#correlations = correlations
    this.#errors = errors
    this.#httpStatus = httpStatus
    const names = [
      'module',
      ...options.tenantAttributes,
      ...options.correlationAttributes,
      ...errors.names,
    ]
    if (httpStatus !== null) names.push(...HTTP_STATUS_ATTRIBUTES)
    const keys = names.map((name) => Buffer.from(name))
    this.#letters = new Int32Array(Math.max(...keys.map(({ length }) => length)) + 1)
    for (const key of keys) this.#letters[key.length]! |= bitOf(key.at(-1))
  }

  beginItem(): void {
    this.#attribution.beginItem()
    this.#correlations.beginItem()
    this.#errors.beginItem()
    this.#httpStatus?.beginItem()
  }

  /** Takes note of the attribute that `values` has just written into `rows` from `rowStart` on. */
  notice(values: ValueWriter, rows: RowBuffer, rowStart: number): void {
    const { keyStart, keyEnd } = values
    const length = keyEnd - keyStart
    if (length >= this.#letters.length) return
    if ((this.#letters[length]! & bitOf(this.#cursor.bytes[keyEnd - 1])) === 0) return
    this.#attribution.notice(keyStart, keyEnd, values.textStart, values.textEnd)
    this.#correlations.notice(values, rows, rowStart)
    this.#errors.notice(keyStart, keyEnd)
    this.#httpStatus?.notice(values, rows, rowStart)
  }
}

/** Letters that differ in their last five bits have bits of their own. */
function bitOf(letter = 0): number {
  return 1 << (letter & 31)
}

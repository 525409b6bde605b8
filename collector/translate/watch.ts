import type { Attribution } from './attribution'
import type { RowBuffer } from './buffer'
import type { Correlations } from './correlations'
import type { Translation } from './translator'
import type { ValueWriter } from './value'

/** Looks out for the attributes of items that say whose an item is or what it correlates with. */
export class AttributeWatch {
  readonly #attribution: Attribution
  readonly #correlations: Correlations
  /** 1 for every length in bytes that a name looked for has: most attributes cost no more than a look at this. */
  readonly #lengths: Uint8Array

  constructor({ attribution, options }: Translation, correlations: Correlations) {
    this.#attribution = attribution
    this.#correlations = correlations
    const names = ['module', ...options.tenantAttributes, ...options.correlationAttributes]
    const lengths = names.map((name) => Buffer.byteLength(name))
    this.#lengths = new Uint8Array(Math.max(...lengths) + 1)
    for (const length of lengths) this.#lengths[length] = 1
  }

  beginItem(): void {
    this.#attribution.beginItem()
    this.#correlations.beginItem()
  }

  /** Takes note of the attribute that `values` has just written into `rows` from `rowStart` on. */
  notice(values: ValueWriter, rows: RowBuffer, rowStart: number): void {
    const { keyStart, keyEnd } = values
    const length = keyEnd - keyStart
    if (length >= this.#lengths.length || this.#lengths[length] === 0) return
    this.#attribution.notice(keyStart, keyEnd, values.textStart, values.textEnd)
    this.#correlations.notice(values, rows, rowStart)
  }
}

import type { AttributeTable } from './attribute-table'

/** Longer subjects are cut: as a key of an index they must stay short. */
const LONGEST_SUBJECT_BYTES = 512
const LONGEST_NUMBER_BYTES = 64
const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i
const NS_A_MS = 1_000_000
/** 104 days: what a double says to the nanosecond. */
const LONGEST_NS = Number.MAX_SAFE_INTEGER
/** What is further from zero is a mistake, and sums of it would be infinite one day. */
const LARGEST_AMOUNT = 1e15
const STATUS_CODE = /^[1-9]\d\d$/

/** Reads what attributes of an event say, however their values were sent. */
export class EventFields {
  readonly #attributes: AttributeTable
  readonly #names = new Map<string, Buffer>()

  constructor(attributes: AttributeTable) {
    this.#attributes = attributes
  }

  /** Empty where there is none. */
  text(name: string): string {
    return this.#attributes.text(this.#nameOf(name), LONGEST_SUBJECT_BYTES) ?? ''
  }

  /** A number, also one sent as text; null where it is none. */
  amount(name: string): number | null {
    const text = this.#attributes.text(this.#nameOf(name), LONGEST_NUMBER_BYTES)?.trim() ?? ''
    if (!DECIMAL.test(text)) return null
    const amount = Number(text)
    return Math.abs(amount) <= LARGEST_AMOUNT ? amount : null
  }

  /** The same where it counts something. */
  count(name: string): number | null {
    const count = this.amount(name)
    return count !== null && count >= 0 ? count : null
  }

  /** Of milliseconds, in whole nanoseconds; -1 where it is not known. */
  durationNs(name: string): number {
    const ms = this.count(name)
    if (ms === null) return -1
    const ns = Math.round(ms * NS_A_MS)
    return ns <= LONGEST_NS ? ns : -1
  }

  /** Of a status of HTTP its three digits, else an empty text. */
  statusCode(name: string): string {
    const status = this.count(name)
    return status !== null && STATUS_CODE.test(String(status)) ? String(status) : ''
  }

  #nameOf(name: string): Buffer {
    let bytes = this.#names.get(name)
    if (bytes === undefined) this.#names.set(name, (bytes = Buffer.from(name)))
    return bytes
  }
}

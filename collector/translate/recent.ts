/**
 * Remembers values by text. Two generations stand in for a least-recently-used list: a full young one becomes the old one,
 * and what is found in the old one moves to the young.
 */
export class Recent<T> {
  readonly #size: number
  readonly #capacityBytes: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()
  #youngBytes = 0
  readonly #bytesOf: (value: T) => number

  /** It holds up to `size` values, and of as many bytes, in two halves; `bytesOf` says what a value takes. */
  constructor(size: number, capacityBytes = Infinity, bytesOf: (value: T) => number = () => 0) {
    this.#size = Math.max(1, size >> 1)
    this.#capacityBytes = capacityBytes / 2
    this.#bytesOf = bytesOf
  }

  find(key: string): T | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    const older = this.#old.get(key)
    if (older !== undefined) this.add(key, older)
    return older
  }

  add(key: string, value: T): void {
    if (this.#young.size >= this.#size || this.#youngBytes > this.#capacityBytes) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    this.#young.set(key, value)
    this.#youngBytes += this.#bytesOf(value)
  }
}

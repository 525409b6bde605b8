/**
 * Remembers values by text. Two generations stand in for a least-recently-used list: a full young one becomes the old one,
 * and what is found in the old one moves to the young.
 */
export class Recent<T> {
  readonly #size: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  /** It holds up to `size` values, in two halves. */
  constructor(size: number) {
    this.#size = Math.max(1, size >> 1)
  }

  find(key: string): T | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    const older = this.#old.get(key)
    if (older !== undefined) this.add(key, older)
    return older
  }

  add(key: string, value: T): void {
    if (this.#young.size >= this.#size) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}

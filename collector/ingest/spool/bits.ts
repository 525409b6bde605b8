/** A set of small numbers, a bit each. */
export class Bits {
  #bytes = new Uint8Array(0)

  has(index: number): boolean {
    return ((this.#bytes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
  }

  /** False when it is there already. */
  add(index: number): boolean {
    if (this.has(index)) return false
    const at = index >> 3
    if (at >= this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, at + 1))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes[at] = (this.#bytes[at] ?? 0) | (1 << (index & 7))
    return true
  }
}

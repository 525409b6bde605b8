/**
 * Keeps what was used of late, at most twice `size` entries with keys of twice `MAX_CHARACTERS`: a look-up in the younger half,
 * and now and then one in the older half, which is dropped as a whole when the younger one is full.
 */
export class Recent<Value> {
  readonly #size: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()
  #characters = 0

  constructor(size: number) {
    this.#size = size
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#size || this.#characters + key.length > MAX_CHARACTERS) {
      this.#old = this.#young
      this.#young = new Map()
      this.#characters = 0
    }
    this.#characters += key.length
    this.#young.set(key, value)
  }
}

/** Long statements with values in them are each asked once: what is kept of them must not fill the memory. */
export const MAX_CHARACTERS = 524_288

/** Slots a set begins with and goes back to: room for the dictionary rows of most requests. */
const USUAL_SLOTS = 4_096
/** Marks a slot as free; the number itself is never found to be new. */
const FREE = 0

/**
 * A set of 32-bit numbers that are as good as random, as halves of hashes are: they are their own hashes (open addressing with linear
 * probing). It allocates nothing while it is of its usual size.
 */
export class IdSet {
  #slots = new Int32Array(USUAL_SLOTS)
  #size = 0

  clear(): void {
    if (this.#slots.length > USUAL_SLOTS) this.#slots = new Int32Array(USUAL_SLOTS)
    else if (this.#size > 0) this.#slots.fill(FREE)
    this.#size = 0
  }

  /** Whether the number was not in the set. */
  add(number: number): boolean {
    if (!place(this.#slots, number | 0)) return false
    if (++this.#size > this.#slots.length >> 1) this.#grow()
    return true
  }

  #grow(): void {
    const grown = new Int32Array(this.#slots.length * 4)
    for (const number of this.#slots) if (number !== FREE) place(grown, number)
    this.#slots = grown
  }
}

function place(slots: Int32Array, number: number): boolean {
  if (number === FREE) return false
  const mask = slots.length - 1
  let at = number & mask
  for (; slots[at] !== FREE; at = (at + 1) & mask) if (slots[at] === number) return false
  slots[at] = number
  return true
}

const FIRST_ROOM = 1_024
/** The lists of most requests fit into this many times as much. */
const LARGEST_KEPT = 16

/** The place of nothing. */
export const NOWHERE = -1

/**
 * Lists of entries of so many numbers each, all in one piece of memory that serves request after request. At the place of an
 * entry is that of the next one, and its numbers follow.
 */
export class NumberLists {
  numbers = new Float64Array(0)
  readonly #width: number
  #end = 0

  constructor(count: number) {
    this.#width = count + 1
  }

  /** Adds an entry to the list that ends with the one at `last`, or begins one; returns its place. */
  append(last: number): number {
    const place = this.#end
    if (place === this.numbers.length) this.#grow()
    this.numbers[place] = NOWHERE
    if (last !== NOWHERE) this.numbers[last] = place
    this.#end = place + this.#width
    return place
  }

  clear(): void {
    this.#end = 0
    if (this.numbers.length > LARGEST_KEPT * FIRST_ROOM * this.#width) {
      this.numbers = new Float64Array(0)
    }
  }

  #grow(): void {
    const grown = new Float64Array(Math.max(FIRST_ROOM * this.#width, this.#end * 2))
    grown.set(this.numbers)
    this.numbers = grown
  }
}

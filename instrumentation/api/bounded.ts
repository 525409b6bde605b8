/**
 * A set of words that does not grow beyond its limit; what comes after is `other`. The metrics SDK limits what it is given between two
 * collections only: of cumulative metrics it keeps all it was ever given.
 */
export class Bounded {
  readonly #words = new Set<string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The word itself while there is room for it; less of `room`, a share of the limit, for words of little worth. */
  admit(word: string, room = 1): string {
    if (this.#words.has(word)) return word
    if (this.#words.size >= this.#limit * room) return OTHER
    this.#words.add(word)
    return word
  }
}

export const OTHER = 'other'

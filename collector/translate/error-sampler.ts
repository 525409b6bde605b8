import { Recent } from './recent'

/** Hashes, releases and minutes remembered, in two halves: about 4 MiB. */
const MOST_COUNTED = 16_384
/** Throws of late that were kept: what is translated again, because a part of its request was refused, is kept again. */
const MOST_KEPT = 16_384

/**
 * Chooses of which throws more is kept than that they happened: of each hash, release and minute the first one, the second, the
 * fourth, the eighth and so on.
 */
export class ErrorSampler {
  readonly #counts = new Recent<{ count: number }>(MOST_COUNTED)
  readonly #kept = new Recent<true>(MOST_KEPT)

  /** Counts a throw; whether it is kept. `throwKey` says which throw it is. */
  takes(throwKey: string, hash: string, release: string, minute: number): boolean {
    if (this.#kept.find(throwKey) !== undefined) return true
    const key = `${hash}${minute}${release}`
    const counted = this.#counts.find(key) ?? { count: 0 }
    if (counted.count === 0) this.#counts.add(key, counted)
    const count = ++counted.count
    // Powers of two have one bit.
    if ((count & (count - 1)) !== 0) return false
    this.#kept.add(throwKey, true)
    return true
  }
}

import { Recent } from './recent'

/** Hashes, releases and minutes remembered, in two halves: about 4 MiB. */
const MOST_COUNTED = 16_384
/** Throws of late that were kept: what is translated again, because a part of its request was refused, is kept again. */
const MOST_KEPT = 16_384
const MOST_KEPT_OF_SCOPE = 1_024
/** So many fatal ones are an alert, which counts those that are kept. */
const ALL_KEPT = 3

/** Among what a throw is one of many. */
export interface SampledBy {
  readonly hash: string
  readonly release: string
  readonly minute: number
  readonly isFatal: boolean
}

/**
 * Chooses of which throws more is kept than that they happened: of each hash, release and minute the first three, the fourth, the
 * eighth and so on; fatal ones are counted apart.
 */
export class ErrorSampler {
  readonly #counts = new Recent<{ count: number }>(MOST_COUNTED)
  /** Their innermost exceptions, by scope. */
  readonly #kept = new Recent<string[]>(MOST_KEPT)

  /** Counts a throw; whether it is kept. Scope and innermost exception say which throw it is. */
  takes(scope: string, innermost: string, of: SampledBy): boolean {
    const kept = this.#kept.find(scope)
    if (kept?.includes(innermost) === true) return true
    const { hash, release, minute, isFatal } = of
    const key = `${hash}${minute}${isFatal ? '!' : ' '}${release}`
    const counted = this.#counts.find(key) ?? { count: 0 }
    if (counted.count === 0) this.#counts.add(key, counted)
    const count = ++counted.count
    // Powers of two have one bit.
    if (count > ALL_KEPT && (count & (count - 1)) !== 0) return false
    if (kept === undefined) this.#kept.add(scope, [innermost])
    else if (kept.length < MOST_KEPT_OF_SCOPE) kept.push(innermost)
    return true
  }
}

/** A point of a cumulative stream. `value` only grows between resets: of a sum its value, of a histogram its count. */
export interface Cumulative {
  readonly timeUs: number
  /** When counting began; null when that was not sent. */
  readonly startUs: number | null
  readonly value: number | bigint
}

/** What a point counts: by how much it is more than the one before, all it says, or nothing, being one to compare others with. */
export type Counts = 'difference' | 'full' | 'nothing'

/** So many writers of one stream are told apart; the one not heard of for longest makes room. */
const MAX_WRITERS = 64

/**
 * The points of one cumulative, monotonic stream in order of time, linked so that what they count adds up.
 *
 * OpenTelemetry metrics data model, "Resets and Gaps": a new start time is a reset, and what the point says is what was
 * counted since; a value that falls is one too, for senders without start times (as `rate` of Prometheus has it). Unlike
 * Prometheus nothing is extrapolated, and the first point counts in full when its start lies in what is read: from 0 on.
 * One that says no start, or an older one, or that it began at its own time ("unknown start time"), is there to compare with.
 *
 * Points of one start time belong together, so that two writers who take turns in one stream, which the data model calls
 * overlapping, are followed each for itself instead of resetting each other.
 */
export class Writers<P extends Cumulative> {
  readonly #readSinceUs: number
  /** The last point of every writer but the one of `#latest`. */
  readonly #others = new Map<number | null, P>()
  #latest: P | null = null
  /** The point before the one that was followed last, of the same writer; null when that is its first. */
  previous: P | null = null

  /** `readSinceUs`: the time from which on all points are read. */
  constructor(readSinceUs: number) {
    this.#readSinceUs = readSinceUs
  }

  follow(point: P): Counts {
    const { startUs, timeUs, value } = point
    if (this.#latest === null || this.#latest.startUs !== startUs) this.#switchTo(startUs)
    const previous = this.#latest
    this.previous = previous
    if (previous === null) {
      this.#latest = point
      const isWhole = startUs !== null && startUs >= this.#readSinceUs && startUs < timeUs
      return isWhole ? 'full' : 'nothing'
    }
    const hasFallen = value < previous.value
    // Of two points for one time the larger one holds; the other is no reset.
    if (hasFallen && timeUs === previous.timeUs) return 'nothing'
    this.#latest = point
    return hasFallen ? 'full' : 'difference'
  }

  /** The newest point of each writer. */
  newest(): P[] {
    return [...this.#others.values(), ...(this.#latest === null ? [] : [this.#latest])]
  }

  #switchTo(startUs: number | null): void {
    if (this.#latest !== null) this.#others.set(this.#latest.startUs, this.#latest)
    this.#latest = this.#others.get(startUs) ?? null
    this.#others.delete(startUs)
    if (this.#others.size < MAX_WRITERS) return
    const [oldest] = this.#others.keys()
    this.#others.delete(oldest ?? null)
  }
}

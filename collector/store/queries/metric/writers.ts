/** A point of a cumulative stream. `value` only grows between resets: of a sum its value, of a histogram its count. */
export interface Cumulative {
  readonly timeUs: number
  /** When counting began; null when that was not sent. */
  readonly startUs: number | null
  readonly value: number | bigint
}

/** How a point follows the one before: by what it is more, as the first since its start, or as one to compare others with. */
export interface Link<P> {
  readonly counts: 'difference' | 'full' | 'nothing'
  /** The point before of the same writer. */
  readonly previous: P | null
}

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
  readonly #last = new Map<number | null, P>()

  /** `readSinceUs`: the time from which on all points are read. */
  constructor(readSinceUs: number) {
    this.#readSinceUs = readSinceUs
  }

  follow(point: P): Link<P> {
    const { startUs, timeUs, value } = point
    const previous = this.#last.get(startUs) ?? null
    if (previous === null) {
      this.#makeRoom()
      this.#last.set(startUs, point)
      const isWhole = startUs !== null && startUs >= this.#readSinceUs && startUs < timeUs
      return { counts: isWhole ? 'full' : 'nothing', previous }
    }
    const hasFallen = value < previous.value
    // Of two points for one time the larger one holds; the other is no reset.
    if (hasFallen && timeUs === previous.timeUs) return { counts: 'nothing', previous }
    this.#last.delete(startUs)
    this.#last.set(startUs, point)
    return { counts: hasFallen ? 'full' : 'difference', previous }
  }

  /** The newest point of each writer. */
  latest(): Iterable<P> {
    return this.#last.values()
  }

  #makeRoom(): void {
    if (this.#last.size < MAX_WRITERS) return
    const [oldest] = this.#last.keys()
    this.#last.delete(oldest ?? null)
  }
}

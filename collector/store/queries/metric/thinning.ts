import type { BinaryRow } from '../../copy-out'
import { lookBackMs, stepAt, type Steps } from './steps'
import type { Timed } from './stream'
import { FIRST_COLUMN, type Fold } from './walk'
import { Writers, type Cumulative } from './writers'

/** A point of a cumulative stream without what it counts in detail. */
export type BarePoint = Timed & Cumulative

/** What `readBare` reads, after the columns that are walked. */
export const BARE_COLUMNS = 'p.time, p.start_time, p.count, p.flags'

export function readBare(row: BinaryRow): BarePoint {
  const at = FIRST_COLUMN
  return {
    timeUs: row.unixMicros(at),
    startUs: row.unixMicrosOrNull(at + 1),
    value: row.int64(at + 2),
    isStale: !row.isNull(at + 3) && (row.int32(at + 3) & 1) === 1,
  }
}

/** Beyond this many, looking each of them up takes longer than reading all. */
const MAX_KEPT = 50_000

/**
 * Finds the points of cumulative streams that a step needs: what was counted in between adds up, so that the first and the
 * last point of each step are enough, and those on both sides of a reset.
 */
export class Thinning implements Fold<BarePoint> {
  readonly #steps: Steps
  readonly #times = new Map<string, Set<number>>()
  #count = 0

  constructor(steps: Steps) {
    this.#steps = steps
  }

  open({ id }: { readonly id: string }) {
    const steps = this.#steps
    const writers = new Writers<BarePoint>(lookBackMs(steps) * 1000)
    return {
      take: (point: BarePoint) => {
        if (point.isStale) return
        const counts = writers.follow(point)
        const { previous } = writers
        if (previous === null || counts === 'full') this.#keep(id, point)
        if (previous === null || counts === 'nothing') return
        const isNewStep = stepAt(steps, previous.timeUs) !== stepAt(steps, point.timeUs)
        if (isNewStep || counts === 'full') this.#keep(id, previous)
      },
      end: () => {
        for (const point of writers.newest()) this.#keep(id, point)
      },
    }
  }

  /** The unix microseconds of the points needed of each series; null when they are too many to look up. */
  times(): ReadonlyMap<string, ReadonlySet<number>> | null {
    return this.#count > MAX_KEPT ? null : this.#times
  }

  #keep(id: string, { timeUs }: BarePoint): void {
    if (this.#count > MAX_KEPT) return
    const times = this.#times.get(id) ?? new Set()
    this.#times.set(id, times)
    if (!times.has(timeUs)) this.#count++
    times.add(timeUs)
  }
}

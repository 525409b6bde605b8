import type { Series } from './selection'
import type { Timed } from './stream'
import type { Fold, Stream } from './walk'
import type { Cumulative } from './writers'

/** Points strictly between two samples, which have to be read to know what was counted. */
export interface Gap {
  readonly series: string
  readonly afterUs: number
  readonly beforeUs: number
}

/**
 * Adds up cumulative streams by their first point and the last one of each step: what was counted in between adds up. Where a
 * reset, or another writer, may lie between two samples there is a gap, whose points are read as well.
 *
 * What is missed: a sender that began anew without a new start time, and had counted more by the end of the step than before it.
 */
export class Sampling<P extends Timed & Cumulative> implements Fold<P> {
  readonly #into: Fold<P>
  /** The samples of the series with gaps. */
  readonly #open = new Map<string, readonly P[]>()
  #gaps: Gap[] = []

  constructor(into: Fold<P>) {
    this.#into = into
  }

  get gaps(): readonly Gap[] {
    return this.#gaps
  }

  /** Takes the samples of a series, in any order. */
  open(series: Series, group: number): Stream<P> {
    const taken: P[] = []
    return {
      take: (point) => void taken.push(point),
      end: () => {
        const samples = withoutTwins(taken.sort((a, b) => a.timeUs - b.timeUs))
        const gaps = gapsOf(series.id, samples)
        if (gaps.length === 0) return this.#replay(series, group, samples)
        this.#gaps.push(...gaps)
        this.#open.set(series.id, samples)
      },
    }
  }

  /** Drops the series with more gaps than `most`, and returns their ids. */
  giveUp(most: number): string[] {
    const counts = new Map<string, number>()
    for (const { series } of this.#gaps) counts.set(series, (counts.get(series) ?? 0) + 1)
    const isKept = (id: string) => (counts.get(id) ?? 0) <= most
    this.#gaps = this.#gaps.filter(({ series }) => isKept(series))
    const dropped = [...counts.keys()].filter((id) => !isKept(id))
    for (const id of dropped) this.#open.delete(id)
    return dropped
  }

  /** Takes the points of the gaps, in order. */
  filler(): Fold<P> {
    return {
      open: (series, group) => {
        const points: P[] = []
        return {
          take: (point) => void points.push(point),
          end: () => this.#fill(series, group, points),
        }
      },
    }
  }

  /** Adds up the series in whose gaps nothing was. */
  finish(seriesOf: (id: string) => Series | undefined): void {
    for (const id of [...this.#open.keys()]) {
      const series = seriesOf(id)
      const group = series?.groupOf(null) ?? null
      if (series !== undefined && group !== null) this.#fill(series, group, [])
    }
  }

  #fill(series: Series, group: number, points: readonly P[]): void {
    const samples = this.#open.get(series.id) ?? []
    this.#open.delete(series.id)
    const all = [...samples, ...points].sort((a, b) => a.timeUs - b.timeUs)
    this.#replay(series, group, all)
  }

  #replay(series: Series, group: number, points: readonly P[]): void {
    const stream = this.#into.open(series, group)
    for (const point of points) stream.take(point)
    stream.end()
  }
}

/** A point that is the first one and the last of its step counts once. */
function withoutTwins<P extends Cumulative>(samples: readonly P[]): P[] {
  return samples.filter((sample, at) => {
    const before = samples[at - 1]
    return (
      before?.timeUs !== sample.timeUs ||
      before.startUs !== sample.startUs ||
      before.value !== sample.value
    )
  })
}

function gapsOf<P extends Timed & Cumulative>(series: string, samples: readonly P[]): Gap[] {
  const gaps: Gap[] = []
  for (let at = 1; at < samples.length; at++) {
    const [before, after] = [samples[at - 1], samples[at]]
    if (before === undefined || after === undefined || goesOn(before, after)) continue
    gaps.push({ series, afterUs: before.timeUs, beforeUs: after.timeUs })
  }
  return gaps
}

/** Whether one writer has counted from one sample to the next. */
function goesOn<P extends Timed & Cumulative>(before: P, after: P): boolean {
  return (
    before.timeUs === after.timeUs ||
    (before.startUs !== null && before.startUs === after.startUs && before.value <= after.value)
  )
}

import { removeSegment } from './files'
import type { Segment } from './segment'

/** The segments on disk, in their order. */
export class Inventory {
  readonly #folder: string
  readonly #segments = new Map<number, Segment>()
  #leftAloneBytes: number

  constructor(folder: string, segments: readonly Segment[], leftAloneBytes: number) {
    this.#folder = folder
    this.#leftAloneBytes = leftAloneBytes
    for (const segment of segments) this.add(segment)
  }

  /** A new one, with a higher number than any before. */
  add(segment: Segment): void {
    this.#segments.set(segment.number, segment)
  }

  get(number: number): Segment | undefined {
    return this.#segments.get(number)
  }

  /** In order. */
  list(): Segment[] {
    return [...this.#segments.values()]
  }

  /** The first one whose number is `number` or higher. */
  from(number: number): Segment | undefined {
    for (const segment of this.#segments.values()) if (segment.number >= number) return segment
    return undefined
  }

  /** Deletes its files. */
  async remove(segment: Segment): Promise<void> {
    await removeSegment(this.#folder, segment.number)
    this.#segments.delete(segment.number)
  }

  /** Nothing of it is handed out by this process any more; what is left of its files takes so much. */
  leaveAlone(segment: Segment, bytes: number): void {
    this.#segments.delete(segment.number)
    this.#leftAloneBytes += bytes
  }

  /** What the files take. */
  get bytes(): number {
    let bytes = this.#leftAloneBytes
    for (const segment of this.#segments.values()) bytes += segment.bytes + segment.markBytes
    return bytes
  }

  get records(): number {
    let records = 0
    for (const { unsettled } of this.#segments.values()) records += unsettled
    return records
  }

  get oldestMs(): number | null {
    return oldestOf([...this.#segments.values()].map(({ oldestMs }) => oldestMs))
  }

  /** Arrival of the oldest record of which the disk does not say that it is settled. */
  get oldestOnDiskMs(): number | null {
    const unmarked = [...this.#segments.values()].map(({ oldestUnmarkedMs }) => oldestUnmarkedMs)
    return oldestOf([this.oldestMs, ...unmarked])
  }
}

function oldestOf(times: readonly (number | null)[]): number | null {
  return times.reduce((oldest, ms) => (ms === null ? oldest : Math.min(oldest ?? ms, ms)), null)
}

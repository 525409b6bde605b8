import type { Inventory } from './inventory'
import { writeMarks } from './marks'
import { createTurns } from './turns'
import type { SegmentWriter, SpoolRef } from './writer'

/** Puts on disk what need not be kept any more, and what was handed out. */
export class Settler {
  readonly #folder: string
  readonly #inventory: Inventory
  readonly #writer: SegmentWriter
  readonly #turns = createTurns()
  /** The flush that has not begun yet: it takes along everything settled until it does. */
  #next: Promise<void> | null = null

  constructor(folder: string, inventory: Inventory, writer: SegmentWriter) {
    this.#folder = folder
    this.#inventory = inventory
    this.#writer = writer
  }

  /** Resolves when they are settled on disk. When that fails they are settled in memory, and the next call tries again. */
  settle(refs: readonly SpoolRef[]): Promise<void> {
    for (const { segment: number, offset } of refs) {
      this.#inventory.get(number)?.settleUnmarked(offset)
    }
    this.#next ??= this.#turns(() => this.#flush())
    return this.#next
  }

  /** Resolves when it is on disk what was handed out until now. */
  mark(): Promise<void> {
    return this.settle([])
  }

  /** A segment of which nothing is left is deleted instead of marked: that needs no room on a full disk. */
  async #flush(): Promise<void> {
    this.#next = null
    const errors: unknown[] = []
    for (const segment of this.#inventory.list()) {
      const isDone = segment.unsettled === 0 && !segment.isEvidence
      try {
        if (isDone && segment !== this.#writer.segment) await this.#inventory.remove(segment)
        else if (segment.unmarked.length > 0 || segment.unmarkedHandOut !== null)
          await writeMarks(this.#folder, segment)
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}

import { NumberLists, NOWHERE } from './number-lists'
import type { RolledSpan } from './rollup'

const FIGURES = 5

/** Lists of spans. The last one read can be seen in it. */
export class SpanLists implements RolledSpan {
  isRoot = false
  isError = false
  adjustedCount = 0
  durationNs = 0
  traceIdStart = 0
  /** The place of the one after it. */
  next = NOWHERE
  readonly #lists = new NumberLists(FIGURES)

  /** Adds a span to the list that ends with the one at `last`, or begins one; returns its place. */
  append(span: RolledSpan, last: number): number {
    const place = this.#lists.append(last)
    const { numbers } = this.#lists
    numbers[place + 1] = span.isRoot ? 1 : 0
    numbers[place + 2] = span.isError ? 1 : 0
    numbers[place + 3] = span.adjustedCount
    numbers[place + 4] = span.durationNs
    numbers[place + 5] = span.traceIdStart
    return place
  }

  read(place: number): void {
    const { numbers } = this.#lists
    this.next = numbers[place]!
    this.isRoot = numbers[place + 1] === 1
    this.isError = numbers[place + 2] === 1
    this.adjustedCount = numbers[place + 3]!
    this.durationNs = numbers[place + 4]!
    this.traceIdStart = numbers[place + 5]!
  }

  clear(): void {
    this.#lists.clear()
  }
}

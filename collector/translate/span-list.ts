import type { RolledSpan } from './rollup'

/** What a span takes: its five figures and the place of the next one. */
const NUMBERS = 6
const FIRST_ROOM = 1_024 * NUMBERS
/** The spans of most requests fit into this. */
const LARGEST_KEPT = 16 * FIRST_ROOM

/** The place of no span. */
export const NO_SPAN = -1

/** Lists of spans, all in one piece of memory that serves request after request. The last one read can be seen in it. */
export class SpanLists implements RolledSpan {
  isRoot = false
  isError = false
  adjustedCount = 0
  durationNs = 0
  traceIdStart = 0
  /** The place of the one after it. */
  next = NO_SPAN
  #numbers = new Float64Array(0)
  #end = 0

  /** Adds a span to the list that ends with the one at `last`, or begins one; returns its place. */
  append(span: RolledSpan, last: number): number {
    const place = this.#end
    if (place === this.#numbers.length) this.#grow()
    const numbers = this.#numbers
    numbers[place] = span.isRoot ? 1 : 0
    numbers[place + 1] = span.isError ? 1 : 0
    numbers[place + 2] = span.adjustedCount
    numbers[place + 3] = span.durationNs
    numbers[place + 4] = span.traceIdStart
    numbers[place + 5] = NO_SPAN
    if (last !== NO_SPAN) numbers[last + 5] = place
    this.#end = place + NUMBERS
    return place
  }

  read(place: number): void {
    const numbers = this.#numbers
    this.isRoot = numbers[place] === 1
    this.isError = numbers[place + 1] === 1
    this.adjustedCount = numbers[place + 2]!
    this.durationNs = numbers[place + 3]!
    this.traceIdStart = numbers[place + 4]!
    this.next = numbers[place + 5]!
  }

  clear(): void {
    this.#end = 0
    if (this.#numbers.length > LARGEST_KEPT) this.#numbers = new Float64Array(0)
  }

  #grow(): void {
    const grown = new Float64Array(Math.max(FIRST_ROOM, this.#end * 2))
    grown.set(this.#numbers)
    this.#numbers = grown
  }
}

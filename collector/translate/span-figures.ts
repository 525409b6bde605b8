import type { Cursor } from '../otlp/cursor'
import type { HttpStatus } from './http-status'
import type { SpanFigures } from './rollups'
import { adjustedCountOf } from './sampling-threshold'
import { hasParent, type SpanReader } from './span'
import { minuteOf, nanosBetween, type UnixNanos } from './time'

const INTERNAL = 1
const SERVER = 2
const CONSUMER = 5
const ERROR = 2
const UNKNOWN = -1

/** What rollups and edges want to know of one span after the other; the same object for all of them. */
export class Figures implements SpanFigures {
  minute = 0
  isRequest = false
  isRoot = false
  isError = false
  adjustedCount = 1
  durationNs = UNKNOWN
  traceIdStart = 0
  /** Whether it is of somebody else's request or message. */
  isServing = false
  /** Whether it is one whose caller is of another process, most likely. */
  isCalled = false
  readonly #cursor: Cursor
  readonly #httpStatus: HttpStatus

  constructor(cursor: Cursor, httpStatus: HttpStatus) {
    this.#cursor = cursor
    this.#httpStatus = httpStatus
  }

  /** Takes the figures of a span that is kept. `time` is `bucketOf` it: without its end, its duration is not known. */
  take(span: SpanReader, time: UnixNanos): void {
    const { kind, start, end } = span
    this.isServing = kind === SERVER || kind === CONSUMER
    this.minute = minuteOf(time)
    this.isRoot = !hasParent(span, this.#cursor)
    // What was sent without a kind is internal.
    this.isRequest = this.isServing || (this.isRoot && (kind === INTERNAL || kind === 0))
    this.isCalled = this.isServing && !this.isRoot
    this.isError = span.status === ERROR || (kind === SERVER && this.#httpStatus.isServerError)
    this.adjustedCount = adjustedCountOf(
      this.#cursor.bytes,
      span.traceStateStart,
      span.traceStateEnd,
    )
    const isTimed = time === end && (start.low !== 0 || start.high !== 0)
    this.durationNs = isTimed ? nanosBetween(start, end) : UNKNOWN
    this.traceIdStart = span.traceIdStart
  }
}

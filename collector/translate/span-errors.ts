import type { Cursor } from '../otlp/cursor'
import { AttributeTable, decodeCut } from './attribute-table'
import { LONGEST_MESSAGE_BYTES } from './error-limits'
import { names } from './error-occurrence'
import { isUnhandled, Reports } from './error-report'
import type { ErrorPlace, ErrorSighting } from './error-sighting'
import { SEVERITY } from './error-throw'
import { ExceptionTexts } from './exception-text'
import { failureOf, hasFailed } from './span-failure'
import { acceptedBy, type SpanReader } from './span'
import type { Throws } from './throws'
import { toBigInt, type UnixNanos } from './time'
import type { Translation } from './translator'

const ATTRIBUTE = 0x4a
const EVENT = 0x5a
const EVENT_TIME = 0x09
const EVENT_ATTRIBUTE = 0x1a
const EVENT_DROPPED = 0x20

const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const CONSUMER = 5

const ESCAPED = names('exception.escaped')
const LONGEST_NAME_BYTES = 512
/** Of spans whose operation is a request, and of others. */
const REQUEST_RANK = 2
const SPAN_RANK = 1

/** A span that is kept and may tell of errors. */
export interface ErroneousSpan {
  readonly span: SpanReader
  readonly place: Omit<ErrorPlace, 'rank'>
  /** Where it ends in the body. */
  readonly end: number
  /** `bucketOf` the span. */
  readonly time: UnixNanos
  readonly isError: boolean
  readonly isRoot: boolean
}

/** Reads once more the spans that may tell of errors: their exception events, or that they failed without one. */
export class SpanErrors {
  readonly #maxAttributes: number
  readonly #cursor: Cursor
  readonly #throws: Throws
  readonly #reports: Reports
  readonly #texts: ExceptionTexts
  readonly #attributes: AttributeTable
  readonly #event: EventTable

  constructor({ cursor, limits, options }: Translation, throws: Throws) {
    this.#maxAttributes = limits.maxAttributes
    this.#cursor = cursor
    this.#throws = throws
    this.#reports = new Reports(options)
    this.#texts = new ExceptionTexts(cursor)
    this.#attributes = new AttributeTable(cursor)
    this.#event = new EventTable(cursor, limits.maxAttributes)
  }

  keep(erroneous: ErroneousSpan): void {
    const cursor = this.#cursor
    const { end, span } = erroneous
    const isRequest = span.kind === SERVER || span.kind === CONSUMER
    const place = { ...erroneous.place, rank: isRequest ? REQUEST_RANK : SPAN_RANK }
    const events = this.#read(place.source, end)
    let hasThrown = false
    for (let index = 0; index < events.length; index += 2) {
      this.#event.read(events[index]!, events[index + 1]!)
      if (this.#keepEvent(erroneous, place)) hasThrown = true
    }
    if (!hasThrown && isRequest) this.#keepFailure(erroneous, place)
    cursor.at = end
  }

  /** Finds the attributes, as many as are kept, and where the events begin and end. */
  #read(start: number, end: number): number[] {
    const cursor = this.#cursor
    const events: number[] = []
    this.#attributes.clear()
    cursor.at = start
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag !== ATTRIBUTE && tag !== EVENT) {
        cursor.skip(tag, end)
        continue
      }
      const fieldEnd = cursor.delimited(end)
      if (tag === EVENT) events.push(cursor.at, fieldEnd)
      else if (this.#attributes.count < this.#maxAttributes) this.#attributes.read(fieldEnd)
      cursor.at = fieldEnd
    }
    return events
  }

  /** Whether the event that was read is an exception. */
  #keepEvent({ span, time, isError, isRoot }: ErroneousSpan, place: ErrorPlace): boolean {
    const event = this.#event
    const text = this.#texts.ofEvent(event.attributes)
    if (text === null) return false
    const tables = [this.#attributes, event.attributes]
    const isRequest = place.rank === REQUEST_RANK
    const isCall = span.kind === CLIENT || span.kind === PRODUCER
    const severity = isError && !isCall ? SEVERITY.error : SEVERITY.warning
    const said = { ...text, kind: 'exception', template: '', severity, failure: [] } as const
    // Only what leaves the outermost span of a request has not been caught by the program.
    const hasEscaped = (isRequest || isRoot) && event.attributes.firstText(ESCAPED) === 'true'
    const sighting: ErrorSighting = {
      ...this.#sighting(place, tables),
      report: this.#reports.report(place, tables, { ...said, isOutgoing: !isRequest }),
      source: 'exception_event',
      message: text.message,
      stack: text.stack,
      severity,
      isHandled: !hasEscaped && !isUnhandled(tables),
      isIncomplete: hasDropped(span) || event.dropped !== 0,
      timeNs: clampedTime(event.timeNs, span, time),
    }
    // A sentence is what instrumentations of clients have of an error that others tell of with its class and stack, and says too
    // little to be known for the same.
    if (isCall && text.type === '' && text.stack === '') this.#throws.addFailure(sighting)
    else this.#throws.addThrow(sighting)
    return true
  }

  #keepFailure({ span, time, isError }: ErroneousSpan, place: ErrorPlace): void {
    const attributes = this.#attributes
    if (!isError && !hasFailed(attributes)) return
    const { bytes } = this.#cursor
    const { nameStart, nameEnd, statusMessageStart, statusMessageEnd } = span
    const name = decodeCut(bytes, nameStart, nameEnd, LONGEST_NAME_BYTES)
    const message = decodeCut(bytes, statusMessageStart, statusMessageEnd, LONGEST_MESSAGE_BYTES)
    const tables = [attributes]
    const failure = failureOf(attributes, span.kind, name)
    const said = { type: '', message, stack: '', code: null, template: '', failure } as const
    const severity = SEVERITY.error
    const report = { ...said, kind: 'span', severity, isOutgoing: false } as const
    this.#throws.addFailure({
      ...this.#sighting(place, tables),
      report: this.#reports.report(place, tables, report),
      source: 'span_status',
      message,
      stack: '',
      severity,
      isHandled: !isUnhandled(tables),
      isIncomplete: hasDropped(span),
      timeNs: toBigInt(time),
    })
  }

  #sighting(place: ErrorPlace, tables: ErrorSighting['tables']) {
    return { place, tables, userId: this.#reports.userOf(tables) }
  }
}

/** An event that may be an exception. */
class EventTable {
  readonly #cursor: Cursor
  readonly #maxAttributes: number
  readonly attributes: AttributeTable
  timeNs = 0n
  dropped = 0

  constructor(cursor: Cursor, maxAttributes: number) {
    this.#cursor = cursor
    this.#maxAttributes = maxAttributes
    this.attributes = new AttributeTable(cursor)
  }

  read(start: number, end: number): void {
    const cursor = this.#cursor
    const { attributes } = this
    attributes.clear()
    this.timeNs = 0n
    this.dropped = 0
    cursor.at = start
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === EVENT_TIME) {
        cursor.fixed64(end)
        this.timeNs = toBigInt(cursor)
      } else if (tag === EVENT_DROPPED) {
        cursor.varint(end)
        this.dropped = cursor.low
      } else if (tag === EVENT_ATTRIBUTE) {
        const fieldEnd = cursor.delimited(end)
        if (attributes.count < this.#maxAttributes) attributes.read(fieldEnd)
        cursor.at = fieldEnd
      } else cursor.skip(tag, end)
    }
  }
}

/** That of the event, between the start of its span and where the span counts. */
function clampedTime(sentNs: bigint, span: SpanReader, time: UnixNanos): bigint {
  const latest = toBigInt(time)
  const earliest = toBigInt(acceptedBy(span))
  if (sentNs === 0n || sentNs > latest) return latest
  return sentNs < earliest ? earliest : sentNs
}

function hasDropped({ droppedAttributes, droppedEvents }: SpanReader): boolean {
  return droppedAttributes !== 0 || droppedEvents !== 0
}

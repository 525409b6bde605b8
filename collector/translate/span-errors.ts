import type { Cursor } from '../otlp/cursor'
import { AttributeTable, decodeCut } from './attribute-table'
import { LONGEST_MESSAGE_BYTES } from './error-limits'
import { names } from './error-occurrence'
import { isUnhandled, Reports } from './error-report'
import { type ErrorPlace, type ErrorSighting, RANK } from './error-sighting'
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

const CLIENT = 3
const PRODUCER = 4

const ESCAPED = names('exception.escaped')
const LONGEST_NAME_BYTES = 512
const NOTHING: readonly string[] = []

/** A span that is kept and may tell of errors. */
export interface ErroneousSpan {
  readonly span: SpanReader
  readonly place: ErrorPlace
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
    const { end, place } = erroneous
    const events = this.#read(place.source, end)
    let hasThrown = false
    for (let index = 0; index < events.length; index += 2) {
      this.#event.read(events[index]!, events[index + 1]!)
      if (this.#keepEvent(erroneous)) hasThrown = true
    }
    if (!hasThrown && place.rank === RANK.request) this.#keepFailure(erroneous)
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
  #keepEvent({ span, place, time, isError, isRoot }: ErroneousSpan): boolean {
    const event = this.#event
    const text = this.#texts.ofEvent(event.attributes)
    if (text === null) return false
    const tables = [this.#attributes, event.attributes]
    const isRequest = place.rank === RANK.request
    const isCall = span.kind === CLIENT || span.kind === PRODUCER
    const isSevere = isError && !isCall
    const hasEscaped = event.attributes.firstText(ESCAPED) === 'true'
    const isUncaught = isUnhandled(tables)
    // Its span did not keep it, and nothing else caught it: that was the end of the process.
    const isEnd = hasEscaped && isUncaught
    const severity = isEnd ? SEVERITY.fatal : isSevere ? SEVERITY.error : SEVERITY.warning
    const sighting: ErrorSighting = {
      place,
      tables,
      report: this.#reports.report(place, tables, {
        kind: 'exception',
        type: text.type,
        message: text.message,
        stack: text.stack,
        code: text.code,
        template: '',
        severity,
        failure: NOTHING,
        isOutgoing: !isRequest,
      }),
      source: 'exception_event',
      message: text.message,
      stack: text.stack,
      severity,
      // Only what leaves the outermost span of a request has not been caught by the program.
      isHandled: !(hasEscaped && (isRequest || isRoot)) && !isUncaught,
      isIncomplete: hasDropped(span) || event.dropped !== 0,
      timeNs: clampedTime(event.timeNs, span, time),
      userId: this.#reports.userOf(tables),
    }
    // What instrumentations of clients have of an error that others tell of with its stack is a sentence, or the stack it had before
    // the client gave it the one of the caller (pg does): too little to be known for the same.
    const isAlien = text.stack === '' ? text.type === '' : isOfLibraries(text.stack)
    if (isCall && isAlien) this.#throws.addFailure(sighting)
    else this.#throws.addThrow(sighting)
    return true
  }

  #keepFailure({ span, place, time, isError }: ErroneousSpan): void {
    const attributes = this.#attributes
    if (!isError && !hasFailed(attributes)) return
    const { bytes } = this.#cursor
    const { nameStart, nameEnd, statusMessageStart, statusMessageEnd } = span
    const name = decodeCut(bytes, nameStart, nameEnd, LONGEST_NAME_BYTES)
    const message = decodeCut(bytes, statusMessageStart, statusMessageEnd, LONGEST_MESSAGE_BYTES)
    const tables = [attributes]
    const failure = failureOf(attributes, span.kind, name)
    const severity = SEVERITY.error
    this.#throws.addFailure({
      place,
      tables,
      report: this.#reports.report(place, tables, {
        kind: 'span',
        type: '',
        message,
        stack: '',
        code: null,
        template: '',
        severity,
        failure,
        isOutgoing: false,
      }),
      source: 'span_status',
      message,
      stack: '',
      severity,
      isHandled: !isUnhandled(tables),
      isIncomplete: hasDropped(span),
      timeNs: toBigInt(time),
      userId: this.#reports.userOf(tables),
    })
  }
}

/** Whether nothing in a stack of Node.js is the application's. */
function isOfLibraries(stack: string): boolean {
  const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '))
  return frames.length > 0 && frames.every((frame) => LIBRARY.test(frame))
}

const LIBRARY = /[\\/]node_modules[\\/]|\bnode:|<anonymous>|\bnative\b/

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

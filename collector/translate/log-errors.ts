import type { Cursor } from '../otlp/cursor'
import { AttributeTable, mapOf, textOf } from './attribute-table'
import { LONGEST_MESSAGE_BYTES, LONGEST_STACK_BYTES } from './error-limits'
import { firstOf, names } from './error-occurrence'
import { isToldHandled, isUnhandled, Reports } from './error-report'
import type { ErrorPlace } from './error-sighting'
import { SEVERITY } from './error-throw'
import { cutText, type ExceptionText, ExceptionTexts, sniff } from './exception-text'
import { LogAttributes } from './log-attributes'
import type { LogRecordReader } from './log-record'
import type { Throws } from './throws'
import { toBigInt, type UnixNanos } from './time'
import type { Translation } from './translator'

const NOTHING: readonly string[] = []

/** What the text of a body was made from, by loggers of Node.js, .NET, Python and others. */
const TEMPLATE = names(
  'message.template',
  'log.template',
  'log.record.template',
  'message_template.text',
  'messageTemplate',
  '{OriginalFormat}',
)
/** What says most of a body that is a map. */
const BODY_TEXT = names('message', 'msg', 'event', 'body')
const ESCAPED = names('exception.escaped')

/** A log record that is kept and may tell of an error. */
export interface ErroneousRecord {
  readonly record: LogRecordReader
  readonly place: ErrorPlace
  /** Where it ends in the body of the request. */
  readonly end: number
  /** Under which it is kept. */
  readonly time: UnixNanos
  /** Its severity number, or what its text means; 0 when neither is known. */
  readonly severity: number
  /** Whether attributes or the body may say something of an exception. */
  readonly mayHoldException: boolean
}

/** Reads once more the log records that may tell of errors: of exceptions, or by their severity. */
export class LogErrors {
  readonly #cursor: Cursor
  readonly #throws: Throws
  readonly #reports: Reports
  readonly #texts: ExceptionTexts
  readonly #attributes: LogAttributes
  readonly #body: AttributeTable

  constructor({ cursor, limits, options }: Translation, throws: Throws) {
    this.#cursor = cursor
    this.#throws = throws
    this.#reports = new Reports(options)
    this.#texts = new ExceptionTexts(cursor)
    this.#attributes = new LogAttributes(cursor, limits.maxAttributes)
    this.#body = new AttributeTable(cursor)
  }

  keep(erroneous: ErroneousRecord): void {
    const { end, place, severity } = erroneous
    this.#attributes.read(place.source, end)
    const text = erroneous.mayHoldException ? this.#readException(erroneous) : null
    if (text !== null) this.#keepException(erroneous, text)
    else if (severity >= SEVERITY.error) this.#keepMessage(erroneous)
    this.#cursor.at = end
  }

  #readException({ record }: ErroneousRecord): ExceptionText | null {
    return this.#texts.ofAttributes(this.#attributes.table) ?? this.#texts.ofBody(record.bodyParts)
  }

  #keepException(erroneous: ErroneousRecord, text: ExceptionText): void {
    const said = { ...text, kind: 'exception', template: '', source: 'log_exception' } as const
    this.#add(erroneous, { ...said, shown: text.message, shownStack: text.stack })
  }

  /** A stack in the text is read with it; else it is grouped by what it was made from. */
  #keepMessage(erroneous: ErroneousRecord): void {
    const body = this.#bodyText(erroneous.record.bodyParts)
    const hasStack = sniff(body) !== null
    const template = hasStack
      ? null
      : this.#attributes.table.firstText(TEMPLATE, LONGEST_MESSAGE_BYTES)
    const shown = cutText(body, LONGEST_MESSAGE_BYTES)
    this.#add(erroneous, {
      kind: 'log',
      type: '',
      message: '',
      stack: '',
      code: null,
      template: template ?? (hasStack ? body : shown),
      source: hasStack ? 'log_exception' : 'log',
      shown,
      shownStack: hasStack ? body : '',
    })
  }

  #add({ record, place, severity, time }: ErroneousRecord, said: SaidByRecord): void {
    const tables = [this.#attributes.table]
    const level = severityOf(severity)
    const { source, shown, shownStack } = said
    this.#throws.addThrow({
      place,
      tables,
      report: this.#reports.report(place, tables, {
        kind: said.kind,
        type: said.type,
        message: said.message,
        stack: said.stack,
        code: said.code,
        template: said.template,
        severity: level,
        failure: NOTHING,
        isOutgoing: true,
      }),
      source,
      message: shown,
      stack: shownStack,
      severity: level,
      // What ends the process was caught by nobody.
      isHandled:
        (level < SEVERITY.fatal || isToldHandled(tables)) &&
        !isUnhandled(tables) &&
        firstOf(tables, ESCAPED) !== 'true',
      isIncomplete: record.droppedAttributes !== 0,
      timeNs: toBigInt(time),
      userId: this.#reports.userOf(tables),
    })
  }

  /** Of a map what it says in words, else the names of what it holds. */
  #bodyText(parts: readonly number[]): string {
    const pieces = mapOf(this.#cursor, parts)
    if (pieces === null) return textOf(this.#cursor, parts, LONGEST_STACK_BYTES) ?? ''
    this.#body.clear()
    this.#body.readMap(pieces)
    return this.#body.firstText(BODY_TEXT, LONGEST_STACK_BYTES) ?? this.#body.keys().join(' ')
  }
}

interface SaidByRecord extends ExceptionText {
  readonly kind: 'exception' | 'log'
  readonly template: string
  readonly source: 'log' | 'log_exception'
  readonly shown: string
  readonly shownStack: string
}

/** The floor of its range; an exception of a record that says no severity is an error. */
function severityOf(severity: number): number {
  if (severity <= 0) return SEVERITY.error
  if (severity >= SEVERITY.fatal) return SEVERITY.fatal
  if (severity >= SEVERITY.error) return SEVERITY.error
  if (severity >= SEVERITY.warning) return SEVERITY.warning
  return severity >= SEVERITY.info ? SEVERITY.info : SEVERITY.debug
}

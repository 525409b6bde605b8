import type { Cursor } from '../otlp/cursor'
import { EVENT_GROWTH, largestRows } from './buffer'
import { EventFields } from './event-fields'
import { EVENT_PREFIX } from './event-kinds'
import { EventRollups } from './event-rollups'
import { EVENT } from './event-tables'
import { writeFloat64, writeIdentity, writeInt16, writeNull, writeWhole } from './fields'
import { writeGivenText } from './given-fields'
import type { Identity, ServiceIdentity } from './identity'
import { LogAttributes } from './log-attributes'
import { type LogEvent, LONGEST_EVENT_NAME, readEvent } from './log-event'
import type { LogRecordReader } from './log-record'
import { writeIds } from './log-row'
import { OVERFLOW_NAME } from './overflow'
import { TableWriter } from './table-writer'
import { dayOf, fromMs, toMs, toRemainder, type UnixNanos, writeTimestamp } from './time'
import type { Translation } from './translator'

/** A log record with an event name of ours that is kept. */
export interface NamedRecord {
  readonly record: LogRecordReader
  /** Where it begins and ends in the body of the request. */
  readonly source: number
  readonly end: number
  /** Under which it is kept. */
  readonly time: UnixNanos
  readonly service: ServiceIdentity
  /** Where its row begins in the table of log records. */
  readonly rowStart: number
}

const PREFIX = Buffer.from(EVENT_PREFIX)
/** A whole row but for the attributes. */
const FIXED_COLUMNS_BYTES = 140
/** How far ahead of its arrival an event may be: clocks differ, but a success to come would hide all failures until then. */
const MOST_AHEAD_MS = 60_000
/** What a row of COPY BINARY begins with, and a field. */
const COUNT_BYTES = 2
const LENGTH_BYTES = 4

/** Reads once more the log records whose event name is one of ours, and writes rows of `EVENT` and `EVENT_ROLLUP`. */
export class LogEvents {
  readonly table: TableWriter
  readonly rollups: EventRollups
  readonly #shared: Translation
  readonly #cursor: Cursor
  /** Of the log records, whose attributes are copied. */
  readonly #records: TableWriter
  readonly #attributes: LogAttributes
  readonly #fields: EventFields
  #limit = 0
  #latestMs = 0
  /** Events of this request that were passed over, for want of room. */
  leftOut = 0

  constructor(shared: Translation, records: TableWriter) {
    this.table = new TableWriter(EVENT, shared)
    this.rollups = new EventRollups(shared)
    this.#shared = shared
    this.#cursor = shared.cursor
    this.#records = records
    this.#attributes = new LogAttributes(shared.cursor, shared.limits.maxAttributes)
    this.#fields = new EventFields(this.#attributes.table)
  }

  beginRequest(bodyBytes: number, receivedMs: number): void {
    this.table.beginRequest(bodyBytes)
    this.rollups.beginRequest(bodyBytes)
    this.#latestMs = receivedMs + MOST_AHEAD_MS
    this.#limit = largestRows(bodyBytes, EVENT_GROWTH)
    this.leftOut = 0
  }

  endRequest(): void {
    this.rollups.endRequest()
  }

  /** Whether the log record, which has an event name, is to be read once more. */
  isNoticed({ eventNameStart, eventNameEnd }: LogRecordReader): boolean {
    const length = eventNameEnd - eventNameStart
    if (length <= PREFIX.length || length > LONGEST_EVENT_NAME) return false
    const { bytes } = this.#cursor
    for (let index = 0; index < PREFIX.length; index++) {
      if (bytes[eventNameStart + index] !== PREFIX[index]) return false
    }
    return true
  }

  /** Tells what a log record that is noticed and kept says, and of one far ahead of its arrival that it happened just now. */
  keep(sent: NamedRecord): void {
    const isAhead = toMs(sent.time) > this.#latestMs
    const named = isAhead ? { ...sent, time: fromMs(this.#latestMs) } : sent
    const { record, source, end, service, time } = named
    const { eventNameStart, eventNameEnd } = record
    const name = this.#cursor.bytes.toString('latin1', eventNameStart, eventNameEnd)
    this.#attributes.read(source, end)
    const event = readEvent(name, this.#fields)
    this.#cursor.at = end
    if (event === null) return
    if (this.table.rows.end > this.#limit || !this.rollups.hasRoom) {
      this.leftOut++
      return
    }
    const subject = this.#subjectOf(event, service)
    this.#shared.dictionary.use(subject)
    if (event.keeps !== 'nothing') this.#write(named, event, subject)
    const { outcome, durationNs, amount } = event
    this.rollups.keep(source, subject, service, { outcome, durationNs, amount: amount ?? 0, time })
  }

  /** What it is about; above the cap of its service what stands in for that. */
  #subjectOf({ kind, subject, detail }: LogEvent, service: ServiceIdentity): Identity {
    const { dictionary, overflow } = this.#shared
    const [tenant] = service.names
    const own = dictionary.subject(tenant, kind, subject, detail)
    if (overflow.admitsSubject(own, service)) return own
    return dictionary.subject(tenant, kind, OVERFLOW_NAME, '')
  }

  #write(
    { record, source, time, service, rowStart }: NamedRecord,
    event: LogEvent,
    subject: Identity,
  ): void {
    const { table } = this
    const { rows } = table
    table.begin()
    if (event.keeps === 'row and attributes') this.#copyAttributes(rowStart)
    rows.reserve(FIXED_COLUMNS_BYTES)
    if (event.keeps === 'row') writeNull(rows)
    writeTimestamp(rows, time)
    writeInt16(rows, toRemainder(time))
    writeIdentity(rows, subject)
    writeIdentity(rows, service)
    writeIds(rows, this.#cursor, record)
    writeGivenText(rows, event.outcome)
    rows.reserve(FIXED_COLUMNS_BYTES)
    if (event.durationNs === -1) writeNull(rows)
    else writeWhole(rows, event.durationNs)
    if (event.amount === null) writeNull(rows)
    else writeFloat64(rows, event.amount)
    table.keep(source, dayOf(time))
  }

  /** The field is the first of the row that has just been written, byte by byte. */
  #copyAttributes(rowStart: number): void {
    const { bytes, view } = this.#records.rows
    const { rows } = this.table
    const start = rowStart + COUNT_BYTES
    const length = LENGTH_BYTES + Math.max(0, view.getInt32(start))
    rows.reserve(length)
    bytes.copy(rows.bytes, rows.end, start, start + length)
    rows.end += length
  }
}

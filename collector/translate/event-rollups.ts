import { EVENT_GROWTH, largestRows } from './buffer'
import { type RolledEvent, EventRollup } from './event-rollup'
import type { EventOutcome } from './event-kinds'
import { EVENT_ROLLUP } from './event-tables'
import { writeIdentity, writeInt16 } from './fields'
import type { Identity } from './identity'
import { NOWHERE, NumberLists } from './number-lists'
import { TableWriter } from './table-writer'
import { minuteOf, writeMinute } from './time'
import type { Translation } from './translator'

/** What one transaction stored; it is folded into other levels. */
const LEVEL = 0
const MINUTES_A_DAY = 1_440
/** How long the beginning of a row is that says whose it is. */
export const EVENT_KEY_BYTES = 44
/** What a row takes at most, and a bucket of it, of which an event adds one at most. */
const ROW_BYTES = 256
const BUCKET_BYTES = 18

/**
 * Writes the rows of `EVENT_ROLLUP`. The events of a request are strung together by subject, service and minute, and added
 * up when it ends.
 */
export class EventRollups {
  readonly table: TableWriter
  readonly #lists = new NumberLists(FIGURES)
  readonly #rollup = new EventRollup()
  readonly #groups = new Map<string, Group>()
  /** What the rows will take at most, and may take. */
  #bytes = 0
  #limit = 0

  constructor(shared: Translation) {
    this.table = new TableWriter(EVENT_ROLLUP, shared)
  }

  beginRequest(bodyBytes: number): void {
    this.table.beginRequest(bodyBytes)
    this.#limit = largestRows(bodyBytes, EVENT_GROWTH)
    this.#forget()
  }

  /** Whether another event may be kept. */
  get hasRoom(): boolean {
    return this.#bytes + ROW_BYTES <= this.#limit
  }

  /** Counts an event of a log record that begins at `source` in the body. */
  keep(source: number, subject: Identity, service: Identity, event: RolledEvent): void {
    const group = this.#groupOf(source, subject, service, minuteOf(event.time))
    const place = this.#lists.append(group.last)
    const { numbers } = this.#lists
    numbers[place + 1] = event.outcome === null ? NO_OUTCOME : OUTCOMES.indexOf(event.outcome)
    numbers[place + 2] = event.durationNs
    numbers[place + 3] = event.amount
    numbers[place + 4] = event.time.high
    numbers[place + 5] = event.time.low
    group.last = place
    if (group.first === NOWHERE) group.first = place
    this.#bytes += BUCKET_BYTES
  }

  /** Writes the rows. */
  endRequest(): void {
    for (const group of this.#groups.values()) this.#write(group)
    this.#forget()
  }

  #write(group: Group): void {
    const { numbers } = this.#lists
    for (let place = group.first; place !== NOWHERE; place = numbers[place]!) {
      this.#rollup.addEvent({
        outcome: OUTCOMES[numbers[place + 1]!] ?? null,
        durationNs: numbers[place + 2]!,
        amount: numbers[place + 3]!,
        time: { high: numbers[place + 4]!, low: numbers[place + 5]! },
      })
    }
    const { rows } = this.table
    this.table.begin()
    rows.reserve(EVENT_KEY_BYTES)
    writeMinute(rows, group.minute)
    writeInt16(rows, LEVEL)
    writeIdentity(rows, group.subject)
    writeIdentity(rows, group.service)
    this.#rollup.take(rows)
    this.table.keep(group.source, Math.floor(group.minute / MINUTES_A_DAY))
  }

  /** The one that is there, or a new one. */
  #groupOf(source: number, subject: Identity, service: Identity, minute: number): Group {
    const key = `${subject.serial} ${service.serial} ${minute}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = { subject, service, minute, source, first: NOWHERE, last: NOWHERE }
      this.#groups.set(key, group)
      this.#bytes += ROW_BYTES
    }
    return group
  }

  #forget(): void {
    this.#groups.clear()
    this.#lists.clear()
    this.#bytes = 0
  }
}

const OUTCOMES: readonly EventOutcome[] = [
  'succeeded',
  'failed',
  'started',
  'registered',
  'observed',
]
const NO_OUTCOME = -1
/** Of an event: its outcome, duration, amount and the two words of its time. */
const FIGURES = 5

/** Events that add up to a row. */
interface Group {
  readonly subject: Identity
  readonly service: Identity
  readonly minute: number
  /** Where the first one begins in the body. */
  readonly source: number
  first: number
  last: number
}

import type { RowBuffer } from './buffer'
import type { EventOutcome } from './event-kinds'
import type { FieldReader } from './field-reader'
import { writeFloat64, writeInt64, writeNull, writeWhole } from './fields'
import { RollupDurations } from './rollup-durations'
import type { UnixNanos } from './time'

/** What a rollup wants to know of an event. */
export interface RolledEvent {
  readonly outcome: EventOutcome | null
  /** -1 when it is not known. */
  readonly durationNs: number
  /** 0 where there is none. */
  readonly amount: number
  readonly time: UnixNanos
}

/** Three counts, or three times. */
const NUMBERS_BYTES = 36

/** What events of one subject add up to in one minute: a row of `EVENT_ROLLUP` from `event_count` on. One serves for all. */
export class EventRollup {
  #eventCount = 0
  #failedCount = 0
  #amount = 0
  readonly #durations = new RollupDurations()
  readonly #success = new Latest()
  readonly #failure = new Latest()
  readonly #registered = new Latest()

  addEvent({ outcome, durationNs, amount, time: { high, low } }: RolledEvent): void {
    if (outcome === 'registered' || outcome === 'observed') return this.#registered.take(high, low)
    this.#eventCount++
    this.#amount += amount
    if (durationNs >= 0) this.#durations.add(durationNs, 1)
    if (outcome === 'succeeded') this.#success.take(high, low)
    if (outcome !== 'failed') return
    this.#failedCount++
    this.#failure.take(high, low)
  }

  /** Adds what was written before. */
  addRow(row: FieldReader): void {
    this.#eventCount += row.whole()
    this.#failedCount += row.whole()
    this.#amount += row.float64()
    this.#durations.addFields(row)
    this.#success.takeField(row)
    this.#failure.takeField(row)
    this.#registered.takeField(row)
  }

  /** Writes its fields, and starts over. */
  take(rows: RowBuffer): void {
    rows.reserve(NUMBERS_BYTES)
    writeWhole(rows, this.#eventCount)
    writeWhole(rows, this.#failedCount)
    writeFloat64(rows, this.#amount)
    this.#durations.take(rows)
    rows.reserve(NUMBERS_BYTES)
    this.#success.write(rows)
    this.#failure.write(rows)
    this.#registered.write(rows)
    this.#eventCount = this.#failedCount = this.#amount = 0
  }
}

/** The latest of times, to the nanosecond. */
class Latest {
  /** -1 when there is none. */
  #high = -1
  #low = 0

  take(high: number, low: number): void {
    const highWord = high >>> 0
    const lowWord = low >>> 0
    if (highWord < this.#high || (highWord === this.#high && lowWord <= this.#low)) return
    this.#high = highWord
    this.#low = lowWord
  }

  takeField(row: FieldReader): void {
    const { at, view } = row
    if (row.whole() !== -1) this.take(view.getInt32(at + 4), view.getInt32(at + 8))
  }

  /** Writes a bigint field, null where there is none, and starts over. */
  write(rows: RowBuffer): void {
    if (this.#high === -1) writeNull(rows)
    else writeInt64(rows, this.#high, this.#low)
    this.#high = -1
  }
}

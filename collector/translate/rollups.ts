import type { Cursor } from '../otlp/cursor'
import { writeBool, writeIdentity, writeInt16 } from './fields'
import type { Identity } from './identity'
import { NOWHERE } from './number-lists'
import { type RolledSpan, Rollup } from './rollup'
import { SPAN_ROLLUP } from './rows'
import { SpanLists } from './span-list'
import { TableWriter } from './table-writer'
import { writeMinute } from './time'
import type { Translation } from './translator'

/** A span as rollups see it. */
export interface SpanFigures extends RolledSpan {
  /** In which it counts, in minutes since 1970. */
  readonly minute: number
  readonly isRequest: boolean
}

/** What one transaction stored; the leader folds it into other levels. */
const LEVEL = 0
const MINUTES_A_DAY = 1_440
/** How long the beginning of a row is that says whose it is. */
export const KEY_BYTES = 49

/**
 * Writes the rows of `SPAN_ROLLUP`. The spans of a request are strung together by operation, minute and whether they are
 * requests, and added up when it ends: so nothing lives longer than the translation but the rows.
 */
export class Rollups {
  readonly table: TableWriter
  readonly #cursor: Cursor
  readonly #spans = new SpanLists()
  readonly #rollup = new Rollup()
  readonly #byOperation = new Map<number, Minutes>()
  #groups: Group[] = []

  constructor(shared: Translation) {
    this.table = new TableWriter(SPAN_ROLLUP, shared)
    this.#cursor = shared.cursor
  }

  beginRequest(bodyBytes: number): void {
    this.table.beginRequest(bodyBytes)
    this.#forget()
  }

  /** Counts a kept span, that begins at `source` in the body. */
  keep(source: number, service: Identity, operation: Identity, figures: SpanFigures): void {
    const group = this.#groupOf(source, service, operation, figures)
    group.last = this.#spans.append(figures, group.last)
    if (group.first === NOWHERE) group.first = group.last
  }

  /** Writes the rows, while the body is there. */
  endRequest(): void {
    for (const group of this.#groups) this.#write(group)
    this.#forget()
  }

  #write(group: Group): void {
    const spans = this.#spans
    for (let place = group.first; place !== NOWHERE; place = spans.next) {
      spans.read(place)
      this.#rollup.addSpan(spans, this.#cursor.bytes)
    }
    const { rows } = this.table
    this.table.begin()
    rows.reserve(KEY_BYTES)
    writeMinute(rows, group.minute)
    writeInt16(rows, LEVEL)
    writeBool(rows, group.isRequest)
    writeIdentity(rows, group.service)
    writeIdentity(rows, group.operation)
    this.#rollup.take(rows)
    this.table.keep(group.source, Math.floor(group.minute / MINUTES_A_DAY))
  }

  /** The one that is there, or a new one. */
  #groupOf(
    source: number,
    service: Identity,
    operation: Identity,
    { minute, isRequest }: SpanFigures,
  ): Group {
    const key = operation.serial * 2 + (isRequest ? 1 : 0)
    const minutes = this.#byOperation.get(key)
    if (minutes?.last.minute === minute) return minutes.last
    let group = minutes?.others.get(minute)
    if (group === undefined) {
      group = { service, operation, minute, isRequest, source, first: NOWHERE, last: NOWHERE }
      this.#groups.push(group)
    }
    if (minutes === undefined) this.#byOperation.set(key, { last: group, others: NO_OTHERS })
    else {
      if (minutes.others === NO_OTHERS) minutes.others = new Map()
      minutes.others.set(minutes.last.minute, minutes.last)
      minutes.last = group
    }
    return group
  }

  #forget(): void {
    this.#groups = []
    this.#byOperation.clear()
    this.#spans.clear()
  }
}

/** Spans that add up to a row. */
interface Group {
  readonly service: Identity
  readonly operation: Identity
  readonly minute: number
  readonly isRequest: boolean
  /** Where the first one begins in the body. */
  readonly source: number
  first: number
  last: number
}

/** Spans of an operation mostly end in the minute of the one before. */
interface Minutes {
  last: Group
  others: Map<number, Group>
}

const NO_OTHERS = new Map<number, Group>()

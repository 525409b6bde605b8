import type { Cursor } from '../otlp/cursor'
import {
  writeBool,
  writeFloat64,
  writeIdentity,
  writeInt64,
  writeNull,
  writeUuid,
  writeWhole,
} from './fields'
import type { Identity } from './identity'
import type { SpanFigures } from './rollups'
import { EDGE_CANDIDATE } from './rows'
import type { SpanReader } from './span'
import { TableWriter } from './table-writer'
import { writeMinute } from './time'
import type { Translation } from './translator'

/** More than a row takes. */
const ROW_BYTES = 128

/** Writes the rows of `EDGE_CANDIDATE`. */
export class Edges {
  readonly table: TableWriter
  readonly #cursor: Cursor

  constructor(shared: Translation) {
    this.table = new TableWriter(EDGE_CANDIDATE, shared)
    this.#cursor = shared.cursor
  }

  /** Writes a row of a kept span that has a parent. `source` is where the span begins in the body. */
  keep(source: number, span: SpanReader, figures: SpanFigures, service: Identity): void {
    const { rows } = this.table
    const { view } = this.#cursor
    const { minute, traceIdStart, durationNs, adjustedCount, isError } = figures
    const { parentStart } = span
    this.table.begin()
    rows.reserve(ROW_BYTES)
    writeMinute(rows, minute)
    writeUuid(rows, this.#cursor, traceIdStart)
    writeInt64(rows, view.getInt32(parentStart), view.getInt32(parentStart + 4))
    writeIdentity(rows, service)
    if (durationNs === -1) writeNull(rows)
    else writeWhole(rows, durationNs)
    writeFloat64(rows, adjustedCount)
    writeBool(rows, isError)
    this.table.keep(source)
  }
}

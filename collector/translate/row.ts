import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import type { Identity } from './identity'
import type { SpanReader } from './span'
import { writeText } from './text'
import { toRemainder, writeDuration, writeTimestamp } from './time'

/** The dictionary rows a span refers to. */
export interface SpanIdentities {
  service: Identity
  operation: Identity
  resource: Identity
  scope: Identity
}

/** More than all columns of one span take that are not written as text or jsonb. */
const FIXED_COLUMNS_BYTES = 320

/** Writes the columns of `SPAN` that follow `links`, the name only if it is not the operation's. Returns how many strings were repaired. */
export function writeColumns(
  rows: RowBuffer,
  source: Cursor,
  span: SpanReader,
  identities: SpanIdentities,
  hasOwnName: boolean,
): number {
  rows.reserve(FIXED_COLUMNS_BYTES)
  writeIds(rows, source, span)
  writeTimes(rows, span)
  writeIdentity(rows, identities.service)
  writeIdentity(rows, identities.operation)
  writeIdentity(rows, identities.resource)
  writeIdentity(rows, identities.scope)
  writeInt32(rows, span.flags)
  writeInt32(rows, span.kind)
  writeInt32(rows, span.status)
  let repaired = 0
  if (hasOwnName) repaired = writeString(rows, source, span.nameStart, span.nameEnd)
  else writeNull(rows)
  repaired +=
    writeOptionalText(rows, source, span.statusMessageStart, span.statusMessageEnd) +
    writeOptionalText(rows, source, span.traceStateStart, span.traceStateEnd)
  rows.reserve(FIXED_COLUMNS_BYTES)
  writeCount(rows, span.droppedAttributes)
  writeCount(rows, span.droppedEvents)
  writeCount(rows, span.droppedLinks)
  return repaired
}

function writeIds(rows: RowBuffer, source: Cursor, span: SpanReader): void {
  const { view, end } = rows
  const from = source.view
  const trace = span.traceIdStart
  view.setInt32(end, 16)
  view.setInt32(end + 4, from.getInt32(trace))
  view.setInt32(end + 8, from.getInt32(trace + 4))
  view.setInt32(end + 12, from.getInt32(trace + 8))
  view.setInt32(end + 16, from.getInt32(trace + 12))
  rows.end = end + 20
  writeInt64(rows, from.getInt32(span.spanIdStart), from.getInt32(span.spanIdStart + 4))
  const parent = span.parentStart
  if (span.parentEnd === parent) return writeNull(rows)
  const high = from.getInt32(parent)
  const low = from.getInt32(parent + 4)
  if (high === 0 && low === 0) writeNull(rows)
  else writeInt64(rows, high, low)
}

function writeTimes(rows: RowBuffer, span: SpanReader): void {
  const { start, end } = span
  const hasStart = start.low !== 0 || start.high !== 0
  const hasEnd = end.low !== 0 || end.high !== 0
  writeTimestamp(rows, hasStart ? start : end)
  if (hasStart) writeInt16(rows, toRemainder(start))
  else writeNull(rows)
  if (hasEnd) {
    writeTimestamp(rows, end)
    writeInt16(rows, toRemainder(end))
  } else {
    writeNull(rows)
    writeNull(rows)
  }
  if (hasStart && hasEnd) writeDuration(rows, start, end)
  else writeNull(rows)
}

function writeIdentity(rows: RowBuffer, { idHigh, idLow }: Identity): void {
  writeInt64(rows, idHigh, idLow)
}

/** An unsigned 32-bit count as bigint, null when it is 0. */
function writeCount(rows: RowBuffer, count: number): void {
  if (count === 0) writeNull(rows)
  else writeInt64(rows, 0, count)
}

function writeInt64(rows: RowBuffer, high: number, low: number): void {
  const { view, end } = rows
  view.setInt32(end, 8)
  view.setInt32(end + 4, high)
  view.setInt32(end + 8, low)
  rows.end = end + 12
}

function writeInt32(rows: RowBuffer, value: number): void {
  const { view, end } = rows
  view.setInt32(end, 4)
  view.setInt32(end + 4, value)
  rows.end = end + 8
}

function writeInt16(rows: RowBuffer, value: number): void {
  const { view, end } = rows
  view.setInt32(end, 2)
  view.setInt16(end + 4, value)
  rows.end = end + 6
}

function writeNull(rows: RowBuffer): void {
  rows.view.setInt32(rows.end, -1)
  rows.end += 4
}

function writeOptionalText(rows: RowBuffer, source: Cursor, start: number, end: number): number {
  rows.reserve(4)
  if (start === end) {
    writeNull(rows)
    return 0
  }
  return writeString(rows, source, start, end)
}

function writeString(rows: RowBuffer, source: Cursor, start: number, end: number): number {
  rows.reserve(4)
  const lengthAt = rows.end
  rows.end += 4
  const repaired = writeText(rows, source.bytes, start, end)
  rows.view.setInt32(lengthAt, rows.end - lengthAt - 4)
  return repaired
}

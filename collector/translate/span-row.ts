import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import {
  writeCount,
  writeIdentity,
  writeInt16,
  writeInt32,
  writeInt64,
  writeNull,
  writeOptionalText,
  writeString,
  writeUuid,
} from './fields'
import type { Identity } from './identity'
import { hasParent, type SpanReader } from './span'
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
  const from = source.view
  writeUuid(rows, source, span.traceIdStart)
  writeInt64(rows, from.getInt32(span.spanIdStart), from.getInt32(span.spanIdStart + 4))
  const parent = span.parentStart
  if (!hasParent(span, source)) writeNull(rows)
  else writeInt64(rows, from.getInt32(parent), from.getInt32(parent + 4))
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

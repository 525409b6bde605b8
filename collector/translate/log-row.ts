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
  writeUuid,
} from './fields'
import type { Identity } from './identity'
import type { LogRecordReader } from './log-record'
import { severityOf } from './log-severity'
import { toRemainder, type UnixNanos, writeTimestamp } from './time'

/** The dictionary rows a log record refers to. */
export interface LogIdentities {
  readonly service: Identity
  readonly resource: Identity
  readonly scope: Identity
}

/** More than all columns of one record take that are not written as text or jsonb. */
const FIXED_COLUMNS_BYTES = 200

/** Writes the columns of `LOG_RECORD` that follow `body`; `time` is what the record is kept under. Returns how many strings were repaired. */
export function writeColumns(
  rows: RowBuffer,
  source: Cursor,
  record: LogRecordReader,
  time: UnixNanos,
  identities: LogIdentities,
): number {
  rows.reserve(FIXED_COLUMNS_BYTES)
  writeTimestamp(rows, time)
  if (time === record.time) writeInt16(rows, toRemainder(time))
  else writeNull(rows)
  writeObserved(rows, record.observed)
  writeIds(rows, source, record)
  writeIdentity(rows, identities.service)
  writeIdentity(rows, identities.resource)
  writeIdentity(rows, identities.scope)
  writeSeverity(rows, source, record)
  const repaired =
    writeOptionalText(rows, source, record.severityTextStart, record.severityTextEnd) +
    writeOptionalText(rows, source, record.eventNameStart, record.eventNameEnd)
  rows.reserve(FIXED_COLUMNS_BYTES)
  if (record.flags === 0) writeNull(rows)
  else writeInt32(rows, record.flags)
  writeCount(rows, record.droppedAttributes)
  return repaired
}

function writeObserved(rows: RowBuffer, observed: UnixNanos): void {
  if (observed.low === 0 && observed.high === 0) {
    writeNull(rows)
    writeNull(rows)
  } else {
    writeTimestamp(rows, observed)
    writeInt16(rows, toRemainder(observed))
  }
}

/** Writes the columns of the trace and of the span. There must be room. */
export function writeIds(rows: RowBuffer, source: Cursor, record: LogRecordReader): void {
  const { traceIdStart, spanIdStart } = record
  if (traceIdStart === -1) writeNull(rows)
  else writeUuid(rows, source, traceIdStart)
  if (spanIdStart === -1) return writeNull(rows)
  const { view } = source
  writeInt64(rows, view.getInt32(spanIdStart), view.getInt32(spanIdStart + 4))
}

/** The severity number; where none was sent, what the text means, 0 when that is not known. */
export function meantSeverity({ bytes }: Cursor, record: LogRecordReader): number {
  const { severity, severityTextStart, severityTextEnd } = record
  return severity || severityOf(bytes, severityTextStart, severityTextEnd)
}

/** The number as sent; where none was, what the text means, and that none was sent. */
function writeSeverity(rows: RowBuffer, source: Cursor, record: LogRecordReader): void {
  const { severity } = record
  const meant = meantSeverity(source, record)
  writeInt32(rows, meant)
  if (meant === severity) writeNull(rows)
  else writeInt32(rows, severity)
}

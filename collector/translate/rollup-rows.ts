import { RowBuffer } from './buffer'
import { FLOAT8_OID, writeArrayHeader } from './data-point-numbers'
import { writeBool, writeFloat64, writeIdentity, writeInt16, writeNull, writeWhole } from './fields'
import type { Rollup } from './rollup'
import { type CopyRows, SPAN_ROLLUP } from './rows'
import { writeMinute } from './time'

const MINUTES_A_DAY = 1_440
/** All but the buckets. */
const FIXED_BYTES = 320
/** A bucket's index and count. */
const BUCKET_BYTES = 18
/** What one transaction stored; the leader folds it into other levels. */
const LEVEL = 0
const INT2_OID = 21
const INT2_ELEMENT_BYTES = 6
const TRACE_ID_BYTES = 16

/** Rollups as rows of `SPAN_ROLLUP`. */
export function encodeRollups(rollups: readonly Rollup[]): CopyRows {
  const buckets = rollups.reduce((sum, { indexes }) => sum + indexes.length, 0)
  const rows = new RowBuffer(rollups.length * FIXED_BYTES + buckets * BUCKET_BYTES)
  const offsets = rollups.map((rollup) => {
    const { end } = rows
    writeRollup(rows, rollup)
    return end
  })
  return {
    table: SPAN_ROLLUP,
    bytes: rows.written(),
    offsets,
    sources: [],
    days: [...daysOfRollups(rollups)],
  }
}

/** The UTC days they lie in (days since 1970-01-01). */
export function daysOfRollups(rollups: readonly Rollup[]): Set<number> {
  const days = new Set<number>()
  for (const { minute } of rollups) days.add(Math.floor(minute / MINUTES_A_DAY))
  return days
}

function writeRollup(rows: RowBuffer, rollup: Rollup): void {
  rows.reserve(FIXED_BYTES + rollup.indexes.length * BUCKET_BYTES)
  rows.view.setInt16(rows.end, SPAN_ROLLUP.columns.length)
  rows.end += 2
  writeMinute(rows, rollup.minute)
  writeInt16(rows, LEVEL)
  writeBool(rows, rollup.isRequest)
  writeIdentity(rows, rollup.service)
  writeIdentity(rows, rollup.operation)
  writeWhole(rows, rollup.spanCount)
  writeWhole(rows, rollup.rootCount)
  writeWhole(rows, rollup.errorCount)
  writeFloat64(rows, rollup.adjustedCount)
  writeFloat64(rows, rollup.adjustedErrorCount)
  writeFloat64(rows, rollup.durationSumNs)
  writeDuration(rows, rollup.durationMinNs)
  writeDuration(rows, rollup.durationMaxNs)
  writeFloat64(rows, rollup.zeroCount)
  writeIndexes(rows, rollup.indexes)
  writeCounts(rows, rollup.counts)
  writeTraceId(rows, rollup.slowestIn, rollup.slowestAt)
  writeTraceId(rows, rollup.errorIn, rollup.errorAt)
  writeTraceId(rows, rollup.randomIn, rollup.randomAt)
}

function writeDuration(rows: RowBuffer, ns: number): void {
  if (ns === -1) writeNull(rows)
  else writeWhole(rows, ns)
}

function writeIndexes(rows: RowBuffer, indexes: readonly number[]): void {
  writeArrayHeader(rows, INT2_OID, indexes.length, INT2_ELEMENT_BYTES)
  for (let at = 0; at < indexes.length; at++) writeInt16(rows, indexes[at]!)
}

function writeCounts(rows: RowBuffer, counts: readonly number[]): void {
  writeArrayHeader(rows, FLOAT8_OID, counts.length)
  for (let at = 0; at < counts.length; at++) writeFloat64(rows, counts[at]!)
}

function writeTraceId(rows: RowBuffer, body: Buffer | null, start: number): void {
  if (body === null) return writeNull(rows)
  const { bytes, view, end } = rows
  view.setInt32(end, TRACE_ID_BYTES)
  body.copy(bytes, end + 4, start, start + TRACE_ID_BYTES)
  rows.end = end + 4 + TRACE_ID_BYTES
}

import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import { ABSENT, type DataPointReader, DOUBLE, INT } from './data-point'
import type { Buckets } from './data-point-buckets'
import { ELEMENT_BYTES, FLOAT8_OID, writeArrayHeader } from './data-point-numbers'
import { writeIdentity, writeInt16, writeInt32, writeInt64, writeNull } from './fields'
import { EXPONENTIAL_HISTOGRAM, HISTOGRAM, SUMMARY } from './metric'
import type { Series, SeriesReference } from './series'
import { toRemainder, writeTimestamp } from './time'

/** More than all columns take that are neither jsonb nor arrays, and the headers of those that are. */
const FIXED_COLUMNS_BYTES = 512
const JSONB_VERSION = 1

/** How many bytes the columns of a row that follow the exemplars take at most. */
export function estimateBytes(data: number, point: DataPointReader, series: Series): number {
  const bytes = FIXED_COLUMNS_BYTES + series.attributes.bytes + series.family.nameBytes
  if (data === HISTOGRAM) return bytes + point.bucketCounts.rowBytes + point.bounds.rowBytes
  if (data === EXPONENTIAL_HISTOGRAM) {
    return bytes + point.positive.counts.rowBytes + point.negative.counts.rowBytes
  }
  return data === SUMMARY ? bytes + point.quantiles.length * ELEMENT_BYTES : bytes
}

/** Writes the columns of `METRIC_POINT` that follow the exemplars. There must be room for them. */
export function writePoint(
  rows: RowBuffer,
  source: Cursor,
  point: DataPointReader,
  reference: SeriesReference,
): void {
  writeHead(rows, point, reference)
  const { valueAt } = point
  const value = point.hasNoRecordedValue ? undefined : point.value
  if (value === DOUBLE) writeFloat64(rows, source, valueAt)
  else writeNull(rows)
  if (value === INT) writeBigint(rows, source, valueAt)
  else writeNull(rows)
  writeFlags(rows, point)
}

/** Writes the columns of `METRIC_HISTOGRAM` that follow the exemplars. There must be room for them. */
export function writeHistogram(
  rows: RowBuffer,
  source: Cursor,
  data: number,
  point: DataPointReader,
  reference: SeriesReference,
): void {
  writeHead(rows, point, reference)
  writeFlags(rows, point)
  writeInt64(rows, point.count.high, point.count.low)
  // The sum of a summary is not optional: one that was not sent is 0.
  if (data === SUMMARY) writeFloat64(rows, source, point.sumAt)
  else writeOptional(rows, source, point.sumAt)
  writeOptional(rows, source, point.minAt)
  writeOptional(rows, source, point.maxAt)
  if (data === HISTOGRAM) writeExplicit(rows, source, point, reference)
  else writeNulls(rows, 2)
  if (data === EXPONENTIAL_HISTOGRAM) writeExponential(rows, source, point)
  else writeNulls(rows, 7)
  if (data === SUMMARY) writeQuantiles(rows, source, point)
  else writeNulls(rows, 2)
}

function writeHead(
  rows: RowBuffer,
  { time, start }: DataPointReader,
  { identity, attributes }: SeriesReference,
): void {
  if (attributes === null) writeNull(rows)
  else writeJson(rows, attributes)
  writeIdentity(rows, identity)
  writeTimestamp(rows, time)
  writeInt16(rows, toRemainder(time))
  if (start.low === 0 && start.high === 0) return writeNulls(rows, 2)
  writeTimestamp(rows, start)
  writeInt16(rows, toRemainder(start))
}

function writeFlags(rows: RowBuffer, { flags }: DataPointReader): void {
  if (flags === 0) writeNull(rows)
  else writeInt32(rows, flags)
}

/** A series that stands in for others cannot say the bounds. */
function writeExplicit(
  rows: RowBuffer,
  source: Cursor,
  { bucketCounts, bounds }: DataPointReader,
  { attributes }: SeriesReference,
): void {
  if (bucketCounts.count === 0) writeNull(rows)
  else bucketCounts.write(rows, source)
  if (attributes === null) writeNull(rows)
  else bounds.write(rows, source)
}

function writeExponential(rows: RowBuffer, source: Cursor, point: DataPointReader): void {
  writeInt32(rows, point.scale)
  writeInt64(rows, point.zeroCount.high, point.zeroCount.low)
  writeFloat64(rows, source, point.zeroThresholdAt)
  writeBuckets(rows, source, point.positive)
  writeBuckets(rows, source, point.negative)
}

function writeBuckets(rows: RowBuffer, source: Cursor, { isSent, offset, counts }: Buckets): void {
  if (!isSent) return writeNulls(rows, 2)
  writeInt32(rows, offset)
  counts.write(rows, source)
}

function writeQuantiles(rows: RowBuffer, source: Cursor, { quantiles }: DataPointReader): void {
  if (quantiles.length === 0) return writeNulls(rows, 2)
  for (const first of [0, 1]) {
    writeArrayHeader(rows, FLOAT8_OID, quantiles.length / 2)
    for (let index = first; index < quantiles.length; index += 2) {
      writeFloat64(rows, source, quantiles[index]!)
    }
  }
}

function writeOptional(rows: RowBuffer, source: Cursor, at: number): void {
  if (at === ABSENT) writeNull(rows)
  else writeFloat64(rows, source, at)
}

/** A double precision: the double of the source at `at`, 0 where it was not sent. */
function writeFloat64(rows: RowBuffer, source: Cursor, at: number): void {
  if (at === ABSENT) writeInt64(rows, 0, 0)
  else writeBigint(rows, source, at)
}

/** A bigint, or a double precision: the 8 bytes of the source at `at`, the other way round. */
function writeBigint(rows: RowBuffer, { view }: Cursor, at: number): void {
  writeInt64(rows, view.getInt32(at + 4, true), view.getInt32(at, true))
}

function writeJson(rows: RowBuffer, text: string): void {
  const lengthAt = rows.end
  rows.bytes[lengthAt + 4] = JSONB_VERSION
  rows.end += 5
  rows.end += rows.bytes.write(text, rows.end, 'utf8')
  rows.view.setInt32(lengthAt, rows.end - lengthAt - 4)
}

function writeNulls(rows: RowBuffer, count: number): void {
  for (let written = 0; written < count; written++) writeNull(rows)
}

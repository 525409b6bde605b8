import type { Cursor } from '../otlp/cursor'
import type { RowBuffer } from './buffer'
import type { Identity } from './identity'
import { writeText } from './text'

export const TWO_32 = 0x1_0000_0000

/*
 * Fields of a row of COPY BINARY: a length, -1 for null, and the bytes. Those of fixed length want the room to be there.
 */

export function writeIdentity(rows: RowBuffer, { idHigh, idLow }: Identity): void {
  writeInt64(rows, idHigh, idLow)
}

/** A uuid: the 16 bytes of the source that begin at `start`. */
export function writeUuid(rows: RowBuffer, source: Cursor, start: number): void {
  const { view, end } = rows
  const from = source.view
  view.setInt32(end, 16)
  view.setInt32(end + 4, from.getInt32(start))
  view.setInt32(end + 8, from.getInt32(start + 4))
  view.setInt32(end + 12, from.getInt32(start + 8))
  view.setInt32(end + 16, from.getInt32(start + 12))
  rows.end = end + 20
}

/** An unsigned 32-bit count as bigint, null when it is 0. */
export function writeCount(rows: RowBuffer, count: number): void {
  if (count === 0) writeNull(rows)
  else writeInt64(rows, 0, count)
}

/** A whole number as bigint; beyond 2^53 the nearest one that a double can say. */
export function writeWhole(rows: RowBuffer, value: number): void {
  const high = Math.floor(value / TWO_32)
  writeInt64(rows, high, value - high * TWO_32)
}

/** A bigint, given as two words. */
export function writeInt64(rows: RowBuffer, high: number, low: number): void {
  const { view, end } = rows
  view.setInt32(end, 8)
  view.setInt32(end + 4, high)
  view.setInt32(end + 8, low)
  rows.end = end + 12
}

/** A double precision. */
export function writeFloat64(rows: RowBuffer, value: number): void {
  rows.view.setInt32(rows.end, 8)
  rows.view.setFloat64(rows.end + 4, value)
  rows.end += 12
}

export function writeBool(rows: RowBuffer, value: boolean): void {
  rows.view.setInt32(rows.end, 1)
  rows.view.setInt8(rows.end + 4, value ? 1 : 0)
  rows.end += 5
}

export function writeInt32(rows: RowBuffer, value: number): void {
  const { view, end } = rows
  view.setInt32(end, 4)
  view.setInt32(end + 4, value)
  rows.end = end + 8
}

export function writeInt16(rows: RowBuffer, value: number): void {
  const { view, end } = rows
  view.setInt32(end, 2)
  view.setInt16(end + 4, value)
  rows.end = end + 6
}

export function writeNull(rows: RowBuffer): void {
  rows.view.setInt32(rows.end, -1)
  rows.end += 4
}

/** Text, null when it is empty. Returns how many strings were repaired. */
export function writeOptionalText(
  rows: RowBuffer,
  source: Cursor,
  start: number,
  end: number,
): number {
  rows.reserve(4)
  if (start === end) {
    writeNull(rows)
    return 0
  }
  return writeString(rows, source, start, end)
}

/** Text. Returns how many strings were repaired. */
export function writeString(rows: RowBuffer, source: Cursor, start: number, end: number): number {
  rows.reserve(4)
  const lengthAt = rows.end
  rows.end += 4
  const repaired = writeText(rows, source, start, end)
  rows.view.setInt32(lengthAt, rows.end - lengthAt - 4)
  return repaired
}

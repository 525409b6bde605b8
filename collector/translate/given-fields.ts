import type { RowBuffer } from './buffer'
import { writeNull } from './fields'

/*
 * Fields of a row of COPY BINARY from values of JavaScript. Each makes the room it needs.
 */

/** Text; null where it is null. What Postgres does not take becomes U+FFFD. */
export function writeGivenText(rows: RowBuffer, text: string | null): void {
  rows.reserve(4)
  if (text === null) return writeNull(rows)
  writeBytes(rows, text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text, 0)
}

/** jsonb, of a text that is JSON; null where it is null. */
export function writeGivenJson(rows: RowBuffer, json: string | null): void {
  rows.reserve(4)
  if (json === null) return writeNull(rows)
  const start = rows.end + 4
  writeBytes(rows, json, 1)
  rows.bytes[start] = JSONB_VERSION
}

/** A bigint. */
export function writeGivenInteger(rows: RowBuffer, value: bigint): void {
  rows.reserve(12)
  rows.view.setInt32(rows.end, 8)
  rows.view.setBigInt64(rows.end + 4, value)
  rows.end += 12
}

/** As many bytes as hex digits say, dashes left out: a uuid, or a bigint of an id; null where it is null. */
export function writeGivenHex(rows: RowBuffer, hex: string | null): void {
  rows.reserve(20)
  if (hex === null) return writeNull(rows)
  const length = rows.bytes.write(hex.replaceAll('-', ''), rows.end + 4, 16, 'hex')
  rows.view.setInt32(rows.end, length)
  rows.end += 4 + length
}

/** JSON of a value whose strings may hold what jsonb does not take, which becomes U+FFFD. */
export function jsonOf(value: unknown): string {
  const json = JSON.stringify(value)
  // In most nothing like that is escaped, and then nothing has to be looked for.
  return /\\u(?:0000|d[89a-f])/.test(json) ? JSON.stringify(value, repaired) : json
}

const JSONB_VERSION = 1
/** A character of UTF-16 takes three bytes at most. */
const BYTES_A_UNIT = 3

/** Leaves room for `before` bytes at the start of the field. */
function writeBytes(rows: RowBuffer, text: string, before: number): void {
  rows.reserve(4 + before + text.length * BYTES_A_UNIT)
  const { end } = rows
  // Halves of surrogate pairs are written as U+FFFD.
  const length = rows.bytes.write(text, end + 4 + before, 'utf8') + before
  rows.view.setInt32(end, length)
  rows.end = end + 4 + length
}

function repaired(_: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  return Buffer.from(value, 'utf8').toString('utf8').replaceAll('\0', '\uFFFD')
}

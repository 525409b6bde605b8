import { endOfText } from './text'

/** An id is indexed, and looked up, by so many bytes of it. */
export const LONGEST_CORRELATION_ID_BYTES = 256

/** As many whole characters of an id as are indexed; NUL, which cannot be stored, is replaced as everywhere. */
export function cutCorrelationId(id: string): string {
  // In UTF-8 a character takes up to three times as many bytes as UTF-16 has units.
  if (id.length * 3 <= LONGEST_CORRELATION_ID_BYTES && !id.includes('\0')) return id
  const bytes = Buffer.from(id.replaceAll('\0', '\ufffd'))
  if (bytes.length <= LONGEST_CORRELATION_ID_BYTES) return bytes.toString()
  return bytes.toString('utf8', 0, endOfText(bytes, LONGEST_CORRELATION_ID_BYTES))
}

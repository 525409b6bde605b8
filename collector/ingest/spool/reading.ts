import type { FileHandle } from 'node:fs/promises'
import { readAll } from './files'
import { ALIGNMENT_BYTES, decodeHeader, HEADER_BYTES, isIntact } from './record'

const WINDOW_BYTES = 256 * 1024

/** A record, or a stretch in which none could be read. */
export type Found =
  | {
      readonly kind: 'record'
      readonly offset: number
      readonly bytes: number
      /** Unpadded; valid until the next one is asked for. */
      readonly record: Buffer
    }
  | {
      readonly kind: 'damage'
      readonly offset: number
      readonly bytes: number
      /** It is what a write leaves that was cut off: nothing of it was acknowledged. */
      readonly isTorn: boolean
    }

/**
 * The records of a segment in their order, between two places. After damage it goes on at the next intact record: where the
 * header of the damaged one is intact, after its end, else at the next place at which one begins. Holds one window of
 * the file in memory, or one record if that is larger.
 */
export async function* readRecords(
  file: FileHandle,
  segment: number,
  from: number,
  to: number,
): AsyncGenerator<Found, void, void> {
  const window = new Window(file, to)
  let damagedFrom: number | null = null
  let offset = from
  while (offset < to) {
    const header = decodeHeader(await window.read(offset, HEADER_BYTES), { segment, offset })
    const isWhole = header !== null && offset + header.unpaddedBytes <= to
    const record = isWhole ? await window.read(offset, header.unpaddedBytes) : null
    const bytes = Math.min(header?.bytes ?? ALIGNMENT_BYTES, to - offset)
    if (header !== null && record !== null && isIntact(record, header)) {
      if (damagedFrom !== null) {
        yield { kind: 'damage', offset: damagedFrom, bytes: offset - damagedFrom, isTorn: false }
        damagedFrom = null
      }
      yield { kind: 'record', offset, bytes, record }
    } else {
      damagedFrom ??= offset
    }
    offset += bytes
  }
  if (damagedFrom === null) return
  const isTorn = await isTornOff(window, segment, damagedFrom, to)
  yield { kind: 'damage', offset: damagedFrom, bytes: to - damagedFrom, isTorn }
}

/** Whether the end of a segment is less than a record, or blank: a file may have grown before its content was written. */
async function isTornOff(
  window: Window,
  segment: number,
  offset: number,
  to: number,
): Promise<boolean> {
  const start = await window.read(offset, HEADER_BYTES)
  if (start.length < HEADER_BYTES) return true
  const header = decodeHeader(start, { segment, offset })
  if (header !== null) return offset + header.unpaddedBytes > to
  for (let at = offset; at < to; at += ALIGNMENT_BYTES) {
    if (!(await window.read(at, ALIGNMENT_BYTES)).every((byte) => byte === 0)) return false
  }
  return true
}

/** The part of a file that is in memory. */
class Window {
  readonly #file: FileHandle
  readonly #to: number
  #buffer = Buffer.allocUnsafe(0)
  #from = 0
  #filled = 0

  constructor(file: FileHandle, to: number) {
    this.#file = file
    this.#to = to
  }

  /** These bytes, fewer at the end of the file; valid until the next call. */
  async read(offset: number, bytes: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(bytes, this.#to - offset))
    if (offset < this.#from || offset + wanted > this.#from + this.#filled) {
      await this.#load(offset, wanted)
    }
    const at = offset - this.#from
    return this.#buffer.subarray(at, Math.min(at + wanted, this.#filled))
  }

  async #load(offset: number, wanted: number): Promise<void> {
    const size = Math.max(wanted, Math.min(WINDOW_BYTES, this.#to - offset))
    if (size > this.#buffer.length) this.#buffer = Buffer.allocUnsafe(size)
    this.#from = offset
    this.#filled = await readAll(
      this.#file,
      this.#buffer.subarray(0, Math.min(this.#buffer.length, this.#to - offset)),
      offset,
    )
  }
}

import type { Cursor } from '../otlp/cursor'
import { Numbers } from './data-point-numbers'

const OFFSET = 0x08
const COUNT = 0x10
const COUNTS = 0x12

/** The buckets of one side of an exponential histogram. */
export class Buckets {
  isSent = false
  offset = 0
  readonly counts = new Numbers('varint')

  clear(): void {
    this.isSent = false
    this.offset = 0
    this.counts.clear()
  }

  /** Reads the Buckets that begin at the cursor; what is sent in several parts merges. */
  read(cursor: Cursor, end: number): void {
    this.isSent = true
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === OFFSET) this.offset = readSigned(cursor, end)
      else if (tag === COUNTS) this.counts.run(cursor, cursor.delimited(end))
      else if (tag === COUNT) this.counts.one(cursor, end)
      else cursor.skip(tag, end)
    }
  }
}

/** A sint32: zigzag. */
export function readSigned(cursor: Cursor, end: number): number {
  cursor.varint(end)
  const { low } = cursor
  return (low >>> 1) ^ -(low & 1)
}

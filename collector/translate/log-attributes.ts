import type { Cursor } from '../otlp/cursor'
import { AttributeTable } from './attribute-table'

const ATTRIBUTE = 0x32

/** Finds the attributes of a log record that is read once more: as many as are kept. */
export class LogAttributes {
  readonly table: AttributeTable
  readonly #cursor: Cursor
  readonly #maxAttributes: number

  constructor(cursor: Cursor, maxAttributes: number) {
    this.table = new AttributeTable(cursor)
    this.#cursor = cursor
    this.#maxAttributes = maxAttributes
  }

  /** Reads the record from `start` to `end`, where it leaves the cursor. */
  read(start: number, end: number): void {
    const cursor = this.#cursor
    const { table } = this
    table.clear()
    cursor.at = start
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag !== ATTRIBUTE) {
        cursor.skip(tag, end)
        continue
      }
      const fieldEnd = cursor.delimited(end)
      if (table.count < this.#maxAttributes) table.read(fieldEnd)
      cursor.at = fieldEnd
    }
  }
}

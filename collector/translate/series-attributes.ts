import type { Cursor } from '../otlp/cursor'
import type { Attribution } from './attribution'
import { largestRows, RowBuffer } from './buffer'
import { type Changes, type TranslationLimits, UNCHANGED } from './limits'
import { ValueWriter } from './value'

/** Attributes as a dictionary row has them. */
export interface DecodedAttributes {
  /** The text of jsonb. */
  readonly json: string
  /** Its size in UTF-8. */
  readonly bytes: number
  readonly changes: Changes
  readonly isTooDeep: boolean
  readonly isTooLarge: boolean
}

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
/** A buffer that has become larger is let go of. */
const USUAL_BYTES = 16_384

/** Decodes the attributes of series and the metadata of metrics, within what all those of a request may become. */
export class SeriesAttributes {
  readonly #cursor: Cursor
  readonly #attribution: Attribution
  readonly #rows = new RowBuffer(0)
  readonly #values: ValueWriter
  #count = 0
  /** Bytes of JSON that this request may still become. */
  #bytesLeft = 0

  constructor(cursor: Cursor, attribution: Attribution, limits: TranslationLimits) {
    this.#cursor = cursor
    this.#attribution = attribution
    this.#values = new ValueWriter(cursor, this.#rows, limits)
  }

  beginRequest(bodyBytes: number): void {
    this.#bytesLeft = largestRows(bodyBytes)
  }

  /** Of KeyValues that lie at `parts`: start, end, start, end... Leaves the cursor where it was. */
  decodeValues(parts: readonly number[]): DecodedAttributes {
    const cursor = this.#cursor
    const { at } = cursor
    this.#begin()
    for (let index = 0; index < parts.length; index += 2) {
      cursor.at = parts[index]!
      this.#attribute(parts[index + 1]!)
    }
    cursor.at = at
    return this.#finish()
  }

  /** Of fields that are KeyValues, with their tags, in runs that lie at `runs`; they are what the attribution is told of. */
  decodeFields(runs: readonly number[]): DecodedAttributes {
    const cursor = this.#cursor
    const { at } = cursor
    this.#attribution.beginItem()
    this.#begin()
    for (let index = 0; index < runs.length; index += 2) {
      cursor.at = runs[index]!
      const end = runs[index + 1]!
      while (cursor.at < end) {
        cursor.tag(end)
        this.#attribute(cursor.delimited(end))
      }
    }
    cursor.at = at
    return this.#finish()
  }

  #begin(): void {
    const values = this.#values
    values.repaired = values.droppedAttributes = values.cutValues = 0
    values.isTooDeep = values.isTooLarge = false
    values.endLimit = this.#bytesLeft
    this.#count = 0
    this.#rows.end = 0
    this.#rows.byte(OPEN_BRACE)
  }

  #attribute(end: number): void {
    const values = this.#values
    if (this.#rows.end > values.endLimit) values.isTooLarge = true
    if (this.#count++ >= values.maxAttributes || values.isTooLarge) {
      this.#cursor.at = end
      return
    }
    if (this.#count > 1) this.#rows.byte(COMMA)
    values.keyValue(end, 1)
    const { keyStart, keyEnd, textStart, textEnd } = values
    this.#attribution.notice(keyStart, keyEnd, textStart, textEnd)
  }

  #finish(): DecodedAttributes {
    const values = this.#values
    const rows = this.#rows
    rows.byte(CLOSE_BRACE)
    const bytes = rows.end
    this.#bytesLeft = Math.max(0, this.#bytesLeft - bytes)
    const json = values.isTooLarge ? '{}' : rows.written().toString('utf8')
    if (rows.capacity > USUAL_BYTES) rows.restart(USUAL_BYTES)
    return {
      json,
      bytes,
      changes: this.#changes(),
      isTooDeep: values.isTooDeep,
      isTooLarge: values.isTooLarge,
    }
  }

  #changes(): Changes {
    const { repaired: repairedStrings, cutValues, maxAttributes } = this.#values
    const droppedAttributes = Math.max(0, this.#count - maxAttributes)
    if (repairedStrings === 0 && droppedAttributes === 0 && cutValues === 0) return UNCHANGED
    return { repairedStrings, droppedAttributes, cutValues }
  }
}

import type { Cursor } from '../otlp/cursor'

const NAME = 0x0a
const DESCRIPTION = 0x12
const UNIT = 0x1a
const METADATA = 0x62

/** The members of a Metric's data, by their tags. */
export const GAUGE = 0x2a
export const SUM = 0x3a
export const HISTOGRAM = 0x4a
export const EXPONENTIAL_HISTOGRAM = 0x52
export const SUMMARY = 0x5a

/** Far more than an instrument's 255 characters, and less than the 2704 bytes an index of Postgres takes. */
export const LONGEST_NAME_BYTES = 1_024

/** A tag that no field has. */
export const NO_DATA = 0

/** Fields of the data, in each member that has them. */
export const DATA_POINT = 0x0a
const TEMPORALITY = 0x10
const IS_MONOTONIC = 0x18

export const DELTA = 1
export const CUMULATIVE = 2

/**
 * Reads what a Metric says of its data points, which may follow them. Strings, and messages that may come in several
 * parts, are kept as where they start and end in the source.
 */
export class MetricReader {
  readonly #cursor: Cursor

  nameStart = 0
  nameEnd = 0
  descriptionStart = 0
  descriptionEnd = 0
  unitStart = 0
  unitEnd = 0
  /** One KeyValue after the other. */
  metadata: number[] = []
  /** Which member of the data counts: the last one sent. */
  data = NO_DATA
  /** Its parts: parts of one member in a row are joined. */
  parts: number[] = []
  /** As sent; 0 where it is not. */
  temporality = 0
  isMonotonic = false

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  /** Reads the metric that begins at the cursor, but for its data points. */
  read(end: number): void {
    this.#reset()
    const cursor = this.#cursor
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      switch (tag) {
        case NAME:
        case DESCRIPTION:
        case UNIT: {
          const fieldEnd = cursor.delimited(end)
          this.#string(tag, cursor.at, fieldEnd)
          cursor.at = fieldEnd
          break
        }
        case GAUGE:
        case SUM:
        case HISTOGRAM:
        case EXPONENTIAL_HISTOGRAM:
        case SUMMARY:
          if (this.data !== tag) this.parts = []
          this.data = tag
          addPart(this.parts, cursor, end)
          break
        case METADATA:
          addPart(this.metadata, cursor, end)
          break
        default:
          cursor.skip(tag, end)
      }
    }
    if (this.data !== GAUGE && this.data !== SUMMARY) this.#data()
  }

  #reset(): void {
    this.nameStart = this.nameEnd = this.descriptionStart = this.descriptionEnd = 0
    this.unitStart = this.unitEnd = 0
    if (this.metadata.length > 0) this.metadata = []
    this.parts = []
    this.data = NO_DATA
    this.temporality = 0
    this.isMonotonic = false
  }

  #string(tag: number, start: number, end: number): void {
    if (tag === NAME) {
      this.nameStart = start
      this.nameEnd = end
    } else if (tag === UNIT) {
      this.unitStart = start
      this.unitEnd = end
    } else {
      this.descriptionStart = start
      this.descriptionEnd = end
    }
  }

  #data(): void {
    const cursor = this.#cursor
    for (let index = 0; index < this.parts.length; index += 2) {
      cursor.at = this.parts[index]!
      const end = this.parts[index + 1]!
      while (cursor.at < end) {
        const tag = cursor.tag(end)
        if (tag === TEMPORALITY) {
          cursor.varint(end)
          this.temporality = cursor.low
        } else if (tag === IS_MONOTONIC && this.data === SUM) {
          cursor.varint(end)
          this.isMonotonic = cursor.low !== 0 || cursor.high !== 0
        } else cursor.skip(tag, end)
      }
    }
  }
}

function addPart(parts: number[], cursor: Cursor, limit: number): void {
  const end = cursor.delimited(limit)
  parts.push(cursor.at, end)
  cursor.at = end
}

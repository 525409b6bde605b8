import type { Cursor } from '../otlp/cursor'
import { Buckets, readSigned } from './data-point-buckets'
import { Numbers } from './data-point-numbers'
import type { ExemplarWriter } from './exemplar'
import { EXPONENTIAL_HISTOGRAM, HISTOGRAM, SUMMARY } from './metric'
import type { UnixNanos } from './time'

/** The same in the data points of every kind. */
const START_TIME = 0x11
const TIME = 0x19

const NUMBER = {
  asDouble: 0x21,
  exemplar: 0x2a,
  asInt: 0x31,
  attribute: 0x3a,
  flags: 0x40,
} as const
/** The same in histograms, exponential ones, and summaries. */
const COUNT = 0x21
const SUM = 0x29
const EXPLICIT = {
  bucketCount: 0x31,
  bucketCounts: 0x32,
  bound: 0x39,
  bounds: 0x3a,
  exemplar: 0x42,
  attribute: 0x4a,
  flags: 0x50,
  min: 0x59,
  max: 0x61,
} as const
const EXPONENTIAL = {
  attribute: 0x0a,
  scale: 0x30,
  zeroCount: 0x39,
  positive: 0x42,
  negative: 0x4a,
  flags: 0x50,
  exemplar: 0x5a,
  min: 0x61,
  max: 0x69,
  zeroThreshold: 0x71,
} as const
const SUMMARISED = { quantileValue: 0x32, attribute: 0x3a, flags: 0x40 } as const
const QUANTILE_VALUE = { quantile: 0x09, value: 0x11 } as const

/** Where a number is that was not sent. */
export const ABSENT = -1
export const NO_VALUE = 0
export const DOUBLE = 1
export const INT = 2
/** The bit of `flags` that says that there is no value: the data point marks a gap. */
const NO_RECORDED_VALUE = 1

/**
 * Reads one data point of any kind: its exemplars go into the row as they are met, the other fields are kept until the
 * next data point. Doubles, and what is repeated, are kept as where they are in the source.
 */
export class DataPointReader {
  readonly #cursor: Cursor
  readonly #exemplars: ExemplarWriter

  readonly time: UnixNanos = { low: 0, high: 0 }
  readonly start: UnixNanos = { low: 0, high: 0 }
  flags = 0
  /** Where its attributes lie with their tags, the last run of them; and those before, where they come in several. */
  attributesStart = 0
  attributesEnd = 0
  readonly earlierAttributes: number[] = []

  /** Of a number: which member of the oneof was sent last, and where it is. */
  value = NO_VALUE
  valueAt = ABSENT

  readonly count: UnixNanos = { low: 0, high: 0 }
  sumAt = ABSENT
  minAt = ABSENT
  maxAt = ABSENT
  readonly bucketCounts = new Numbers('fixed64')
  readonly bounds = new Numbers('double')
  scale = 0
  readonly zeroCount: UnixNanos = { low: 0, high: 0 }
  zeroThresholdAt = ABSENT
  readonly positive = new Buckets()
  readonly negative = new Buckets()
  /** Where each quantile is and its value, in turns. */
  readonly quantiles: number[] = []

  constructor(cursor: Cursor, exemplars: ExemplarWriter) {
    this.#cursor = cursor
    this.#exemplars = exemplars
  }

  get hasNoRecordedValue(): boolean {
    return (this.flags & NO_RECORDED_VALUE) !== 0
  }

  /** Reads the data point that begins at the cursor, `data` being its metric's, and writes the row's first column. */
  read(data: number, end: number): void {
    this.time.low = this.time.high = this.start.low = this.start.high = 0
    this.flags = 0
    this.attributesStart = this.attributesEnd = 0
    if (this.earlierAttributes.length > 0) this.earlierAttributes.length = 0
    this.#exemplars.begin()
    if (data === HISTOGRAM) this.#explicit(end)
    else if (data === EXPONENTIAL_HISTOGRAM) this.#exponential(end)
    else if (data === SUMMARY) this.#summary(end)
    else this.#number(end)
    this.#exemplars.finish()
  }

  #number(end: number): void {
    const cursor = this.#cursor
    this.value = NO_VALUE
    while (cursor.at < end) {
      const from = cursor.at
      const tag = cursor.tag(end)
      switch (tag) {
        case NUMBER.asDouble:
          this.value = DOUBLE
          this.valueAt = this.#double(end)
          break
        case NUMBER.asInt:
          this.value = INT
          this.valueAt = this.#double(end)
          break
        case NUMBER.attribute:
          this.#attribute(from, end)
          break
        case NUMBER.exemplar:
          this.#exemplars.exemplar(cursor.delimited(end))
          break
        case NUMBER.flags:
          cursor.varint(end)
          this.flags = cursor.low
          break
        default:
          this.#time(tag, end)
      }
    }
  }

  #explicit(end: number): void {
    const cursor = this.#cursor
    this.#resetHistogram()
    this.bucketCounts.clear()
    this.bounds.clear()
    while (cursor.at < end) {
      const from = cursor.at
      const tag = cursor.tag(end)
      switch (tag) {
        case EXPLICIT.bucketCounts:
          this.bucketCounts.run(cursor, cursor.delimited(end))
          break
        case EXPLICIT.bucketCount:
          this.bucketCounts.one(cursor, end)
          break
        case EXPLICIT.bounds:
          this.bounds.run(cursor, cursor.delimited(end))
          break
        case EXPLICIT.bound:
          this.bounds.one(cursor, end)
          break
        case EXPLICIT.attribute:
          this.#attribute(from, end)
          break
        case EXPLICIT.exemplar:
          this.#exemplars.exemplar(cursor.delimited(end))
          break
        case EXPLICIT.flags:
          cursor.varint(end)
          this.flags = cursor.low
          break
        case EXPLICIT.min:
          this.minAt = this.#double(end)
          break
        case EXPLICIT.max:
          this.maxAt = this.#double(end)
          break
        default:
          this.#total(tag, end)
      }
    }
  }

  #exponential(end: number): void {
    const cursor = this.#cursor
    this.#resetHistogram()
    this.#resetExponential()
    while (cursor.at < end) {
      const from = cursor.at
      const tag = cursor.tag(end)
      switch (tag) {
        case EXPONENTIAL.attribute:
          this.#attribute(from, end)
          break
        case EXPONENTIAL.scale:
          this.scale = readSigned(cursor, end)
          break
        case EXPONENTIAL.zeroCount:
          this.#fixed64(this.zeroCount, end)
          break
        case EXPONENTIAL.positive:
          this.positive.read(cursor, cursor.delimited(end))
          break
        case EXPONENTIAL.negative:
          this.negative.read(cursor, cursor.delimited(end))
          break
        case EXPONENTIAL.flags:
          cursor.varint(end)
          this.flags = cursor.low
          break
        case EXPONENTIAL.exemplar:
          this.#exemplars.exemplar(cursor.delimited(end))
          break
        case EXPONENTIAL.min:
          this.minAt = this.#double(end)
          break
        case EXPONENTIAL.max:
          this.maxAt = this.#double(end)
          break
        case EXPONENTIAL.zeroThreshold:
          this.zeroThresholdAt = this.#double(end)
          break
        default:
          this.#total(tag, end)
      }
    }
  }

  #summary(end: number): void {
    const cursor = this.#cursor
    this.#resetHistogram()
    this.quantiles.length = 0
    while (cursor.at < end) {
      const from = cursor.at
      const tag = cursor.tag(end)
      switch (tag) {
        case SUMMARISED.attribute:
          this.#attribute(from, end)
          break
        case SUMMARISED.quantileValue:
          this.#quantile(cursor.delimited(end))
          break
        case SUMMARISED.flags:
          cursor.varint(end)
          this.flags = cursor.low
          break
        default:
          this.#total(tag, end)
      }
    }
  }

  #resetHistogram(): void {
    this.count.low = this.count.high = 0
    this.sumAt = this.minAt = this.maxAt = ABSENT
  }

  #resetExponential(): void {
    this.scale = 0
    this.zeroCount.low = this.zeroCount.high = 0
    this.zeroThresholdAt = ABSENT
    this.positive.clear()
    this.negative.clear()
  }

  #quantile(end: number): void {
    const cursor = this.#cursor
    let quantileAt = ABSENT
    let valueAt = ABSENT
    while (cursor.at < end) {
      const tag = cursor.tag(end)
      if (tag === QUANTILE_VALUE.quantile) quantileAt = this.#double(end)
      else if (tag === QUANTILE_VALUE.value) valueAt = this.#double(end)
      else cursor.skip(tag, end)
    }
    this.quantiles.push(quantileAt, valueAt)
  }

  #total(tag: number, end: number): void {
    if (tag === COUNT) this.#fixed64(this.count, end)
    else if (tag === SUM) this.sumAt = this.#double(end)
    else this.#time(tag, end)
  }

  #time(tag: number, end: number): void {
    if (tag === TIME) this.#fixed64(this.time, end)
    else if (tag === START_TIME) this.#fixed64(this.start, end)
    else this.#cursor.skip(tag, end)
  }

  #attribute(from: number, end: number): void {
    const cursor = this.#cursor
    cursor.at = cursor.delimited(end)
    if (this.attributesEnd !== from) {
      if (this.attributesEnd !== 0) {
        this.earlierAttributes.push(this.attributesStart, this.attributesEnd)
      }
      this.attributesStart = from
    }
    this.attributesEnd = cursor.at
  }

  #fixed64(into: UnixNanos, end: number): void {
    this.#cursor.fixed64(end)
    into.low = this.#cursor.low
    into.high = this.#cursor.high
  }

  #double(end: number): number {
    const { at } = this.#cursor
    this.#cursor.fixed64(end)
    return at
  }
}

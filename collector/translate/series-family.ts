import type { Cursor } from '../otlp/cursor'
import { RowBuffer } from './buffer'
import { ByteCache, type CacheKey } from './cache'
import { nextSerial, type ResourceIdentity, type ScopeIdentity } from './identity'
import { addChanges, type Changes, UNCHANGED } from './limits'
import {
  CUMULATIVE,
  DELTA,
  EXPONENTIAL_HISTOGRAM,
  GAUGE,
  HISTOGRAM,
  LONGEST_NAME_BYTES,
  type MetricReader,
  SUM,
  SUMMARY,
} from './metric'
import type { SeriesAttributes } from './series-attributes'
import { countRepairs, decodeText } from './text'

/** What all series of a metric have in common. */
export interface Family {
  /** Names it in the keys of caches: a metric of a resource and a scope. */
  readonly serial: number
  readonly resource: ResourceIdentity
  readonly scope: ScopeIdentity
  readonly name: string
  /** Its size as JSON. */
  readonly nameBytes: number
  readonly isNameTooLong: boolean
  readonly kind: string
  readonly unit: string
  /** 'delta' or 'cumulative', null where there is none. */
  readonly temporality: string | null
  /** Null but for a sum. */
  readonly isMonotonic: string | null
  readonly description: string
  /** The text of jsonb. */
  readonly metadata: string
  readonly changes: Changes
  readonly isTooDeep: boolean
  readonly isTooLarge: boolean
}

const KINDS: Readonly<Record<number, string>> = {
  [GAUGE]: 'gauge',
  [SUM]: 'sum',
  [HISTOGRAM]: 'histogram',
  [EXPONENTIAL_HISTOGRAM]: 'exponential_histogram',
  [SUMMARY]: 'summary',
}
const TEMPORALITIES: Readonly<Record<number, string>> = {
  [DELTA]: 'delta',
  [CUMULATIVE]: 'cumulative',
}

/** More than the numbers of a key take. */
const FIXED_KEY_BYTES = 24

/** A buffer that has become larger is let go of. */
const USUAL_KEY_BYTES = 16_384

/** Finds what a Metric says of its series by its bytes, without decoding it again. */
export class Families {
  readonly #source: Cursor
  readonly #attributes: SeriesAttributes
  readonly #known: ByteCache<Family>
  readonly #keyBytes = new RowBuffer(FIXED_KEY_BYTES)
  readonly #key: CacheKey = {
    first: 0,
    second: 0,
    third: 0,
    bytes: new Uint8Array(),
    start: 0,
    end: 0,
  }

  constructor(source: Cursor, size: number, attributes: SeriesAttributes) {
    this.#source = source
    this.#attributes = attributes
    this.#known = new ByteCache(size)
  }

  of(metric: MetricReader, resource: ResourceIdentity, scope: ScopeIdentity): Family {
    const key = this.#fill(metric, resource, scope)
    const known = this.#known.find(key)
    if (known !== undefined) return known
    const made = this.#decode(metric, resource, scope)
    // How large is too large depends on the request.
    if (!made.isTooLarge) this.#known.add(key, made)
    if (this.#keyBytes.capacity > USUAL_KEY_BYTES) this.#keyBytes.restart(USUAL_KEY_BYTES)
    return made
  }

  #fill(metric: MetricReader, resource: ResourceIdentity, scope: ScopeIdentity): CacheKey {
    const rows = this.#keyBytes
    rows.end = 0
    rows.reserve(FIXED_KEY_BYTES)
    rows.view.setInt32(0, metric.data)
    rows.view.setInt32(4, metric.temporality)
    rows.view.setInt32(8, metric.isMonotonic ? 1 : 0)
    rows.view.setInt32(12, metric.nameEnd - metric.nameStart)
    rows.view.setInt32(16, metric.unitEnd - metric.unitStart)
    rows.view.setInt32(20, metric.descriptionEnd - metric.descriptionStart)
    rows.end = FIXED_KEY_BYTES
    this.#copy(metric.nameStart, metric.nameEnd)
    this.#copy(metric.unitStart, metric.unitEnd)
    this.#copy(metric.descriptionStart, metric.descriptionEnd)
    for (let index = 0; index < metric.metadata.length; index += 2) {
      const start = metric.metadata[index]!
      const end = metric.metadata[index + 1]!
      rows.reserve(4)
      rows.view.setInt32(rows.end, end - start)
      rows.end += 4
      this.#copy(start, end)
    }
    const key = this.#key
    key.first = resource.serial
    key.second = scope.serial
    key.bytes = rows.bytes
    key.end = rows.end
    return key
  }

  #copy(start: number, end: number): void {
    const rows = this.#keyBytes
    const { bytes } = this.#source
    rows.reserve(end - start)
    const target = rows.bytes
    for (let at = start; at < end; at++) target[rows.end++] = bytes[at]!
  }

  #decode(metric: MetricReader, resource: ResourceIdentity, scope: ScopeIdentity): Family {
    const { bytes } = this.#source
    const metadata = this.#attributes.decodeValues(metric.metadata)
    const name = decodeText(bytes, metric.nameStart, metric.nameEnd)
    const { nameStart, nameEnd, unitStart, unitEnd, descriptionStart, descriptionEnd } = metric
    const repairedStrings =
      countRepairs(bytes, nameStart, nameEnd) +
      countRepairs(bytes, unitStart, unitEnd) +
      countRepairs(bytes, descriptionStart, descriptionEnd)
    return {
      serial: nextSerial(),
      resource,
      scope,
      name,
      nameBytes: Buffer.byteLength(JSON.stringify(name)),
      isNameTooLong: Buffer.byteLength(name) > LONGEST_NAME_BYTES,
      kind: KINDS[metric.data] ?? '',
      unit: decodeText(bytes, unitStart, unitEnd),
      temporality: TEMPORALITIES[metric.temporality] ?? null,
      isMonotonic: metric.data === SUM ? String(metric.isMonotonic) : null,
      description: decodeText(bytes, descriptionStart, descriptionEnd),
      metadata: metadata.json,
      changes: addChanges(
        metadata.changes,
        repairedStrings === 0 ? UNCHANGED : { ...UNCHANGED, repairedStrings },
      ),
      isTooDeep: metadata.isTooDeep,
      isTooLarge: metadata.isTooLarge,
    }
  }
}

import type { Cursor } from '../otlp/cursor'
import { ByteCache, type CacheKey } from './cache'
import type { Numbers } from './data-point-numbers'
import { joinParts } from './dictionary'
import { nextSerial } from './identity'

/** The explicit bounds of a histogram. */
export interface Bounds {
  readonly serial: number
  /** As Postgres text; null where the kind of the metric has none. */
  readonly text: string | null
  /** Whether each is greater than the one before, and none is NaN. */
  readonly isIncreasing: boolean
}

export const NO_BOUNDS: Bounds = { serial: 0, text: null, isIncreasing: true }

/** Remembers bounds by their bytes: all data points of a histogram have the same, and most histograms too. */
export class BoundsDictionary {
  readonly #source: Cursor
  readonly #known: ByteCache<Bounds>
  readonly #key: CacheKey = {
    first: 0,
    second: 0,
    third: 0,
    bytes: new Uint8Array(),
    start: 0,
    end: 0,
  }

  constructor(source: Cursor, size: number) {
    this.#source = source
    this.#known = new ByteCache(size)
  }

  of(bounds: Numbers): Bounds {
    const key = this.#fill(bounds)
    const known = this.#known.find(key)
    if (known !== undefined) return known
    const made = decode(key.bytes, key.start, key.end)
    this.#known.add(key, made)
    return made
  }

  #fill(bounds: Numbers): CacheKey {
    const key = this.#key
    const { bytes } = this.#source
    const isOneRun = bounds.runCount <= 1
    key.bytes = isOneRun ? bytes : joinParts(bytes, bounds.runs())
    key.start = isOneRun ? bounds.firstStart : 0
    key.end = isOneRun ? bounds.firstEnd : key.bytes.length
    return key
  }
}

function decode(bytes: Uint8Array, start: number, end: number): Bounds {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bounds: number[] = []
  let isIncreasing = true
  for (let at = start; at < end; at += 8) {
    const bound = view.getFloat64(at, true)
    const previous = bounds.at(-1)
    if (previous === undefined ? Number.isNaN(bound) : !(bound > previous)) isIncreasing = false
    bounds.push(bound)
  }
  return { serial: nextSerial(), text: `{${bounds.map(textOf).join(',')}}`, isIncreasing }
}

/** Minus zero is a bound of its own, as in the row. */
function textOf(bound: number): string {
  return Object.is(bound, -0) ? '-0' : String(bound)
}

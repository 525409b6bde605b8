import { RowBuffer } from './buffer'
import { EventRollup } from './event-rollup'
import { EVENT_KEY_BYTES } from './event-rollups'
import { FieldReader } from './field-reader'
import { Rollup } from './rollup'
import { KEY_BYTES } from './rollups'

/** A row of a block. */
interface Place {
  readonly block: FieldReader
  readonly start: number
}

/** What rows add up to that begin alike. */
interface Sum {
  addRow(block: FieldReader): void
  take(rows: RowBuffer): void
}

/** How the rows of a table are merged. */
interface Merging {
  /** How long the beginning of a row is that says whose it is. */
  readonly keyBytes: number
  readonly sum: Sum
}

const rows = new RowBuffer(0)
const SPANS: Merging = { keyBytes: KEY_BYTES, sum: new Rollup() }
const EVENTS: Merging = { keyBytes: EVENT_KEY_BYTES, sum: new EventRollup() }

/** The rows of `SPAN_ROLLUP` of several requests as those of one; they stay as they are. */
export function mergeRollups(blocks: readonly Uint8Array[]): Uint8Array {
  return merge(blocks, SPANS)
}

/** The same of `EVENT_ROLLUP`. */
export function mergeEventRollups(blocks: readonly Uint8Array[]): Uint8Array {
  return merge(blocks, EVENTS)
}

function merge(blocks: readonly Uint8Array[], { keyBytes, sum }: Merging): Uint8Array {
  for (const places of placesByKey(blocks, keyBytes).values()) {
    for (const { block, start } of places) {
      block.at = start + keyBytes
      sum.addRow(block)
    }
    writeKey(places[0]!, keyBytes)
    sum.take(rows)
  }
  return rows.take(Buffer.allocUnsafeSlow)
}

/** Where rows begin alike they are of the same subject and minute. */
function placesByKey(blocks: readonly Uint8Array[], keyBytes: number): Map<string, Place[]> {
  const byKey = new Map<string, Place[]>()
  for (const bytes of blocks) {
    const block = new FieldReader(bytes)
    while (block.at < bytes.length) {
      const start = block.at
      const key = block.bytes.toString('latin1', start, start + keyBytes)
      const places = byKey.get(key)
      if (places === undefined) byKey.set(key, [{ block, start }])
      else places.push({ block, start })
      block.skipRow()
    }
  }
  return byKey
}

function writeKey({ block, start }: Place, keyBytes: number): void {
  rows.reserve(keyBytes)
  block.bytes.copy(rows.bytes, rows.end, start, start + keyBytes)
  rows.end += keyBytes
}

import { RowBuffer } from './buffer'
import { FieldReader } from './field-reader'
import { Rollup } from './rollup'
import { KEY_BYTES } from './rollups'

/** A row of a block. */
interface Place {
  readonly block: FieldReader
  readonly start: number
}

const rows = new RowBuffer(0)
const rollup = new Rollup()

/** The rows of `SPAN_ROLLUP` of several requests as those of one; they stay as they are. */
export function mergeRollups(blocks: readonly Uint8Array[]): Uint8Array {
  for (const places of placesByKey(blocks).values()) {
    for (const { block, start } of places) {
      block.at = start + KEY_BYTES
      rollup.addRow(block)
    }
    writeKey(places[0]!)
    rollup.take(rows)
  }
  return rows.take(Buffer.allocUnsafeSlow)
}

/** Where rows begin alike they are of the same operation and minute. */
function placesByKey(blocks: readonly Uint8Array[]): Map<string, Place[]> {
  const byKey = new Map<string, Place[]>()
  for (const bytes of blocks) {
    const block = new FieldReader(bytes)
    while (block.at < bytes.length) {
      const start = block.at
      const key = block.bytes.toString('latin1', start, start + KEY_BYTES)
      const places = byKey.get(key)
      if (places === undefined) byKey.set(key, [{ block, start }])
      else places.push({ block, start })
      block.skipRow()
    }
  }
  return byKey
}

function writeKey({ block, start }: Place): void {
  rows.reserve(KEY_BYTES)
  block.bytes.copy(rows.bytes, rows.end, start, start + KEY_BYTES)
  rows.end += KEY_BYTES
}

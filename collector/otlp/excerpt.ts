import { Cursor } from './cursor'
import type { Signal } from './signal'
import { ProtobufWriter } from './writer'

/** What leads to the items of a signal: the tags of the field, at each level. */
type Path = readonly (readonly number[])[]

const ITEMS = [[0x0a], [0x12], [0x12]]
/** The data of a Metric: gauge, sum, histogram, exponential histogram, summary. */
const DATA = [0x2a, 0x3a, 0x4a, 0x52, 0x5a]
/** The level of it: one message a Metric, though it may come in parts, of which one may say what is true of all. */
const DATA_LEVEL = 3
const PATHS: Readonly<Record<Signal, Path>> = {
  traces: ITEMS,
  logs: ITEMS,
  metrics: [...ITEMS, DATA, [0x0a]],
}

/** Field 19000, a varint: no .proto file may declare this number, so that no field of OTLP ever has it. */
const MARK_TAG = 19_000 << 3
const MARK_BYTES = 8

/**
 * An export request in protobuf that holds only the items of `body` (spans, log records or data points) that begin at
 * `starts` (ascending, each the first byte after the length), with all that their resources, scopes and metrics say of
 * them; what else the request says is kept too. It is
 * marked by a field nobody reads: sent again it never has the bytes of the request it comes from, whose receipt would
 * have it acknowledged as a repeat.
 */
export function isolateItems(signal: Signal, body: Uint8Array, starts: readonly number[]): Buffer {
  const path = PATHS[signal]
  const deepest = path.length - 1
  const cursor = new Cursor(body)
  const writer = new ProtobufWriter()
  let taken = 0
  const copy = (from: number, to: number) => {
    writer.reserve(to - from)
    writer.end += cursor.bytes.copy(writer.bytes, writer.end, from, to)
  }
  const isolate = (level: number, end: number) => {
    while (cursor.at < end) {
      const from = cursor.at
      const tag = cursor.tag(end)
      if (!path[level]?.includes(tag)) {
        cursor.skip(tag, end)
        copy(from, cursor.at)
        continue
      }
      const fieldEnd = cursor.delimited(end)
      const start = cursor.at
      const wanted = starts[taken] ?? Infinity
      if (level === deepest && start === wanted) {
        taken++
        copy(from, fieldEnd)
      } else if (level < deepest) {
        const holdsWanted = start < wanted && wanted <= fieldEnd
        if (holdsWanted || level === DATA_LEVEL) {
          writer.message(tag, () => isolate(level + 1, fieldEnd))
        }
      }
      cursor.at = fieldEnd
    }
  }
  isolate(0, body.length)
  if (taken < starts.length) throw new RangeError(`no item begins at byte ${starts[taken]}`)
  writer.reserve(MARK_BYTES)
  writer.varint(MARK_TAG, 0)
  writer.varint(1, 0)
  return writer.finish()
}

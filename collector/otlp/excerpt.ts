import { Cursor } from './cursor'
import { ProtobufWriter } from './writer'

/** The fields that lead to an item, in every signal: resources of scopes of items. */
const PATH = [0x0a, 0x12, 0x12]
const ITEM = 2

/** Field 19000, a varint: no .proto file may declare this number, so that no field of OTLP ever has it. */
const MARK_TAG = 19_000 << 3
const MARK_BYTES = 8

/**
 * An export request in protobuf that holds only the items of `body` that begin at `starts` (ascending, each the first byte
 * after the length), with all that their resources and scopes say of them; what else the request says is kept too. It is
 * marked by a field nobody reads: sent again it never has the bytes of the request it comes from, whose receipt would
 * have it acknowledged as a repeat.
 */
export function isolateItems(body: Uint8Array, starts: readonly number[]): Buffer {
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
      if (tag !== PATH[level]) {
        cursor.skip(tag, end)
        copy(from, cursor.at)
        continue
      }
      const fieldEnd = cursor.delimited(end)
      const start = cursor.at
      const wanted = starts[taken] ?? Infinity
      if (level === ITEM && start === wanted) {
        taken++
        copy(from, fieldEnd)
      } else if (level < ITEM && start < wanted && wanted <= fieldEnd) {
        writer.message(tag, () => isolate(level + 1, fieldEnd))
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

import { isolateItems } from '../otlp/excerpt'
import type { CopyRows } from './rows'

/** An export request in protobuf that holds just the items these rows (ascending) of a copy were made of. */
export function isolateRows(
  body: Uint8Array,
  { sources }: CopyRows,
  rows: readonly number[],
): Uint8Array {
  return isolateItems(
    body,
    rows.map((row) => sources[row] ?? -1),
  )
}

import { isolateItems } from '../otlp/excerpt'
import type { CopyRows, Signal } from './rows'

/** An export request in protobuf that holds just the items these rows (ascending) of a copy were made of. */
export function isolateRows(
  signal: Signal,
  body: Uint8Array,
  { sources }: CopyRows,
  rows: readonly number[],
): Uint8Array {
  return isolateItems(
    signal,
    body,
    rows.map((row) => sources[row] ?? -1),
  )
}

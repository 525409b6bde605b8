import type { CopyRows, DictionaryName, Table } from '../translate/rows'
import type { TableRows } from './copy'
import { dictionaryKey, REFERENCES, type RefusedKeys } from './dictionary'
import type { GroupRequest, PoisonItem } from './group'

/** A run of rows of one request's copy, from `from` up to but not including `to`. */
export interface Segment {
  readonly request: GroupRequest
  readonly copy: CopyRows
  readonly from: number
  readonly to: number
}

/** Rows found not to be storable, by request. */
export type Poison = Map<GroupRequest, PoisonItem[]>

/** All rows of the requests, table by table. `copiesOf` says which, if not those of `translated`. */
export function segmentsOf(
  requests: readonly GroupRequest[],
  copiesOf: (request: GroupRequest) => readonly CopyRows[] = ({ translated }) => translated.copies,
): Map<string, Segment[]> {
  const byTable = new Map<string, Segment[]>()
  for (const request of requests) {
    for (const copy of copiesOf(request)) {
      const to = copy.offsets.length
      if (to === 0) continue
      const segments = byTable.get(copy.table.name)
      const segment = { request, copy, from: 0, to }
      if (segments === undefined) byTable.set(copy.table.name, [segment])
      else segments.push(segment)
    }
  }
  return byTable
}

/** What is copied of segments that are grouped by table. */
export function tableRowsOf(groups: readonly (readonly Segment[])[]): TableRows[] {
  return groups.flatMap((segments) =>
    segments.slice(0, 1).map(({ copy: { table } }) => ({ table, rows: segments.map(bytesOf) })),
  )
}

export function countRows(segments: readonly Segment[]): number {
  return segments.reduce((rows, { from, to }) => rows + to - from, 0)
}

/** The encoded rows, without copying them. */
function bytesOf({ copy, from, to }: Segment): Uint8Array {
  if (from === 0 && to === copy.offsets.length) return copy.bytes
  return copy.bytes.subarray(copy.offsets[from], copy.offsets[to] ?? copy.bytes.length)
}

/** The first half of the rows and the second. */
export function halves(segments: readonly Segment[]): [Segment[], Segment[]] {
  let wanted = countRows(segments) >> 1
  const first: Segment[] = []
  const second: Segment[] = []
  for (const segment of segments) {
    const middle = Math.min(segment.from + wanted, segment.to)
    if (middle > segment.from) first.push({ ...segment, to: middle })
    if (middle < segment.to) second.push({ ...segment, from: middle })
    wanted -= middle - segment.from
  }
  return [first, second]
}

/** One part a request. */
export function splitByRequest(segments: readonly Segment[]): Segment[][] {
  const byRequest = new Map<GroupRequest, Segment[]>()
  for (const segment of segments) {
    const part = byRequest.get(segment.request)
    if (part === undefined) byRequest.set(segment.request, [segment])
    else part.push(segment)
  }
  return [...byRequest.values()]
}

/** One part a day, by the column the table is partitioned by. */
export function splitByDay(segments: readonly Segment[]): Segment[][] {
  const byDay = new Map<bigint | null, Segment[]>()
  for (const segment of segments) {
    let { from } = segment
    for (let row = from; row < segment.to; row++) {
      const day = dayOf(segment, row)
      if (row + 1 < segment.to && dayOf(segment, row + 1) === day) continue
      const part = byDay.get(day)
      const run = { ...segment, from, to: row + 1 }
      if (part === undefined) byDay.set(day, [run])
      else part.push(run)
      from = row + 1
    }
  }
  return [...byDay.values()]
}

const DAY_MICROS = 86_400_000_000n

/** The UTC day a row belongs to, in days since 2000-01-01; null when the row cannot be read. */
function dayOf({ copy }: Segment, row: number): bigint | null {
  const { columns, partitionedBy } = copy.table
  if (partitionedBy === null) return null
  const micros = bigintField(copy, row, columns.indexOf(partitionedBy))
  if (micros === null) return null
  // Division rounds towards zero, which would make one day of the two around 2000-01-01.
  const sinceMidnight = ((micros % DAY_MICROS) + DAY_MICROS) % DAY_MICROS
  return (micros - sinceMidnight) / DAY_MICROS
}

/** Of segments grouped by table, leaves out, and adds to `poison`, the rows that refer to a dictionary row Postgres refused. */
export function withoutRefused(
  groups: readonly (readonly Segment[])[],
  refused: RefusedKeys,
  poison: Poison,
): readonly (readonly Segment[])[] {
  if (refused.size === 0) return groups
  return groups
    .map((segments) => segments.flatMap((segment) => [...acceptable(segment, refused, poison)]))
    .filter((segments) => segments.length > 0)
}

/** Whether the segments, which are of one table, are of items and not of what follows from them. */
export function isOfItems([first]: readonly Segment[]): boolean {
  return first?.copy.table.isDerived !== true
}

function* acceptable(segment: Segment, refused: RefusedKeys, poison: Poison): Generator<Segment> {
  const references = referencesOf(segment.copy.table)
  let { from } = segment
  for (let row = segment.from; row < segment.to; row++) {
    const error = references
      .map(({ dictionary, field }) => {
        const id = bigintField(segment.copy, row, field)
        return refused.get(dictionaryKey(dictionary, String(id)))
      })
      .find((found) => found !== undefined)
    if (error === undefined) continue
    addPoison(poison, segment, row, error)
    if (row > from) yield { ...segment, from, to: row }
    from = row + 1
  }
  if (from < segment.to) yield { ...segment, from }
}

/** A row that follows from an item goes with it: it is left out, and neither counted nor kept. */
export function addPoison(
  poison: Poison,
  { request, copy }: Segment,
  row: number,
  error: { readonly code: string; readonly message: string },
): void {
  if (copy.table.isDerived) return
  const { code: sqlstate, message } = error
  const item = { table: copy.table.name, row, sqlstate, message, isKept: true }
  const items = poison.get(request)
  if (items === undefined) poison.set(request, [item])
  else items.push(item)
}

function referencesOf(table: Table): readonly { dictionary: DictionaryName; field: number }[] {
  return table.columns.flatMap((column, field) => {
    const dictionary = REFERENCES[column]
    return dictionary === undefined ? [] : [{ dictionary, field }]
  })
}

/** Reads 8 bytes of an encoded row: a count of fields, then each as a length (-1: null) and its bytes. Null when they are not there. */
function bigintField(copy: CopyRows, row: number, field: number): bigint | null {
  const { buffer, byteOffset, byteLength } = copy.bytes
  const view = new DataView(buffer, byteOffset, byteLength)
  let at = (copy.offsets[row] ?? 0) + 2
  for (let skipped = 0; skipped < field && at + 4 <= byteLength; skipped++) {
    at += 4 + Math.max(view.getInt32(at), 0)
  }
  if (at + 12 > byteLength || view.getInt32(at) !== 8) return null
  return view.getBigInt64(at + 4)
}

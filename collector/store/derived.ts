import { mergeEventRollups, mergeRollups } from '../translate/rollup-merge'
import {
  type CopyRows,
  EVENT_ROLLUP,
  SPAN_ROLLUP,
  type Table,
  type Translated,
} from '../translate/rows'
import type { TableRows } from './copy'
import type { GroupRequest } from './group'
import { type Poison, type Segment, segmentsOf, tableRowsOf } from './segments'

/** What is copied of segments that are grouped by table; the rollups of their requests are merged. */
export function mergedRowsOf(groups: readonly (readonly Segment[])[]): readonly TableRows[] {
  return tableRowsOf(groups).map(({ table, rows }) => ({
    table,
    rows: rows.length > 1 ? merged(table, rows) : rows,
  }))
}

function merged(table: Table, rows: readonly Uint8Array[]): readonly Uint8Array[] {
  if (table === SPAN_ROLLUP) return [mergeRollups(rows)]
  return table === EVENT_ROLLUP ? [mergeEventRollups(rows)] : rows
}

/** What is left of requests once their poison is out. */
export type Rests = ReadonlyMap<GroupRequest, Translated>

/** A row may follow from several items, some of which are poison: so the others are translated by themselves. */
export function restsOf(requests: readonly GroupRequest[], poison: Poison): Rests {
  return new Map(requests.map((request) => [request, withoutPoison(request, poison)]))
}

/** What follows from the items of the requests, table by table, and a request by itself. */
export function derivedSegmentsOf(rests: Rests): readonly (readonly Segment[])[] {
  const copiesOf = (request: GroupRequest) =>
    (rests.get(request)?.copies ?? []).filter(({ table }) => table.isDerived === true)
  return [...segmentsOf([...rests.keys()], copiesOf).values()]
}

function withoutPoison(request: GroupRequest, poison: Poison): Translated {
  const { translated } = request
  const refused = new Set(poison.get(request)?.map(({ row }) => row))
  if (refused.size === 0 || !hasDerived(translated)) return translated
  // Where something follows from items, these are rows of one table.
  const [items] = translated.copies.filter(({ table }) => table.isDerived !== true)
  return items === undefined ? translated : request.retranslate(items, otherRows(items, refused))
}

function hasDerived({ copies, throws }: Translated): boolean {
  return throws.length > 0 || copies.some(({ table }) => table.isDerived === true)
}

function otherRows({ offsets }: CopyRows, refused: ReadonlySet<number>): number[] {
  return [...offsets.keys()].filter((row) => !refused.has(row))
}

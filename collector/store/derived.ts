import { encodeRollups } from '../translate/rollup-rows'
import { mergeRollups } from '../translate/rollups'
import { type CopyRows, SPAN_ROLLUP, type Translated } from '../translate/rows'
import type { TableRows } from './copy'
import type { GroupRequest } from './group'
import { type Poison, type Segment, segmentsOf } from './segments'

/** What the requests add up to, an operation and a minute once; nothing when there is none. */
export function rollupRowsOf(requests: readonly GroupRequest[]): readonly TableRows[] {
  const merged = mergeRollups(requests.map(({ translated }) => translated.rollups))
  return merged.length === 0 ? [] : [{ table: SPAN_ROLLUP, rows: [encodeRollups(merged).bytes] }]
}

/** What follows from the items of the requests but for those that are poison, table by table, and a request by itself. */
export function derivedSegmentsOf(
  requests: readonly GroupRequest[],
  poison: Poison,
): readonly (readonly Segment[])[] {
  const copiesOf = (request: GroupRequest) => {
    const { copies, rollups } = withoutPoison(request, poison)
    const derived = copies.filter(({ table }) => table.isDerived === true)
    return rollups.length === 0 ? derived : [...derived, encodeRollups(rollups)]
  }
  return [...segmentsOf(requests, copiesOf).values()]
}

/** A row may follow from several items, some of which are poison: so the others are translated by themselves. */
function withoutPoison(request: GroupRequest, poison: Poison): Translated {
  const { translated } = request
  const refused = new Set(poison.get(request)?.map(({ row }) => row))
  if (refused.size === 0 || !hasDerived(translated)) return translated
  // Where something follows from items, these are rows of one table.
  const [items] = translated.copies.filter(({ table }) => table.isDerived !== true)
  return items === undefined ? translated : request.retranslate(items, otherRows(items, refused))
}

function hasDerived({ copies, rollups }: Translated): boolean {
  return rollups.length > 0 || copies.some(({ table }) => table.isDerived === true)
}

function otherRows({ offsets }: CopyRows, refused: ReadonlySet<number>): number[] {
  return [...offsets.keys()].filter((row) => !refused.has(row))
}

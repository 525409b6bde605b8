import { isOutOfTime } from './read'
import { formatUnixNano } from './stored'

/** By time: oldest or newest first. */
export type Order = 'asc' | 'desc'

/** The first slice, and how many times as long the next one is after one that was quick. */
const FIRST_SLICE_US = 60_000_000n
const GROWTH = 4n
const QUICK_MS = 100
const MINUTE_US = 60_000_000n
const SHORT_SLICE_US = 16n * MINUTE_US

/** A span of time, unix microseconds: `fromUs` included, `toUs` not. */
export interface Slice {
  readonly fromUs: bigint
  readonly toUs: bigint
}

/** Where one page ends and the next begins: behind this row, in the order asked for. */
export interface Position {
  /** Unix microseconds. */
  readonly timeUs: bigint
  /** The nanoseconds beyond; -1 where the sender gave no time, -2 for a place before every row of its microsecond. */
  readonly restNs: number
  /** Where Postgres keeps the row: "(block,offset)". */
  readonly place: string
}

/** What every row that is searched for says of its position. */
export interface PlacedRow {
  readonly time_us: string
  readonly time_ns: number | null
  /** "(block,offset)". */
  readonly place: string
}

/** A page to look for: `after` is null for the first. */
export interface Search {
  readonly window: Slice
  readonly order: Order
  readonly limit: number
  readonly after: Position | null
}

/** A page of rows: `next` is where to go on, null at the end; `searchedToUs` how far was looked, null without a search. */
export interface Found<R> {
  readonly rows: readonly R[]
  readonly next: Position | null
  readonly searchedToUs: bigint | null
}

/**
 * Looks through a window in slices that grow, until the limit is filled or the time is over; `find` gives the first `limit`
 * rows of a slice that lie behind the position of the search. Throws what `find` throws unless a slice before was looked
 * through and the time is over.
 */
export async function searchSlices<R extends PlacedRow>(
  { window, order, after, limit }: Search,
  find: (slice: Slice, limit: number) => Promise<readonly R[]>,
): Promise<Found<R>> {
  const rows: R[] = []
  let rest = restOf(window, order, after)
  let searchedToUs: bigint | null = null
  let lengthUs = FIRST_SLICE_US
  while (rest.fromUs < rest.toUs && rows.length < limit) {
    const [slice, remainder] = split(rest, order, lengthUs)
    const startedAt = performance.now()
    try {
      rows.push(...(await find(slice, limit + 1 - rows.length)))
    } catch (error) {
      if (searchedToUs === null || !isOutOfTime(error)) throw error
      return { rows, next: edgeAt(searchedToUs), searchedToUs }
    }
    rest = remainder
    searchedToUs = order === 'desc' ? slice.fromUs : slice.toUs
    if (performance.now() - startedAt < QUICK_MS) lengthUs *= GROWTH
  }
  const page = cut(rows, limit, rows.length > limit || rest.fromUs < rest.toUs)
  const endUs = order === 'desc' ? window.fromUs : window.toUs
  return { ...page, searchedToUs: page.next?.timeUs ?? endUs }
}

/** The first `limit` rows, and where to go on when there may be more. */
export function cut<R extends PlacedRow>(rows: readonly R[], limit: number, hasMore: boolean) {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: hasMore && last !== undefined ? positionOf(last) : null }
}

/** The place of a row in the order. */
export function positionOf({ time_us, time_ns, place }: PlacedRow): Position {
  return { timeUs: BigInt(time_us), restNs: time_ns ?? -1, place }
}

/** The slice of unix milliseconds. */
export function sliceOf(window: { readonly sinceMs: number; readonly untilMs: number }): Slice {
  return { fromUs: BigInt(window.sinceMs) * 1000n, toUs: BigInt(window.untilMs) * 1000n }
}

/** Up to so long a slice is read service by service, whatever is looked for; a longer one would have most pages read once a service. */
export function isShort({ fromUs, toUs }: Slice): boolean {
  return toUs - fromUs <= SHORT_SLICE_US
}

/** A time as Postgres reads it, to the microsecond. */
export function instant(timeUs: bigint): string {
  return formatUnixNano(timeUs * 1000n)
}

/** Behind everything before the time, before everything from it on: the same place in either order. */
function edgeAt(timeUs: bigint): Position {
  return { timeUs, restNs: -2, place: '(0,0)' }
}

/** What of the window lies behind a position; the row there may share its microsecond with others. */
function restOf(window: Slice, order: Order, after: Position | null): Slice {
  if (after === null) return window
  const { fromUs, toUs } = window
  return order === 'desc'
    ? { fromUs, toUs: after.timeUs < toUs ? after.timeUs + 1n : toUs }
    : { fromUs: after.timeUs > fromUs ? after.timeUs : fromUs, toUs }
}

/** Cuts off what comes first in the order, `lengthUs` long; the rest comes second. */
function split({ fromUs, toUs }: Slice, order: Order, lengthUs: bigint): [Slice, Slice] {
  if (toUs - fromUs <= lengthUs)
    return [
      { fromUs, toUs },
      { fromUs: toUs, toUs },
    ]
  const edgeUs = order === 'desc' ? toUs - lengthUs : fromUs + lengthUs
  const [earlier, later] = [
    { fromUs, toUs: edgeUs },
    { fromUs: edgeUs, toUs },
  ]
  return order === 'desc' ? [later, earlier] : [earlier, later]
}

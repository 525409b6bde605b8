import type { ErrorFilter } from './question'
import { HOUR_MS } from '../../clock'
import type { Coverage } from '../figure/coverage'
import { Values } from '../log-filter'
import type { Reading, Statement } from '../read'
import { type ErrorPlace, isBefore } from './cursor'
import { isAboutGroups } from './filter'
import { matchingHashes } from './matching'
import { rankedStatement } from './ranked'
import { type ErrorNarrowing, rangesOf, rolledOf, since } from './rollups'
import { errorSlices, type ErrorSlice } from './slices'

const MS_NS = 1_000_000n
/** Most groups that are looked at in one statement. */
const MAX_BATCH = 5_000

/** Which groups are looked for, those seen last first. */
export interface RecentSearch {
  readonly coverage: Coverage
  readonly nowMs: number
  readonly narrowing: ErrorNarrowing
  readonly filter: ErrorFilter
  readonly after: ErrorPlace | null
  readonly limit: number
}

/**
 * The groups seen last, found from the newest minutes back in slices that grow. Where the first of those do not fill the page,
 * and the filter is about groups of which there are few, all of these are looked up instead.
 */
export async function findRecent(reading: Reading, search: RecentSearch): Promise<ErrorPlace[]> {
  const { filter, after, limit, narrowing, coverage } = search
  const found = new FoundGroups(limit)
  let hasProbed = !isAboutGroups(filter)
  const isOfFew = filter.text !== null || filter.assignee !== null
  for (const slice of errorSlices(coverage, search.nowMs, after)) {
    if (!hasProbed && (slice.isCoarse || (isOfFew && !slice.isShort))) {
      hasProbed = true
      const hashes = await matchingHashes(reading, filter)
      if (hashes !== null) {
        const ranking = { ...search, order: 'last_seen' as const, ranges: rangesOf(coverage) }
        if (hashes.length === 0) return []
        return reading.ask(rankedStatement({ ...ranking, narrowing: { ...narrowing, hashes } }))
      }
    }
    if (await searchSlice(reading, search, slice, found)) break
  }
  return found.first()
}

/** Whether the groups found are all there are to find: the others were seen before them. */
async function searchSlice(
  reading: Reading,
  search: RecentSearch,
  { ranges, sinceMs, isShort }: ErrorSlice,
  found: FoundGroups,
): Promise<boolean> {
  const end = { value: String(BigInt(sinceMs) * MS_NS), id: '' }
  // What is asked of a group is asked of all its throws, not of those of the slice.
  const filter = { ...search.filter, minOccurrences: 1, severeOnly: false }
  let after = search.after
  const first = search.filter.severeOnly ? 2 * search.limit : search.limit
  for (let limit = first; ; limit = Math.min(MAX_BATCH, limit * 2)) {
    const order = 'last_seen' as const
    const slice = { ...search, ranges, isShort, filter, order, after, limit }
    const places = await reading.ask<ErrorPlace>(rankedStatement(slice))
    const fresh = places.filter(({ id }) => found.isNew(id))
    found.add(await keepMatching(reading, search, fresh))
    const last = places.at(-1)
    const isWhole = places.length < limit || last === undefined
    if (found.isFilled(isWhole ? end : last)) return true
    if (isWhole) return false
    after = last
  }
}

/** Those that belong behind the page before, and have what is asked of all their throws. */
async function keepMatching(
  reading: Reading,
  search: RecentSearch,
  places: readonly ErrorPlace[],
): Promise<readonly ErrorPlace[]> {
  const { after, filter } = search
  if (places.length === 0) return places
  let kept = places
  if (after !== null) {
    const newer = await idsOf(reading, newerStatement(search, after, idsIn(kept)))
    kept = kept.filter(({ id }) => !newer.has(id))
  }
  if (filter.severeOnly && kept.length > 0) {
    const severe = await idsOf(reading, severeStatement(search, idsIn(kept)))
    kept = kept.filter(({ id }) => severe.has(id))
  }
  return kept
}

/** Which of the groups were seen after a place too: they were on a page before, or would have been. */
function newerStatement(
  { coverage, narrowing }: RecentSearch,
  after: ErrorPlace,
  ids: readonly string[],
): Statement {
  const values = new Values()
  const afterMs = Number(BigInt(after.value) / MS_NS)
  const ranges = since(rangesOf(coverage), Math.floor(afterMs / HOUR_MS) * HOUR_MS)
  const text = `
select distinct h.group_id as id
from sidelight.error_group_hash h
cross join lateral ${rolledOf('h.id', 'error_hash, last_ns', ranges, narrowing, values)} as r
where h.group_id = any(${values.bind(ids)}::uuid[])
  and (r.last_ns, h.group_id) >= (${values.bind(after.value)}::bigint, ${values.bind(after.id)}::uuid)`
  return { text, values: values.list }
}

/** Which of the groups have throws of the severity of an error in the window. */
function severeStatement({ coverage, narrowing }: RecentSearch, ids: readonly string[]): Statement {
  const values = new Values()
  const text = `
select distinct h.group_id as id
from sidelight.error_group_hash h
cross join lateral ${rolledOf('h.id', 'error_hash, severe_count', rangesOf(coverage), narrowing, values)} as r
where h.group_id = any(${values.bind(ids)}::uuid[]) and r.severe_count > 0`
  return { text, values: values.list }
}

async function idsOf({ ask }: Reading, statement: Statement): Promise<ReadonlySet<string>> {
  return new Set((await ask<{ id: string }>(statement)).map(({ id }) => id))
}

function idsIn(places: readonly ErrorPlace[]): string[] {
  return places.map(({ id }) => id)
}

/** The first places of those that were added. */
class FoundGroups {
  readonly #limit: number
  readonly #looked = new Set<string>()
  #places: ErrorPlace[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether the group is seen for the first time. */
  isNew(id: string): boolean {
    if (this.#looked.has(id)) return false
    this.#looked.add(id)
    return true
  }

  add(places: readonly ErrorPlace[]): void {
    if (places.length === 0) return
    this.#places = [...this.#places, ...places].sort((a, b) => (isBefore(a, b) ? -1 : 1))
  }

  /** Whether there are enough that none behind `end` can come before one of them. */
  isFilled(end: ErrorPlace): boolean {
    const last = this.#places[this.#limit - 1]
    return last !== undefined && !isBefore(end, last)
  }

  first(): ErrorPlace[] {
    return this.#places.slice(0, this.#limit)
  }
}

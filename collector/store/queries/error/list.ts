import type { Pool } from 'pg'
import type { ErrorFilter, ErrorOrder } from './question'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import type { Range } from '../figure/question'
import { readTogether, type Reading } from '../read'
import { type ErrorPlace, readPlace, writePlace } from './cursor'
import { readGroups } from './group'
import { hashesOf } from './matching'
import { rankedStatement } from './ranked'
import { findRecent, type RecentSearch } from './recent'
import { allowMany, isNowhere, narrow, rangesOf } from './rollups'

/** A page of groups, the greatest first of what they are ordered by. */
export interface ErrorListQuestion {
  readonly window: Range
  readonly filter: ErrorFilter
  readonly order: ErrorOrder
  readonly limit: number
  readonly after: string | null
}

/**
 * Groups with throws in the window. `last_seen` is in the order of the last throw of the window. A group that rises in the
 * order between two pages belongs to a page before, so no page repeats one. Throws BadData for a strange `after`.
 */
export async function listErrors(pool: Pool, question: ErrorListQuestion) {
  const { order, limit } = question
  const after = question.after === null ? null : readPlace(order, question.after)
  return readTogether(pool, 'errors', async (reading) => {
    const nowMs = await readClockMs(reading.client)
    const coverage = cover(question.window, null, nowMs)
    const narrowing = await narrow(reading, question.filter)
    const { filter } = question
    const search = { coverage, nowMs, narrowing, filter, after, limit: limit + 1 }
    const places = isNowhere(narrowing) ? [] : await findPlaces(reading, order, search)
    const page = places.slice(0, limit)
    const ids = page.map(({ id }) => id)
    const groups = await readGroups(reading, { ids, ranges: rangesOf(coverage), narrowing })
    const last = page.at(-1)
    const hasMore = places.length > limit && last !== undefined
    return { window: coverage.window, groups, next: hasMore ? writePlace(order, last) : null }
  })
}

async function findPlaces(
  reading: Reading,
  order: ErrorOrder,
  search: RecentSearch,
): Promise<readonly ErrorPlace[]> {
  const { filter, coverage, narrowing } = search
  if (order === 'last_seen' && filter.minOccurrences <= 1) return findRecent(reading, search)
  const hashes = await hashesOf(reading, filter, null)
  if (hashes?.length === 0) return []
  await allowMany(reading)
  const ranking = { ...search, order, ranges: rangesOf(coverage) }
  return reading.ask(rankedStatement({ ...ranking, narrowing: { ...narrowing, hashes } }))
}

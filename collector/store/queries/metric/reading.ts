import type { PoolClient } from 'pg'
import { groupBy } from '../../../group-by'
import type { BinaryRow } from '../../copy-out'
import { Sampling } from './sampling'
import type { Selection, Series } from './selection'
import {
  selectGaps,
  selectInOrder,
  selectLasts,
  selectPoints,
  selectSamples,
  selectSums,
  type Range,
} from './statement'
import type { Timed } from './stream'
import { gather, walk, type Fold } from './walk'
import type { Cumulative } from './writers'

/**
 * Which points of a series a fold needs: `each` by itself, in any order; the `last` of each step; those that tell what a
 * cumulative stream counted, its `increments`; or all `in order`.
 */
export type Need = 'each' | 'last' | 'increments' | 'in order'

/** Which points are asked for, how a row becomes one, and where they go. */
export interface Reading<P> {
  readonly range: Range
  readonly needOf: (series: Series) => Need
  readonly readPoint: (row: BinaryRow, series: Series) => P
  readonly fold: Fold<P>
  /** How many buckets each point of a series has, where Postgres may add them up bucket by bucket; else null. */
  readonly summedBuckets?: (series: Series) => number | null
}

const MINUTE_MS = 60_000
/** With shorter steps there are so few points in each that reading all of them in a row is faster than looking some up. */
const MIN_STEP_MS = 2 * MINUTE_MS
/** So many points are looked up in one statement, which bounds what those of series with gaps take up. */
const MAX_LOOKUPS = 5_000
/**
 * For the rest of the transaction. Left to itself, the planner reads whole tables for a few series, or takes their pages to be in
 * memory and visits each many times, or sorts rows before it adds them up.
 */
const AS_THEY_LIE =
  'set local enable_seqscan = off; set local enable_indexscan = off; set local enable_sort = off'
/** A series with a gap in more than one of so many steps is read as a whole. */
const STEPS_A_GAP = 4

/**
 * Reads what the fold needs. Rows lie in the order they came in, one time after the other: in order of series, each page is
 * visited for each of them; in any order once; and to look a point up for each step reads a tenth of them.
 */
export async function readPoints<P extends Timed & Cumulative>(
  client: PoolClient,
  reading: Reading<P>,
  selection: Selection,
): Promise<void> {
  const { range, readPoint, fold } = reading
  const ids = sortOut(reading, selection)
  for (const some of inBatches(ids.last, reading)) {
    await gather(client, selectLasts(range, some), selection, readPoint, fold)
  }
  const inOrder = ids['in order']
  for (const some of inBatches(ids.increments, reading)) {
    inOrder.push(...(await readSamples(client, reading, selection, some)))
  }
  if (inOrder.length > 0) {
    await walk(client, selectInOrder(range, inOrder), selection, readPoint, fold)
  }
  if (ids.each.length === 0) return
  await client.query(AS_THEY_LIE)
  for (const points of selectEach(reading, selection, ids.each)) {
    await gather(client, points, selection, readPoint, fold)
  }
}

/** Statements for each point of these series, or for what those of a step add up to where that does. */
function selectEach<P>(
  { range, summedBuckets = () => null }: Reading<P>,
  { series }: Selection,
  ids: readonly string[],
): string[] {
  const within = { ...range, looksBack: false }
  const bucketsOf = (id: string) => {
    const one = series.get(id)
    return one === undefined ? null : summedBuckets(one)
  }
  return [...groupBy(ids, bucketsOf)].map(([buckets, some]) =>
    buckets === null ? selectPoints(within, some) : selectSums(within, some, buckets),
  )
}

/** The series by how they are read. Streams that share one are told apart only as its points come in order. */
function sortOut<P>({ range, needOf }: Reading<P>, { series }: Selection): Record<Need, string[]> {
  const ids: Record<Need, string[]> = { each: [], last: [], increments: [], 'in order': [] }
  for (const one of series.values()) {
    const need = one.standsIn ? 'in order' : needOf(one)
    const isLookedUp = need !== 'each' && range.steps.stepMs >= MIN_STEP_MS
    ids[need === 'each' || isLookedUp ? need : 'in order'].push(one.id)
  }
  return ids
}

function inBatches<P>(ids: readonly string[], { range }: Reading<P>): string[][] {
  const each = Math.max(1, Math.floor(MAX_LOOKUPS / range.steps.count))
  const count = Math.ceil(ids.length / each)
  return Array.from({ length: count }, (_, n) => ids.slice(n * each, (n + 1) * each))
}

/** Adds up series by samples; returns those that have to be read as a whole instead. */
async function readSamples<P extends Timed & Cumulative>(
  client: PoolClient,
  { range, readPoint, fold }: Reading<P>,
  selection: Selection,
  ids: readonly string[],
): Promise<string[]> {
  const sampling = new Sampling(fold)
  await gather(client, selectSamples(range, ids), selection, readPoint, sampling)
  const whole = sampling.giveUp(range.steps.count / STEPS_A_GAP)
  if (sampling.gaps.length === 0) return whole
  await walk(client, selectGaps(range, sampling.gaps), selection, readPoint, sampling.filler())
  sampling.finish((id) => selection.series.get(id))
  return whole
}

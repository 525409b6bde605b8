/** How many values lie in each bucket; the one after the last bound has no upper end. Only a total is ever changed. */
export interface ExplicitBuckets {
  /** Upper bounds, each included in its bucket. */
  readonly bounds: readonly number[]
  /** One more than bounds. */
  readonly counts: readonly number[]
  /** Of all the values; null when somebody did not say. */
  readonly min: number | null
  readonly max: number | null
}

/** A total of its own. */
interface Changeable extends ExplicitBuckets {
  readonly counts: number[]
  min: number | null
  max: number | null
}

/** What was counted between two points of a cumulative stream. Buckets that fell counted nothing. */
export function explicitBetween(to: ExplicitBuckets, from: ExplicitBuckets): ExplicitBuckets {
  return combine(to, from, (count, before) => Math.max(0, count - before))
}

/**
 * Both together. With different bounds only those are kept that both have, which costs resolution and never moves a value
 * into a bucket it was not in.
 */
export function mergeExplicit(a: ExplicitBuckets, b: ExplicitBuckets): ExplicitBuckets {
  const min = a.min === null || b.min === null ? null : Math.min(a.min, b.min)
  const max = a.max === null || b.max === null ? null : Math.max(a.max, b.max)
  return { ...combine(a, b, (one, other) => one + other), min, max }
}

/**
 * `total` and what was counted since `from`, null for all that `to` says. The total is null, or came from here: it is changed
 * where the bounds are the same, since a new one for each of 100,000 points is what takes the time.
 */
export function tallyExplicit(
  total: ExplicitBuckets | null,
  to: ExplicitBuckets,
  from: ExplicitBuckets | null,
): ExplicitBuckets {
  if (total === null || !haveSameBounds(total, to) || (from && !haveSameBounds(from, to))) {
    const counted = from === null ? { ...to, counts: [...to.counts] } : explicitBetween(to, from)
    return total === null ? counted : mergeExplicit(total, counted)
  }
  const own = total as Changeable
  for (let at = 0; at < to.counts.length; at++) {
    const counted = (to.counts[at] ?? 0) - (from?.counts[at] ?? 0)
    if (counted > 0) own.counts[at] = (own.counts[at] ?? 0) + counted
  }
  own.min = own.min === null || to.min === null ? null : Math.min(own.min, to.min)
  own.max = own.max === null || to.max === null ? null : Math.max(own.max, to.max)
  return own
}

/**
 * The quantile as Prometheus estimates it (`histogram_quantile`): linear within the bucket in which its rank falls, the
 * first one beginning at 0 if its bound is positive, the last one standing for its lower bound. The least and greatest
 * value, where they are known, take the place of the open ends and bound the answer. Null without values, or without bounds.
 */
export function explicitQuantile(
  { bounds, counts, min, max }: ExplicitBuckets,
  quantile: number,
): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const lastBound = bounds[bounds.length - 1]
  if (total === 0 || lastBound === undefined) return null
  const rank = quantile * total
  let at = 0
  let below = 0
  while (at < bounds.length && (below + (counts[at] ?? 0) < rank || counts[at] === 0)) {
    below += counts[at] ?? 0
    at++
  }
  const clamp = (value: number) => Math.max(min ?? -Infinity, Math.min(max ?? Infinity, value))
  const upper = bounds[at] ?? (max === null ? lastBound : Math.max(max, lastBound))
  const first = min ?? Math.min(0, upper)
  const lower = at === 0 ? Math.min(first, upper) : (bounds[at - 1] ?? lastBound)
  const share = (rank - below) / (counts[at] ?? 1)
  return clamp(lower + (upper - lower) * Math.max(0, share))
}

/** `a` with its counts combined with those of `b`, on the bounds both have. */
function combine(
  a: ExplicitBuckets,
  b: ExplicitBuckets,
  count: (a: number, b: number) => number,
): ExplicitBuckets {
  if (haveSameBounds(a, b)) return { ...a, counts: combineCounts(a.counts, b.counts, count) }
  const others = new Set(b.bounds)
  const bounds = a.bounds.filter((bound) => others.has(bound))
  const counts = combineCounts(coarsen(a, bounds), coarsen(b, bounds), count)
  return { ...a, bounds, counts }
}

function combineCounts(
  a: readonly number[],
  b: readonly number[],
  count: (a: number, b: number) => number,
): number[] {
  const counts: number[] = []
  for (let at = 0; at < a.length; at++) counts.push(count(a[at] ?? 0, b[at] ?? 0))
  return counts
}

function haveSameBounds({ bounds: a }: ExplicitBuckets, { bounds: b }: ExplicitBuckets): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

/** The counts with fewer bounds, all of which the buckets have. */
function coarsen({ bounds, counts }: ExplicitBuckets, kept: readonly number[]): number[] {
  const coarse = [...kept, Infinity].map(() => 0)
  let into = 0
  for (let at = 0; at < counts.length; at++) {
    coarse[into] = (coarse[into] ?? 0) + (counts[at] ?? 0)
    if (into < kept.length && bounds[at] === kept[into]) into++
  }
  return coarse
}

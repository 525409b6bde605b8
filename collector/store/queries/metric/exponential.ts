/** A run of buckets: the first one has the index `offset`. Only that of a total is ever changed. */
export interface Run {
  readonly offset: number
  readonly counts: readonly number[]
}

/**
 * The buckets of an exponential histogram (data model, "ExponentialHistogram"): with base = 2^(2^-scale) the positive
 * bucket of index i holds values in (base^i, base^(i+1)], the negative one those mirrored, and the zero count those whose
 * absolute value is at most the zero threshold.
 */
export interface ExponentialBuckets {
  readonly scale: number
  readonly zeroCount: number
  readonly zeroThreshold: number
  readonly positive: Run
  readonly negative: Run
  /** Of all the values; null when somebody did not say. */
  readonly min: number | null
  readonly max: number | null
}

interface ChangeableRun extends Run {
  readonly counts: number[]
}

/** A total of its own. */
interface Changeable extends ExponentialBuckets {
  zeroCount: number
  zeroThreshold: number
  readonly positive: ChangeableRun
  readonly negative: ChangeableRun
  min: number | null
  max: number | null
}

/** A run never has more buckets: wider ones are joined to pairs, at the next smaller scale, until they fit. */
const MAX_BUCKETS = 512
const NO_BUCKETS: Run = { offset: 0, counts: [] }

/** What was counted between two points of a cumulative stream. Buckets that fell counted nothing. */
export function exponentialBetween(
  to: ExponentialBuckets,
  from: ExponentialBuckets,
): ExponentialBuckets {
  return combine(to, from, (count, before) => Math.max(0, count - before))
}

/** Both together, at the smaller scale and with the wider zero threshold. */
export function mergeExponential(a: ExponentialBuckets, b: ExponentialBuckets): ExponentialBuckets {
  const min = a.min === null || b.min === null ? null : Math.min(a.min, b.min)
  const max = a.max === null || b.max === null ? null : Math.max(a.max, b.max)
  return { ...combine(a, b, (one, other) => one + other), min, max }
}

/**
 * `total` and what was counted since `from`, null for all that `to` says. The total is null, or came from here: it is changed
 * where the buckets lie within its own, as nearly all do.
 */
export function tallyExponential(
  total: ExponentialBuckets | null,
  to: ExponentialBuckets,
  from: ExponentialBuckets | null,
): ExponentialBuckets {
  if (total === null || !liesWithin(to, total) || (from !== null && !liesWithin(from, total))) {
    const counted = from === null ? copyOf(to) : exponentialBetween(to, from)
    return total === null ? counted : mergeExponential(total, counted)
  }
  const own = total as Changeable
  own.zeroCount += Math.max(0, to.zeroCount - (from?.zeroCount ?? 0))
  own.zeroThreshold = Math.max(own.zeroThreshold, to.zeroThreshold, from?.zeroThreshold ?? 0)
  tallyRun(own.positive, to.positive, from?.positive ?? NO_BUCKETS)
  tallyRun(own.negative, to.negative, from?.negative ?? NO_BUCKETS)
  own.min = own.min === null || to.min === null ? null : Math.min(own.min, to.min)
  own.max = own.max === null || to.max === null ? null : Math.max(own.max, to.max)
  return own
}

/**
 * The quantile by nearest rank: the value in the middle of the bucket that holds the rank, so chosen that no value of the
 * bucket is further away than (base - 1) / (base + 1) of itself; in the zero bucket 0. The least and greatest value, where
 * they are known, bound the answer. Null without values.
 */
export function exponentialQuantile(
  histogram: ExponentialBuckets,
  quantile: number,
): number | null {
  const { min, max } = histogram
  const { scale, zeroCount, positive, negative } = widenZero(histogram)
  const total = zeroCount + totalOf(positive) + totalOf(negative)
  if (total === 0) return null
  const rank = Math.max(1, Math.ceil(quantile * total))
  const clamp = (value: number) => Math.max(min ?? -Infinity, Math.min(max ?? Infinity, value))
  let below = 0
  for (let at = negative.counts.length - 1; at >= 0; at--) {
    below += negative.counts[at] ?? 0
    if (below >= rank) return clamp(-middleOf(negative.offset + at, scale))
  }
  below += zeroCount
  if (below >= rank) return clamp(0)
  for (let at = 0; at < positive.counts.length; at++) {
    below += positive.counts[at] ?? 0
    if (below >= rank) return clamp(middleOf(positive.offset + at, scale))
  }
  throw new RangeError(`cannot find rank ${rank} of ${total} values`)
}

function liesWithin(some: ExponentialBuckets, total: ExponentialBuckets): boolean {
  return (
    some.scale === total.scale &&
    runLiesWithin(some.positive, total.positive) &&
    runLiesWithin(some.negative, total.negative)
  )
}

function runLiesWithin({ offset, counts }: Run, { offset: first, counts: all }: Run): boolean {
  if (counts.length === 0) return true
  return (
    offset >= first && offset + counts.length <= first + all.length && all.length <= MAX_BUCKETS
  )
}

function copyOf(buckets: ExponentialBuckets): ExponentialBuckets {
  const { positive, negative } = buckets
  return {
    ...buckets,
    positive: { ...positive, counts: [...positive.counts] },
    negative: { ...negative, counts: [...negative.counts] },
  }
}

function tallyRun(total: ChangeableRun, to: Run, from: Run): void {
  const shift = to.offset - total.offset
  const back = to.offset - from.offset
  for (let at = 0; at < to.counts.length; at++) {
    const before = at + back
    const known = before >= 0 && before < from.counts.length ? (from.counts[before] ?? 0) : 0
    const counted = (to.counts[at] ?? 0) - known
    if (counted > 0) total.counts[at + shift] = (total.counts[at + shift] ?? 0) + counted
  }
}

/** 2·l·u / (l + u) of the bucket's ends: as far from each in relation to that end. */
function middleOf(index: number, scale: number): number {
  const lower = 2 ** (index * 2 ** -scale)
  const base = 2 ** (2 ** -scale)
  // Of a base beyond all doubles only the lower end is a number.
  return Number.isFinite(base) ? (lower / (1 + base)) * 2 * base : lower
}

function combine(
  a: ExponentialBuckets,
  b: ExponentialBuckets,
  count: (a: number, b: number) => number,
): ExponentialBuckets {
  let scale = Math.min(a.scale, b.scale)
  while (!fits(a, b, 'positive', scale) || !fits(a, b, 'negative', scale)) scale--
  const side = (of: 'positive' | 'negative') =>
    combineRuns(downscale(a[of], a.scale - scale), downscale(b[of], b.scale - scale), count)
  return {
    ...a,
    scale,
    zeroCount: count(a.zeroCount, b.zeroCount),
    zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold),
    positive: side('positive'),
    negative: side('negative'),
  }
}

function fits(
  a: ExponentialBuckets,
  b: ExponentialBuckets,
  side: 'positive' | 'negative',
  scale: number,
): boolean {
  const [one, other] = [a[side], b[side]]
  if (one.counts.length === 0 || other.counts.length === 0) return true
  const first = Math.min(
    shifted(one.offset, a.scale - scale),
    shifted(other.offset, b.scale - scale),
  )
  const last = Math.max(
    shifted(one.offset + one.counts.length - 1, a.scale - scale),
    shifted(other.offset + other.counts.length - 1, b.scale - scale),
  )
  return last - first < MAX_BUCKETS
}

function combineRuns(a: Run, b: Run, count: (a: number, b: number) => number): Run {
  if (a.counts.length === 0 && b.counts.length === 0) return NO_BUCKETS
  if (a.offset === b.offset && a.counts.length === b.counts.length) {
    // By far the most: points of one stream.
    return { offset: a.offset, counts: a.counts.map((own, at) => count(own, b.counts[at] ?? 0)) }
  }
  const runs = [a, b].filter(({ counts }) => counts.length > 0)
  const offset = Math.min(...runs.map((run) => run.offset))
  const end = Math.max(...runs.map((run) => run.offset + run.counts.length))
  const counts: number[] = []
  for (let index = offset; index < end; index++)
    counts.push(count(countAt(a, index), countAt(b, index)))
  return { offset, counts }
}

function countAt({ offset, counts }: Run, index: number): number {
  const at = index - offset
  return at < 0 || at >= counts.length ? 0 : (counts[at] ?? 0)
}

/** The buckets at a scale smaller by `by`: 2^by of them become one. */
function downscale(run: Run, by: number): Run {
  if (by === 0 || run.counts.length === 0) return run
  const offset = shifted(run.offset, by)
  const last = shifted(run.offset + run.counts.length - 1, by)
  const counts = Array.from({ length: last - offset + 1 }, () => 0)
  run.counts.forEach((count, at) => {
    const into = shifted(run.offset + at, by) - offset
    counts[into] = (counts[into] ?? 0) + count
  })
  return { offset, counts }
}

function shifted(index: number, by: number): number {
  return Math.floor(index / 2 ** by)
}

/** Buckets that lie within the zero threshold, which another histogram brought, hold what counts as zero now. */
function widenZero(histogram: ExponentialBuckets): ExponentialBuckets {
  const { scale, zeroThreshold } = histogram
  if (zeroThreshold === 0) return histogram
  let zeroCount = histogram.zeroCount
  const above = (run: Run): Run => {
    const isWithin = (at: number) => 2 ** ((run.offset + at + 1) * 2 ** -scale) <= zeroThreshold
    let first = 0
    for (; first < run.counts.length && isWithin(first); first++)
      zeroCount += run.counts[first] ?? 0
    return { offset: run.offset + first, counts: run.counts.slice(first) }
  }
  const positive = above(histogram.positive)
  const negative = above(histogram.negative)
  return { ...histogram, zeroCount, positive, negative }
}

function totalOf({ counts }: Run): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

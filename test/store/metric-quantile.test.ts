import t from 'tap'
import {
  explicitQuantile,
  mergeExplicit,
  type ExplicitBuckets,
} from '../../collector/store/queries/metric/explicit'
import {
  exponentialBetween,
  exponentialQuantile,
  mergeExponential,
  type ExponentialBuckets,
} from '../../collector/store/queries/metric/exponential'
import { createRandom, type Random } from '../helpers/random'

const QUANTILES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1]

/** The relative error that a quantile at this scale has at most. */
function errorBound(scale: number): number {
  const base = 2 ** (2 ** -scale)
  return (base - 1) / (base + 1)
}

type Draw = (random: Random) => number
const uniform = (random: Random) => (random.below(1_000_000) + 1) / 1_000_001
const normal = (random: Random) =>
  Math.sqrt(-2 * Math.log(uniform(random))) * Math.cos(2 * Math.PI * uniform(random))
const DRAWS: Readonly<Record<string, Draw>> = {
  lognormal: (random) => Math.exp(2 * normal(random)),
  uniform: (random) => 1000 * uniform(random),
  negative: (random) => -Math.exp(normal(random)),
  'of both signs, with zeros': (random) => (random.chance(0.2) ? 0 : 50 * normal(random)),
  zeros: () => 0,
  powers: (random) => 2 ** (random.below(20) - 10),
}

/** What an SDK makes of the values: the bucket of a value is found by comparing it with bounds, as the data model defines it. */
function exponentialOf(
  values: readonly number[],
  {
    scale,
    zeroThreshold = 0,
    hasEnds = false,
  }: { scale: number; zeroThreshold?: number; hasEnds?: boolean },
): ExponentialBuckets {
  const side = (sign: 1 | -1) => {
    const indexes = values
      .map((value) => value * sign)
      .filter((value) => value > zeroThreshold)
      .map((value) => indexOf(value, scale))
    if (indexes.length === 0) return { offset: 0, counts: [] }
    const offset = Math.min(...indexes)
    const counts = Array.from({ length: Math.max(...indexes) - offset + 1 }, () => 0)
    for (const index of indexes) counts[index - offset] = (counts[index - offset] ?? 0) + 1
    return { offset, counts }
  }
  return {
    scale,
    zeroThreshold,
    zeroCount: values.filter((value) => Math.abs(value) <= zeroThreshold).length,
    positive: side(1),
    negative: side(-1),
    min: hasEnds ? Math.min(...values) : null,
    max: hasEnds ? Math.max(...values) : null,
  }
}

function indexOf(value: number, scale: number): number {
  let index = Math.ceil(Math.log2(value) * 2 ** scale) - 1
  while (2 ** ((index + 1) * 2 ** -scale) < value) index++
  while (2 ** (index * 2 ** -scale) >= value) index--
  return index
}

/** The value at the nearest rank. */
function exactQuantile(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(quantile * sorted.length)) - 1] ?? NaN
}

function isWithin(estimate: number | null, exact: number, bound: number): boolean {
  if (estimate === null) return false
  return Math.abs(estimate - exact) <= Math.abs(exact) * bound * (1 + 1e-9)
}

for (const [name, draw] of Object.entries(DRAWS)) {
  t.test(`exponential quantiles of ${name} values are within the error of their scale`, (t) => {
    for (let seed = 0; seed < 60; seed++) {
      const random = createRandom(seed)
      const scale = random.below(14) - 3
      const values = Array.from({ length: 1 + random.below(400) }, () => draw(random))
      const buckets = exponentialOf(values, { scale, hasEnds: random.chance(0.5) })
      const wrong = QUANTILES.filter(
        (q) =>
          !isWithin(exponentialQuantile(buckets, q), exactQuantile(values, q), errorBound(scale)),
      )
      if (!t.strictSame(wrong, [], `seed ${seed}, scale ${scale}`)) break
    }
    t.end()
  })
}

t.test('merged, exponential quantiles are within the error of the smallest scale', (t) => {
  for (let seed = 0; seed < 100; seed++) {
    const random = createRandom(seed)
    const draws = [DRAWS['lognormal']!, DRAWS['of both signs, with zeros']!, DRAWS['negative']!]
    const parts = draws.map((draw) => ({
      scale: random.below(8) - 1,
      values: Array.from({ length: random.below(200) + 1 }, () => draw(random)),
    }))
    const merged = parts
      .map(({ values, scale }) => exponentialOf(values, { scale }))
      .reduce((a, b) => mergeExponential(a, b))
    const scale = Math.min(...parts.map((part) => part.scale))
    t.equal(merged.scale, scale)
    const values = parts.flatMap((part) => part.values)
    const wrong = QUANTILES.filter(
      (q) => !isWithin(exponentialQuantile(merged, q), exactQuantile(values, q), errorBound(scale)),
    )
    if (!t.strictSame(wrong, [], `seed ${seed}`)) break
  }
  t.end()
})

t.test(
  'what was counted between two exponential points is left when the first is taken away',
  (t) => {
    for (let seed = 0; seed < 60; seed++) {
      const random = createRandom(seed)
      const draw = DRAWS['of both signs, with zeros']!
      const before = Array.from({ length: 100 }, () => draw(random))
      const since = Array.from({ length: 100 }, () => draw(random))
      const [fine, coarse] = [4, 4 - random.below(3)]
      const between = exponentialBetween(
        exponentialOf([...before, ...since], { scale: coarse }),
        exponentialOf(before, { scale: fine }),
      )
      const expected = exponentialOf(since, { scale: coarse })
      const found = QUANTILES.map((q) => exponentialQuantile(between, q))
      if (
        !t.strictSame(
          found,
          QUANTILES.map((q) => exponentialQuantile(expected, q)),
        )
      )
        break
    }
    t.end()
  },
)

t.test('a wider zero threshold takes the buckets within it into the zero bucket', (t) => {
  const near = exponentialOf([0.001, 0.002, 0.003], { scale: 0 })
  const far = exponentialOf([0, 0.5, 8], { scale: 0, zeroThreshold: 1 })
  const merged = mergeExponential(near, far)
  t.equal(exponentialQuantile(merged, 5 / 6), 0)
  t.ok(isWithin(exponentialQuantile(merged, 1), 8, errorBound(0)))
  t.end()
})

t.test('histograms too far apart for their scale are joined at a smaller one', (t) => {
  const low = exponentialOf([1e-9], { scale: 20 })
  const high = exponentialOf([1e9], { scale: 20 })
  const merged = mergeExponential(low, high)
  // 60 doublings in 512 buckets.
  t.equal(merged.scale, 3)
  t.ok(isWithin(exponentialQuantile(merged, 0), 1e-9, errorBound(merged.scale)))
  t.ok(isWithin(exponentialQuantile(merged, 1), 1e9, errorBound(merged.scale)))
  t.end()
})

t.test('buckets at the ends of what a double holds have quantiles', (t) => {
  for (const value of [Number.MAX_VALUE, 2 ** -1022, 1]) {
    for (const scale of [-11, -10, 0]) {
      const buckets = exponentialOf([value], { scale, hasEnds: true })
      t.equal(exponentialQuantile(buckets, 0.5), value, `${value} at scale ${scale}`)
    }
  }
  t.end()
})

const explicit = (
  bounds: number[],
  counts: number[],
  [min, max]: [number | null, number | null] = [null, null],
): ExplicitBuckets => ({ bounds, counts, min, max })

t.test('explicit quantiles are those of Prometheus', (t) => {
  // As histogram_quantile answers for these buckets.
  const buckets = explicit([1, 2, 4], [10, 20, 10, 0])
  const quantiles = [0, 0.125, 0.25, 0.5, 0.75, 0.875, 1]
  t.strictSame(
    quantiles.map((q) => explicitQuantile(buckets, q)),
    [0, 0.5, 1, 1.5, 2, 3, 4],
  )
  t.equal(
    explicitQuantile(explicit([1, 2], [0, 0, 5]), 0.5),
    2,
    'the last bucket is its lower bound',
  )
  t.equal(explicitQuantile(explicit([-2, 2], [4, 0, 0]), 0.5), -2, 'a first bound below 0')
  t.equal(explicitQuantile(explicit([1], [0, 0]), 0.5), null, 'no values')
  t.equal(explicitQuantile(explicit([], [7]), 0.5), null, 'no bounds')
  t.end()
})

t.test(
  'the least and the greatest value bound explicit quantiles and close the open buckets',
  (t) => {
    const buckets = explicit([10, 20], [4, 0, 4], [2, 40])
    t.strictSame(
      [0, 0.25, 0.5, 0.75, 1].map((q) => explicitQuantile(buckets, q)),
      [2, 6, 10, 30, 40],
    )
    t.equal(explicitQuantile(explicit([10], [5, 0], [3, 3]), 0.5), 3)
    t.end()
  },
)

t.test('an explicit quantile lies in the bucket of the exact one', (t) => {
  for (let seed = 0; seed < 200; seed++) {
    const random = createRandom(seed)
    const values = Array.from({ length: 1 + random.below(200) }, () => random.below(1200) / 10)
    const bounds = [5, 10, 25, 50, 75, 100]
    const counts = Array.from({ length: bounds.length + 1 }, () => 0)
    for (const value of values) counts[bucketOf(bounds, value)]! += 1
    const ends: [number, number] = [Math.min(...values), Math.max(...values)]
    const buckets = explicit(bounds, counts, ends)
    const wrong = QUANTILES.filter((q) => {
      const [estimate, exact] = [explicitQuantile(buckets, q), exactQuantile(values, q)]
      return estimate === null || !isInBucket(bounds, bucketOf(bounds, exact), estimate)
    })
    if (!t.strictSame(wrong, [], `seed ${seed}`)) break
  }
  t.end()
})

function bucketOf(bounds: readonly number[], value: number): number {
  const at = bounds.findIndex((bound) => value <= bound)
  return at < 0 ? bounds.length : at
}

/** The lower end included: the interpolation reaches it. */
function isInBucket(bounds: readonly number[], bucket: number, value: number): boolean {
  return value >= (bounds[bucket - 1] ?? -Infinity) && value <= (bounds[bucket] ?? Infinity)
}

t.test('histograms with different bounds are joined on those they have in common', (t) => {
  const merged = mergeExplicit(
    explicit([1, 2, 3, 5], [1, 2, 3, 4, 5], [0, 9]),
    explicit([2, 4, 5, 6], [10, 20, 30, 40, 50], [1, null]),
  )
  t.strictSame(merged, {
    bounds: [2, 5],
    counts: [13, 57, 95],
    min: 0,
    max: null,
  })
  t.strictSame(mergeExplicit(explicit([1], [1, 2]), explicit([3], [4, 5])).bounds, [])
  t.end()
})

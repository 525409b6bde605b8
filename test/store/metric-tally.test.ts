import t from 'tap'
import {
  explicitBetween,
  mergeExplicit,
  tallyExplicit,
  type ExplicitBuckets,
} from '../../collector/store/queries/metric/explicit'
import {
  exponentialBetween,
  exponentialQuantile,
  mergeExponential,
  tallyExponential,
  type ExponentialBuckets,
} from '../../collector/store/queries/metric/exponential'
import { createRandom, type Random } from '../helpers/random'

const QUANTILES = [0, 0.1, 0.5, 0.9, 1]

/** A point, and the one it is compared with; its arrays cannot be changed. */
interface Pair<B> {
  readonly to: B
  readonly from: B | null
}

function createPairs<B>(random: Random, create: (random: Random) => B): Pair<B>[] {
  return Array.from({ length: 1 + random.below(20) }, () => ({
    to: create(random),
    from: random.chance(0.6) ? create(random) : null,
  }))
}

function createCounts(random: Random, length: number): readonly number[] {
  return Object.freeze(Array.from({ length }, () => random.below(10)))
}

function createEnd(random: Random): number | null {
  return random.chance(0.1) ? null : random.below(100)
}

function createExplicit(random: Random): ExplicitBuckets {
  const bounds = random.chance(0.9) ? [1, 2, 5] : random.pick([[1, 5], [2, 4, 5, 9], []])
  const counts = createCounts(random, bounds.length + 1)
  return Object.freeze({ bounds, counts, min: createEnd(random), max: createEnd(random) })
}

function createExponential(random: Random): ExponentialBuckets {
  const run = () =>
    Object.freeze({
      offset: random.below(4) - (random.chance(0.05) ? 700 : 2),
      counts: createCounts(random, random.below(12)),
    })
  return Object.freeze({
    scale: random.chance(0.9) ? 3 : random.below(5),
    zeroCount: random.below(5),
    zeroThreshold: random.chance(0.1) ? 0.5 : 0,
    positive: run(),
    negative: run(),
    min: createEnd(random),
    max: createEnd(random),
  })
}

t.test('explicit buckets tallied are those merged, and no point is changed', (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const pairs = createPairs(createRandom(seed), createExplicit)
    const merged = pairs
      .map(({ to, from }) => (from === null ? to : explicitBetween(to, from)))
      .reduce(mergeExplicit)
    const tallied = pairs.reduce<ExplicitBuckets | null>(
      (total, { to, from }) => tallyExplicit(total, to, from),
      null,
    )
    if (!t.strictSame(tallied, merged, `seed ${seed}`)) break
  }
  t.end()
})

t.test('exponential buckets tallied answer as those merged, and no point is changed', (t) => {
  for (let seed = 0; seed < 300; seed++) {
    const pairs = createPairs(createRandom(seed), createExponential)
    const merged = pairs
      .map(({ to, from }) => (from === null ? to : exponentialBetween(to, from)))
      .reduce(mergeExponential)
    const tallied = pairs.reduce<ExponentialBuckets | null>(
      (total, { to, from }) => tallyExponential(total, to, from),
      null,
    )
    const answersOf = (buckets: ExponentialBuckets) => [
      buckets.scale,
      ...QUANTILES.map((quantile) => exponentialQuantile(buckets, quantile)),
    ]
    if (!t.strictSame(answersOf(tallied!), answersOf(merged), `seed ${seed}`)) break
  }
  t.end()
})

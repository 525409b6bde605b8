import t from 'tap'
import {
  bucketIndexOf,
  countAtMost,
  countOf,
  type Distribution,
  mergeDistributions,
  quantileNs,
  quantileOfAll,
} from '../../collector/translate/distribution'
import { createRandom } from '../helpers/random'

/** Half the width of a bucket of scale 4, in proportion. */
const LARGEST_ERROR = 0.0217

function distributionOf(durations: readonly number[]): Distribution | null {
  return mergeDistributions(
    durations.map((ns) => ({
      minNs: ns,
      maxNs: ns,
      sumNs: ns,
      zeroCount: ns === 0 ? 1 : 0,
      indexes: ns === 0 ? [] : [bucketIndexOf(ns)],
      counts: ns === 0 ? [] : [1],
    })),
  )
}

t.test('a bucket ends with its upper bound', (t) => {
  t.equal(bucketIndexOf(1), -1)
  for (let doubling = 1; doubling < 52; doubling++) {
    const bound = 2 ** doubling
    t.equal(bucketIndexOf(bound), 16 * doubling - 1, `${bound} ns`)
    t.ok(bucketIndexOf(bound + 1) >= 16 * doubling, `${bound + 1} ns`)
  }
  t.end()
})

/** By logarithm and power. */
function plainBucketIndexOf(ns: number): number {
  const index = Math.ceil(Math.log2(ns) * 16) - 1
  if (ns > 2 ** ((index + 1) / 16)) return index + 1
  return ns <= 2 ** (index / 16) ? index - 1 : index
}

t.test('the bucket found by the bits of a number is that of its logarithm', (t) => {
  const random = createRandom(8)
  const bounds = Array.from({ length: 63 * 16 }, (_, index) => Math.floor(2 ** (index / 16)))
  const near = bounds.flatMap((bound) => [bound - 1, bound, bound + 1]).filter((ns) => ns >= 1)
  const anywhere = Array.from({ length: 100_000 }, () =>
    Math.ceil(2 ** ((random.below(2 ** 30) / 2 ** 30) * 63)),
  )
  const small = Array.from({ length: 100_000 }, (_, index) => index + 1)
  const wrong = [...near, ...anywhere, ...small].filter(
    (ns) => bucketIndexOf(ns) !== plainBucketIndexOf(ns),
  )
  t.strictSame(wrong, [])
  t.end()
})

t.test('every duration lies within its bucket', (t) => {
  const random = createRandom(5)
  for (let round = 0; round < 10_000; round++) {
    const ns = Math.ceil(2 ** ((random.below(2 ** 30) / 2 ** 30) * 51))
    const index = bucketIndexOf(ns)
    if (ns > 2 ** (index / 16) && ns <= 2 ** ((index + 1) / 16)) continue
    t.fail(`${ns} ns is not in bucket ${index}`)
  }
  t.pass('10,000 of them')
  t.end()
})

t.test('a quantile is off by 2.17 % at most, and never beyond the extremes', (t) => {
  const random = createRandom(6)
  const durations = Array.from({ length: 5_000 }, () =>
    Math.ceil(2 ** (10 + (random.below(2 ** 30) / 2 ** 30) * 25)),
  )
  const sorted = durations.toSorted((a, b) => a - b)
  const distribution = distributionOf(durations)!
  t.equal(countOf(distribution), 5_000)
  for (const share of [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1]) {
    const exact = sorted[Math.max(0, Math.ceil(share * 5_000) - 1)]!
    const told = quantileNs(distribution, share)
    t.ok(Math.abs(told - exact) <= exact * LARGEST_ERROR, `${share}: ${told} for ${exact}`)
    t.ok(told >= sorted[0]! && told <= sorted.at(-1)!)
  }
  t.end()
})

t.test('durations of zero have a place of their own', (t) => {
  const distribution = distributionOf([0, 0, 0, 1_000])!
  t.equal(quantileNs(distribution, 0.5), 0)
  t.equal(quantileNs(distribution, 1), 1_000)
  t.equal(countAtMost(distribution, 0), 3)
  t.equal(countAtMost(distribution, 1_000), 4)
  t.end()
})

t.test('what lies below a limit is counted to within a bucket', (t) => {
  const random = createRandom(7)
  const durations = Array.from({ length: 5_000 }, () =>
    Math.ceil(2 ** (20 + (random.below(2 ** 30) / 2 ** 30) * 10)),
  )
  const distribution = distributionOf(durations)!
  for (const limit of [2 ** 22, 2 ** 25.3, 2 ** 29.9]) {
    const exact = durations.filter((ns) => ns <= limit).length
    t.ok(Math.abs(countAtMost(distribution, limit) - exact) < 40, `${limit} ns`)
  }
  t.equal(countAtMost(distribution, 1), 0)
  t.equal(countAtMost(distribution, 2 ** 40), 5_000)
  t.end()
})

t.test('parts add up to the whole, nothing to nothing', (t) => {
  const parts = [distributionOf([5, 70]), null, distributionOf([900, 5])]
  t.strictSame(mergeDistributions(parts), distributionOf([5, 70, 900, 5]))
  t.equal(mergeDistributions([null]), null)
  t.end()
})

t.test('a quantile of parts is that of what they add up to', (t) => {
  const random = createRandom(11)
  for (let round = 0; round < 50; round++) {
    const parts = Array.from({ length: random.below(6) }, () =>
      distributionOf(Array.from({ length: random.below(40) }, () => random.below(1e9))),
    )
    const whole = mergeDistributions(parts)
    for (const share of [0, 0.5, 0.95, 1]) {
      const expected = whole === null ? null : quantileNs(whole, share)
      t.equal(quantileOfAll(parts, share), expected, `${share} of round ${round}`)
    }
  }
  t.end()
})

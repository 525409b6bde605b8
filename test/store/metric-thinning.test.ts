import t from 'tap'
import {
  EXPLICIT,
  foldBuckets,
  type BucketPoint,
} from '../../collector/store/queries/metric/buckets'
import type { ExplicitBuckets } from '../../collector/store/queries/metric/explicit'
import { Thinning } from '../../collector/store/queries/metric/thinning'
import { createRandom } from '../helpers/random'
import { createReports, CUMULATIVE, cumulativePoints, STEPS } from './metric-streams'

const BOUNDS = [1, 2]

function bucketsOf(count: number): ExplicitBuckets {
  return {
    bounds: BOUNDS,
    counts: Float64Array.from([0, 1, 2].map((more) => Math.floor((count + more) / 3))),
    min: null,
    max: null,
  }
}

function quantilesOf(points: readonly BucketPoint<ExplicitBuckets>[]) {
  const fold = foldBuckets(EXPLICIT, STEPS)
  const stream = fold.open(CUMULATIVE, 0)
  for (const point of points) stream.take(point)
  stream.end()
  return [0.1, 0.5, 0.9].map((quantile) => fold.answer(0, quantile))
}

t.test('of a cumulative stream a few points tell as much as all of them', (t) => {
  let [all, kept] = [0, 0]
  for (let seed = 0; seed < 300; seed++) {
    const random = createRandom(seed)
    // Lives after each other, at the same time, and without starts, so that values fall.
    const lives = Array.from({ length: 1 + random.below(3) }, () => {
      const startMs = random.below(1_200_000)
      const endMs = startMs + random.below(1_200_000)
      return createReports(random, { startMs, endMs, isStartSent: random.chance(0.7) })
    })
    const points = cumulativePoints(lives).map((point) => ({
      ...point,
      buckets: bucketsOf(Number(point.value)),
    }))
    const thinning = new Thinning(STEPS)
    const stream = thinning.open({ id: '1' })
    for (const point of points) stream.take(point)
    stream.end()
    const times = thinning.times()?.get('1') ?? new Set()
    const few = points.filter(({ timeUs }) => times.has(timeUs))
    all += points.length
    kept += few.length
    if (!t.strictSame(quantilesOf(few), quantilesOf(points), `seed ${seed}`)) break
  }
  t.ok(kept < all * 0.8, `${kept} of ${all}`)
  t.end()
})

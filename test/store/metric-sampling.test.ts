import t from 'tap'
import {
  EXPLICIT,
  foldBuckets,
  type BucketPoint,
} from '../../collector/store/queries/metric/buckets'
import type { ExplicitBuckets } from '../../collector/store/queries/metric/explicit'
import { Sampling } from '../../collector/store/queries/metric/sampling'
import { stepAt } from '../../collector/store/queries/metric/steps'
import type { Stream } from '../../collector/store/queries/metric/walk'
import { createRandom, type Random } from '../helpers/random'
import { createReports, CUMULATIVE, cumulativePoints, STEPS } from './metric-streams'

type Point = BucketPoint<ExplicitBuckets>

function bucketsOf(count: number): ExplicitBuckets {
  const counts = [0, 1, 2].map((more) => Math.floor((count + more) / 3))
  return { bounds: [1, 2], counts, min: null, max: null }
}

function feed(stream: Stream<Point>, points: readonly Point[]): void {
  for (const point of points) stream.take(point)
  stream.end()
}

/** What the statement for samples selects: the first point, and the last one of each step. */
function samplesOf(points: readonly Point[]): Point[] {
  return points.filter(({ timeUs }, at) => {
    const next = points[at + 1]
    const step = (us: number) => Math.max(-1, stepAt(STEPS, us))
    return at === 0 || next === undefined || step(next.timeUs) !== step(timeUs)
  })
}

/** The quantiles by samples, and how many points they took. */
function sample(points: readonly Point[]) {
  const fold = foldBuckets(EXPLICIT, STEPS)
  const sampling = new Sampling(fold)
  const samples = samplesOf(points)
  feed(sampling.open(CUMULATIVE, 0), samples)
  const within = points.filter(({ timeUs }) =>
    sampling.gaps.some(({ afterUs, beforeUs }) => timeUs > afterUs && timeUs < beforeUs),
  )
  if (within.length > 0) feed(sampling.filler().open(CUMULATIVE, 0), within)
  sampling.finish(() => CUMULATIVE)
  const read = samples.length + within.length
  return { read, quantiles: [0.1, 0.5, 0.9].map((quantile) => fold.answer(0, quantile)) }
}

function readAll(points: readonly Point[]) {
  const fold = foldBuckets(EXPLICIT, STEPS)
  feed(fold.open(CUMULATIVE, 0), points)
  return [0.1, 0.5, 0.9].map((quantile) => fold.answer(0, quantile))
}

/** One to three lives after each other, some shorter than a step, some without a start time. */
function createPoints(random: Random): Point[] {
  let startMs = random.below(900_000)
  const lives = Array.from({ length: 1 + random.below(3) }, () => {
    const endMs = startMs + 20_000 + random.below(900_000)
    const reports = createReports(random, { startMs, endMs, isStartSent: random.chance(0.8) })
    startMs = endMs
    return reports
  })
  return cumulativePoints(lives).map((point) => ({
    ...point,
    buckets: bucketsOf(Number(point.value)),
  }))
}

t.test('the last points of the steps, and those of gaps, tell as much as all of them', (t) => {
  let [all, read] = [0, 0]
  for (let seed = 0; seed < 400; seed++) {
    const points = createPoints(createRandom(seed))
    const sampled = sample(points)
    all += points.length
    read += sampled.read
    if (!t.strictSame(sampled.quantiles, readAll(points), `seed ${seed}`)) break
  }
  t.ok(read < all * 0.7, `${read} of ${all}`)
  t.end()
})

import t from 'tap'
import { foldNumbers, type NumberPoint } from '../../collector/store/queries/metric/number'
import type { Aggregation } from '../../collector/store/queries/metric/question'
import type { Series } from '../../collector/store/queries/metric/selection'
import { secondsPassed, type Steps } from '../../collector/store/queries/metric/steps'
import { createRandom, type Random } from '../helpers/random'
import {
  createReports,
  CUMULATIVE,
  cumulativePoints,
  DELTA,
  deltaPoints,
  expectedIncreases,
  STEPS,
  timesOf,
  UP_AND_DOWN,
  type Report,
} from './metric-streams'

const MINUTE_MS = 60_000

function fold(
  aggregation: Aggregation,
  series: Series,
  points: readonly NumberPoint[],
  steps: Steps = STEPS,
) {
  const folded = foldNumbers(aggregation, steps)
  const stream = folded.open(series, 0)
  for (const point of points) stream.take(point)
  stream.end()
  return folded.answer(0)
}

/** The steps that have a value: minutes from 0 on. */
function named(values: readonly unknown[]): Record<number, unknown> {
  return Object.fromEntries(
    values.flatMap((value, step) => (value === null ? [] : [[step, value]])),
  )
}

/** A point `minute` minutes into the window. */
function at(minute: number, value: number | bigint, startMinute: number | null = -60): NumberPoint {
  const startMs = startMinute === null ? null : STEPS.sinceMs + startMinute * MINUTE_MS
  return { ...timesOf(STEPS.sinceMs + minute * MINUTE_MS, startMs), value }
}

const stale = (minute: number): NumberPoint => ({ ...at(minute, NaN), isStale: true })

/** One to three lives after each other. */
function createLives(random: Random): Report[][] {
  let startMs = random.below(1_500_000)
  return Array.from({ length: 1 + random.below(3) }, () => {
    const endMs = startMs + 60_000 + random.below(900_000)
    const reports = createReports(random, { startMs, endMs, isStartSent: true })
    startMs = endMs + random.below(60_000)
    return reports
  })
}

t.test('the increase is what was counted, over gaps and restarts', (t) => {
  for (let seed = 0; seed < 400; seed++) {
    const lives = createLives(createRandom(seed))
    const found = fold('increase', CUMULATIVE, cumulativePoints(lives))
    if (!t.strictSame(found, expectedIncreases(lives), `seed ${seed}`)) break
  }
  t.end()
})

t.test('two writers who take turns in one stream are followed each for itself', (t) => {
  for (let seed = 0; seed < 400; seed++) {
    const random = createRandom(seed)
    const both = [...createLives(random), ...createLives(random)]
    const found = fold('increase', CUMULATIVE, cumulativePoints(both))
    if (!t.strictSame(found, expectedIncreases(both), `seed ${seed}`)) break
  }
  t.end()
})

t.test('a delta stream comes to the same as a cumulative one', (t) => {
  for (let seed = 0; seed < 200; seed++) {
    const lives = createLives(createRandom(seed)).filter(
      ([first]) => (first?.startMs ?? 0) > 300_000,
    )
    const found = fold('increase', DELTA, deltaPoints(lives))
    if (!t.strictSame(found, fold('increase', CUMULATIVE, cumulativePoints(lives)))) break
  }
  t.end()
})

t.test('without start times a value that falls is a reset', (t) => {
  for (let seed = 0; seed < 200; seed++) {
    const random = createRandom(seed)
    const endMs = 700_000 + random.below(600_000)
    const first = createReports(random, { startMs: 0, endMs, isStartSent: false })
    // It begins at 0 again, and shows it: it has counted less by then than the one before.
    const second = createReports(random, { startMs: endMs, endMs: 1_800_000, isStartSent: false })
    const lives = [[{ timeMs: 300_001, startMs: null, counted: 1_000_000 }, ...first], second]
    const points = cumulativePoints(lives).sort((a, b) => a.timeUs - b.timeUs)
    const expected = expectedIncreases([
      [...lives[0]!.filter(({ timeMs }) => timeMs > 300_000), ...second],
    ])
    if (!t.strictSame(fold('increase', CUMULATIVE, points), expected, `seed ${seed}`)) break
  }
  t.end()
})

t.test('integers beyond 2^53 are counted exactly', (t) => {
  for (let seed = 0; seed < 100; seed++) {
    const [life = []] = createLives(createRandom(seed))
    // It began before what is read, and had counted a lot by then.
    const early = [life.map((report) => ({ ...report, startMs: 0 }))]
    const found = fold('increase', CUMULATIVE, cumulativePoints(early, 2n ** 62n + 1n))
    if (!t.strictSame(found, expectedIncreases(early), `seed ${seed}`)) break
  }
  t.strictSame(
    named(fold('last', CUMULATIVE, [at(3, 2n ** 63n - 1n)])),
    { 3: 2n ** 63n - 1n },
    'the last value of a step',
  )
  t.end()
})

t.test('the rate is the increase a second, of a step under way by what has passed of it', (t) => {
  const points = [at(-0.5, 100), at(0.5, 160), at(1.5, 280)]
  t.strictSame(named(fold('rate', CUMULATIVE, points)), { 0: 1, 1: 2 })
  t.equal(secondsPassed({ ...STEPS, untilMs: STEPS.sinceMs + 75_000 }, 0), 60)
  t.equal(secondsPassed({ ...STEPS, untilMs: STEPS.sinceMs + 75_000 }, 1), 15)
  t.end()
})

t.test('a rate is over the time its points tell of where that is longer than their step', (t) => {
  const steps = { ...STEPS, untilMs: STEPS.sinceMs + 125_000 }
  const rate = (series: Series, points: NumberPoint[]) => named(fold('rate', series, points, steps))
  const justBegun = [at(0.02, 0), at(1.02, 60), at(2.02, 120)]
  t.strictSame(rate(CUMULATIVE, justBegun), { 1: 1, 2: 1 }, 'a step of five seconds so far')
  const twice = [at(0.5, 0), at(1.02, 30), at(1.98, 90)]
  t.strictSame(rate(CUMULATIVE, twice)[1], 90 / 88.8, 'two points in a step')
  t.strictSame(rate(CUMULATIVE, [at(-4, 0), at(1, 3000)]), { 1: 10 }, 'after a gap')
  t.strictSame(rate(CUMULATIVE, [at(-1, 90), at(1, 60)]), { 1: 0.5 }, 'after a value that fell')
  t.strictSame(rate(UP_AND_DOWN, [at(-1, 90), at(1, 30)]), { 1: -0.5 }, 'of a sum that may fall')
  t.strictSame(rate(DELTA, [at(2.02, 60, 1.02)]), { 2: 1 }, 'of a delta point')
  t.strictSame(rate(DELTA, [at(1.5, 60, null)]), { 1: 1 }, 'of one that says no start')
  t.strictSame(rate(CUMULATIVE, [at(1.75, 60, 1.5)]), { 1: 1 }, 'but never over less of it')
  t.end()
})

t.test('a reset counts what the new start has counted, right through the rate', (t) => {
  // 600 by the minute; restarted in minute 2, and 300 counted since.
  const points = [at(0, 600), at(1, 1200), at(2, 300, 1.5), at(3, 900, 1.5)]
  t.strictSame(named(fold('rate', CUMULATIVE, points)), { 1: 10, 2: 5, 3: 10 })
  t.end()
})

t.test(
  'the first point counts when its start is in what is read, else it is there to compare with',
  (t) => {
    const increase = (points: NumberPoint[]) => named(fold('increase', CUMULATIVE, points))
    t.strictSame(increase([at(3, 50, 2)]), { 3: 50 })
    t.strictSame(increase([at(3, 50, -2)]), { 3: 50 }, 'a start shortly before the window')
    t.strictSame(increase([at(3, 50, -20)]), {}, 'an older start')
    t.strictSame(increase([at(3, 50, null)]), {}, 'no start')
    t.strictSame(increase([at(3, 50, 3), at(4, 60, 3)]), { 4: 10 }, 'an unknown start')
    t.end()
  },
)

t.test('two points for one time are no reset', (t) => {
  const points = [at(0, 100), at(1, 150), at(1, 140), at(2, 160)]
  t.strictSame(named(fold('increase', CUMULATIVE, points)), { 1: 50, 2: 10 })
  t.end()
})

t.test('a sum that may fall changes up and down', (t) => {
  const points = [at(-1, 5), at(0, 9), at(1, 2), at(2, -4)]
  t.strictSame(named(fold('increase', UP_AND_DOWN, points)), { 0: 4, 1: -7, 2: -6 })
  t.strictSame(named(fold('increase', UP_AND_DOWN, [at(3, 7, 2)])), { 3: 7 })
  t.end()
})

t.test('a point that says that nothing was recorded has no value, and ends the stream', (t) => {
  const points = [at(0, 100), stale(0.5), at(1, 150), stale(1.5), at(2, 160)]
  t.strictSame(named(fold('increase', CUMULATIVE, points)), { 1: 50, 2: 10 })
  t.strictSame(named(fold('last', CUMULATIVE, points)), { 2: 160 })
  t.strictSame(named(fold('sum', CUMULATIVE, points)), { 2: 160 })
  t.strictSame(named(fold('count', CUMULATIVE, points)), { 0: 1, 1: 1, 2: 1 })
  t.strictSame(named(fold('max', CUMULATIVE, points)), { 0: 100, 1: 150, 2: 160 })
  t.end()
})

t.test('gauges are as a plain look at their points says', (t) => {
  for (let seed = 0; seed < 100; seed++) {
    const random = createRandom(seed)
    const streams = Array.from({ length: 3 }, () =>
      Array.from({ length: 40 }, () =>
        at(random.below(20_000) / 1000, random.below(1000) - 500),
      ).sort((a, b) => a.timeUs - b.timeUs),
    )
    const answers = (['avg', 'min', 'max', 'count', 'last', 'sum'] as const).map((aggregation) => {
      const folded = foldNumbers(aggregation, STEPS)
      for (const points of streams) {
        const stream = folded.open(CUMULATIVE, 0)
        for (const point of points) stream.take(point)
        stream.end()
      }
      return folded.answer(0)
    })
    const expected = Array.from({ length: STEPS.count }, (_, step) => {
      const inStep = streams.map((points) =>
        points.filter(
          ({ timeUs }) => Math.floor((timeUs / 1000 - STEPS.sinceMs) / MINUTE_MS) === step,
        ),
      )
      const values = inStep.flat().map(({ value }) => Number(value))
      if (values.length === 0) return [null, null, null, null, null, null]
      const total = values.reduce((a, b) => a + b, 0)
      const newest = Math.max(...inStep.flat().map(({ timeUs }) => timeUs))
      const last = inStep.flat().filter(({ timeUs }) => timeUs === newest)
      return [
        total / values.length,
        Math.min(...values),
        Math.max(...values),
        values.length,
        Math.max(...last.map(({ value }) => Number(value))),
        inStep.reduce((sum, points) => sum + Number(points.at(-1)?.value ?? 0), 0),
      ]
    })
    const found = expected.map((_, step) => answers.map((values) => values[step] ?? null))
    if (!t.strictSame(found, expected, `seed ${seed}`)) break
  }
  t.end()
})

t.test('what delta sums count adds up by itself', (t) => {
  t.strictSame(named(fold('sum', DELTA, [at(0, 5), at(0.5, 6), at(1, 7)])), { 0: 11, 1: 7 })
  t.end()
})

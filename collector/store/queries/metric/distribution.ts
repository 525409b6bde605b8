import type { BinaryRow } from '../../copy-out'
import { Cells } from './cells'
import { add, greatest, least, subtract, type Exact } from './exact'
import { divide, foldCounts, foldRates, type Folded } from './number'
import type { Aggregation } from './question'
import type { Need } from './reading'
import type { Count } from './rate'
import type { Series } from './selection'
import type { Steps } from './steps'
import { eachIncrement, eachPoint, type Timed } from './stream'
import { FIRST_COLUMN } from './walk'

/** A point of a histogram of either kind, or of a summary, without its buckets; `value` is its count. */
export interface DistributionPoint extends Timed {
  readonly value: Exact
  readonly sum: number | null
  readonly min: number | null
  readonly max: number | null
}

/** What `readDistribution` reads, after the columns that are walked. */
export const DISTRIBUTION_COLUMNS = 'p.time, p.start_time, p.count, p.flags, p.sum, p.min, p.max'

export function readDistribution(row: BinaryRow): DistributionPoint {
  const at = FIRST_COLUMN
  return {
    timeUs: row.unixMicros(at),
    startUs: row.unixMicrosOrNull(at + 1),
    value: row.int64(at + 2),
    isStale: !row.isNull(at + 3) && (row.int32(at + 3) & 1) === 1,
    sum: row.float64OrNull(at + 4),
    min: row.float64OrNull(at + 5),
    max: row.float64OrNull(at + 6),
  }
}

/**
 * Adds up what distributions counted in a step: `count` and `increase` how many values, `rate` that a second, `sum` their
 * sum, `avg` the quotient. `min` and `max` are those the points of the step say, which of a cumulative stream hold since its start.
 */
export function foldDistributions(
  aggregation: Aggregation,
  steps: Steps,
): Folded<DistributionPoint> {
  switch (aggregation) {
    case 'count':
    case 'increase':
      return foldCounts(steps, countsOf(steps))
    case 'rate':
      return foldRates(steps, countsOf(steps))
    case 'sum':
      return foldSum(steps)
    case 'avg':
      return foldAverage(steps)
    case 'min':
      return foldSaid(steps, least, (point) => point.min)
    case 'max':
      return foldSaid(steps, greatest, (point) => point.max)
    case 'last':
    case 'quantile':
      throw new TypeError(`cannot fold distributions to ${aggregation}`)
  }
}

/** Which points of a series the fold needs. The rates of a stream are told step by step. */
export function needOfDistributions(
  aggregation: Aggregation,
  { isDelta }: Pick<Series, 'isDelta'>,
): Need {
  if (aggregation === 'min' || aggregation === 'max') return 'each'
  if (!isDelta) return 'increments'
  return aggregation === 'rate' ? 'in order' : 'each'
}

function countsOf(steps: Steps) {
  return (series: Series, take: (count: Count) => void) =>
    eachIncrement<DistributionPoint>(steps, series, (_step, { value, timeUs }, previous, sinceUs) =>
      take({ amount: subtract(value, previous?.value ?? 0), sinceUs, timeUs }),
    )
}

function foldSum(steps: Steps): Folded<DistributionPoint> {
  const cells = new Cells<Exact>(steps.count, add)
  return {
    open: (series, group) =>
      eachIncrement<DistributionPoint>(steps, series, (step, point, previous) => {
        const sum = sumBetween(point, previous)
        if (sum !== null) cells.add(group, step, sum)
      }),
    answer: (group) => [...cells.row(group)],
  }
}

function foldAverage(steps: Steps): Folded<DistributionPoint> {
  const sums = new Cells<Exact>(steps.count, add)
  const counts = new Cells(steps.count, add)
  return {
    open: (series, group) =>
      eachIncrement<DistributionPoint>(steps, series, (step, point, previous) => {
        const sum = sumBetween(point, previous)
        if (sum === null) return
        sums.add(group, step, sum)
        counts.add(group, step, subtract(point.value, previous?.value ?? 0))
      }),
    answer: (group) => divide(sums.row(group), counts.row(group)),
  }
}

function foldSaid(
  steps: Steps,
  combine: (a: Exact, b: Exact) => Exact,
  valueOf: (point: DistributionPoint) => number | null,
): Folded<DistributionPoint> {
  const cells = new Cells<Exact>(steps.count, combine)
  return {
    open: (_series, group) =>
      eachPoint(steps, (step, point) => {
        const value = valueOf(point)
        if (value !== null) cells.add(group, step, value)
      }),
    answer: (group) => [...cells.row(group)],
  }
}

/** The sum of what was counted since; null where a point does not say it. */
function sumBetween(point: DistributionPoint, previous: DistributionPoint | null): number | null {
  if (point.sum === null) return null
  if (previous === null) return point.sum
  return previous.sum === null ? null : point.sum - previous.sum
}

import type { BinaryRow } from '../../copy-out'
import { Cells } from './cells'
import { add, greatest, least, subtract, type Exact } from './exact'
import type { Aggregation } from './question'
import type { Need } from './reading'
import { eachRate, type Count } from './rate'
import type { Series } from './selection'
import { stepAt, type Steps } from './steps'
import { eachChange, eachIncrement, eachPoint, lastOfStep, type Timed } from './stream'
import { FIRST_COLUMN, type Fold, type Stream } from './walk'

/** A point of a gauge or a sum; its value is NaN when it is stale. */
export interface NumberPoint extends Timed {
  readonly value: Exact
}

/** What `readNumber` reads, after the columns that are walked. */
export const NUMBER_COLUMNS = 'p.time, p.start_time, p.value, p.value_int, p.flags'

export function readNumber(row: BinaryRow): NumberPoint {
  const at = FIRST_COLUMN
  const value = row.isNull(at + 3) ? (row.float64OrNull(at + 2) ?? NaN) : row.int64(at + 3)
  return {
    timeUs: row.unixMicros(at),
    startUs: row.unixMicrosOrNull(at + 1),
    value,
    isStale: (!row.isNull(at + 4) && (row.int32(at + 4) & 1) === 1) || isMissing(row, at + 2),
  }
}

/** A fold and what it comes to: one value a step of a group. */
export interface Folded<P> extends Fold<P> {
  answer(group: number): (Exact | null)[]
}

/**
 * Adds up gauges and sums. Over the points of a step, of all series of the group: `avg`, `min`, `max`, `count` (how many) and
 * `last` (the newest). `sum` adds the last point of each series, and of delta streams all points, since those add up by
 * themselves. `increase` is what monotonic sums counted and by how much others changed; `rate` is that a second, see
 * `eachRate`.
 */
export function foldNumbers(aggregation: Aggregation, steps: Steps): Folded<NumberPoint> {
  switch (aggregation) {
    case 'avg':
      return foldAverage(steps)
    case 'min':
      return foldPoints(steps, least, (point) => point.value)
    case 'max':
      return foldPoints(steps, greatest, (point) => point.value)
    case 'count':
      return foldPoints(steps, add, () => 1)
    case 'last':
      return foldLast(steps)
    case 'sum':
      return foldSum(steps)
    case 'increase':
      return foldCounts(steps, countsOf(steps))
    case 'rate':
      return foldRates(steps, countsOf(steps))
    case 'quantile':
      throw new TypeError('cannot fold numbers: they have no quantiles')
  }
}

/** Which points of a series the fold needs. The rates of a stream are told step by step. */
export function needOfNumbers(
  aggregation: Aggregation,
  { isDelta, isMonotonic }: Pick<Series, 'isDelta' | 'isMonotonic'>,
): Need {
  switch (aggregation) {
    case 'last':
      return 'last'
    case 'sum':
      return isDelta ? 'each' : 'last'
    case 'increase':
      if (isDelta) return 'each'
      return isMonotonic ? 'increments' : 'in order'
    case 'rate':
      return isMonotonic && !isDelta ? 'increments' : 'in order'
    default:
      return 'each'
  }
}

/** How one stream counts. */
type Counter<P> = (series: Series, take: (count: Count) => void) => Stream<P>

/** What streams counted in a step, each as `counter` has it. */
export function foldCounts<P>(steps: Steps, counter: Counter<P>): Folded<P> {
  const cells = new Cells(steps.count, add)
  return {
    open: (series, group) =>
      counter(series, ({ amount, timeUs }) => cells.add(group, stepAt(steps, timeUs), amount)),
    answer: (group) => [...cells.row(group)],
  }
}

/** That a second: the rates of all streams together. */
export function foldRates<P>(steps: Steps, counter: Counter<P>): Folded<P> {
  const cells = new Cells<Exact>(steps.count, add)
  return {
    open: (series, group) =>
      eachRate(
        steps,
        (take) => counter(series, take),
        (step, perSecond) => cells.add(group, step, perSecond),
      ),
    answer: (group) => [...cells.row(group)],
  }
}

/** The quotients of two rows of cells; null where there is nothing, or nothing to divide by. */
export function divide(
  totals: readonly (Exact | null)[],
  counts: readonly (Exact | null)[],
): (number | null)[] {
  return totals.map((total, step) => {
    const count = Number(counts[step] ?? 0)
    return total === null || count === 0 ? null : Number(total) / count
  })
}

function foldPoints(
  steps: Steps,
  combine: (a: Exact, b: Exact) => Exact,
  valueOf: (point: NumberPoint) => Exact,
): Folded<NumberPoint> {
  const cells = new Cells(steps.count, combine)
  return {
    open: (_series, group) =>
      eachPoint(steps, (step, point) => cells.add(group, step, valueOf(point))),
    answer: (group) => [...cells.row(group)],
  }
}

function foldAverage(steps: Steps): Folded<NumberPoint> {
  const totals = new Cells(steps.count, add)
  const counts = new Cells<Exact>(steps.count, add)
  return {
    open: (_series, group) =>
      eachPoint(steps, (step, { value }) => {
        totals.add(group, step, value)
        counts.add(group, step, 1)
      }),
    answer: (group) => divide(totals.row(group), counts.row(group)),
  }
}

function foldLast(steps: Steps): Folded<NumberPoint> {
  const cells = new Cells<NumberPoint>(steps.count, newer)
  return {
    open: (_series, group) => lastOfStep(steps, (step, point) => cells.add(group, step, point)),
    answer: (group) => cells.row(group).map((point) => point?.value ?? null),
  }
}

/** Of two points for the same time the larger one, so that the answer is the same whichever is read first. */
function newer(a: NumberPoint, b: NumberPoint): NumberPoint {
  if (a.timeUs !== b.timeUs) return a.timeUs > b.timeUs ? a : b
  return greatest(a.value, b.value) === a.value ? a : b
}

function foldSum(steps: Steps): Folded<NumberPoint> {
  const cells = new Cells(steps.count, add)
  return {
    open: ({ isDelta }, group) => {
      const take = (step: number, { value }: NumberPoint) => cells.add(group, step, value)
      return isDelta ? eachPoint(steps, take) : lastOfStep(steps, take)
    },
    answer: (group) => [...cells.row(group)],
  }
}

function countsOf(steps: Steps): Counter<NumberPoint> {
  return (series, take) =>
    !series.isDelta && !series.isMonotonic
      ? eachChange<NumberPoint>(steps, (_step, amount, { timeUs }, sinceUs) =>
          take({ amount, sinceUs, timeUs }),
        )
      : eachIncrement<NumberPoint>(steps, series, (_step, { value, timeUs }, previous, sinceUs) =>
          take({ amount: subtract(value, previous?.value ?? 0), sinceUs, timeUs }),
        )
}

function isMissing(row: BinaryRow, column: number): boolean {
  return row.isNull(column) && row.isNull(column + 1)
}

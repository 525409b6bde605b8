import type { BinaryRow } from '../../copy-out'
import { Cells } from './cells'
import { explicitBetween, explicitQuantile, mergeExplicit, type ExplicitBuckets } from './explicit'
import {
  exponentialBetween,
  exponentialQuantile,
  mergeExponential,
  type ExponentialBuckets,
  type Run,
} from './exponential'
import type { Series } from './selection'
import type { Steps } from './steps'
import { eachIncrement, type Timed } from './stream'
import { FIRST_COLUMN, type Fold } from './walk'
import type { Cumulative } from './writers'

/** A point of a histogram with its buckets, null where it has none; `value` is its count. */
export interface BucketPoint<B> extends Timed, Cumulative {
  readonly buckets: B | null
}

/** What can be done with one kind of buckets, and how they are read. */
export interface BucketKind<B> {
  /** The columns that follow those that are walked. */
  readonly columns: string
  read(row: BinaryRow, series: Series): BucketPoint<B>
  /** What was counted between two points of a cumulative stream. */
  between(to: B, from: B): B
  merge(a: B, b: B): B
  /** `quantile` from 0 to 1; null when the buckets cannot tell. */
  quantile(buckets: B, quantile: number): number | null
}

/** A fold into buckets, and the quantiles of each step of a group. */
export interface QuantileFold<P> extends Fold<P> {
  answer(group: number, quantile: number): (number | null)[]
}

/** Adds up what all streams of a group counted in a step, bucket by bucket, and answers quantiles of that. */
export function foldBuckets<B>(kind: BucketKind<B>, steps: Steps): QuantileFold<BucketPoint<B>> {
  const cells = new Cells<B>(steps.count, (a, b) => kind.merge(a, b))
  return {
    open: (series, group) =>
      eachIncrement<BucketPoint<B>>(steps, series, (step, { buckets }, previous) => {
        if (buckets === null) return
        if (previous === null) cells.add(group, step, buckets)
        else if (previous.buckets !== null) {
          cells.add(group, step, kind.between(buckets, previous.buckets))
        }
      }),
    answer: (group, quantile) =>
      cells
        .row(group)
        .map((buckets) => (buckets === null ? null : kind.quantile(buckets, quantile))),
  }
}

const COMMON_COLUMNS = 'p.time, p.start_time, p.count, p.flags, p.min, p.max'
/** The column that follows the common ones. */
const OWN = FIRST_COLUMN + 6

export const EXPLICIT: BucketKind<ExplicitBuckets> = {
  columns: `${COMMON_COLUMNS}, p.bucket_counts, p.explicit_bounds`,
  read(row, series) {
    const own = row.isNull(OWN + 1) ? null : row.float64Array(OWN + 1)
    const bounds = own ?? series.bounds ?? []
    const counts = row.isNull(OWN) ? null : row.int64Array(OWN)
    const isWhole = counts !== null && counts.length === bounds.length + 1
    return { ...readCommon(row), buckets: isWhole ? { bounds, counts, ...readEnds(row) } : null }
  },
  between: explicitBetween,
  merge: mergeExplicit,
  quantile: explicitQuantile,
}

export const EXPONENTIAL: BucketKind<ExponentialBuckets> = {
  columns:
    `${COMMON_COLUMNS}, p.scale, p.zero_count, p.zero_threshold, ` +
    'p.positive_offset, p.positive_counts, p.negative_offset, p.negative_counts',
  read: (row) => ({
    ...readCommon(row),
    buckets: {
      scale: row.isNull(OWN) ? 0 : row.int32(OWN),
      zeroCount: row.isNull(OWN + 1) ? 0 : Number(row.int64(OWN + 1)),
      zeroThreshold: row.float64OrNull(OWN + 2) ?? 0,
      positive: readRun(row, OWN + 3),
      negative: readRun(row, OWN + 5),
      ...readEnds(row),
    },
  }),
  between: exponentialBetween,
  merge: mergeExponential,
  quantile: exponentialQuantile,
}

function readCommon(row: BinaryRow): Timed & Cumulative {
  const at = FIRST_COLUMN
  return {
    timeUs: row.unixMicros(at),
    startUs: row.unixMicrosOrNull(at + 1),
    value: row.int64(at + 2),
    isStale: !row.isNull(at + 3) && (row.int32(at + 3) & 1) === 1,
  }
}

function readEnds(row: BinaryRow) {
  const at = FIRST_COLUMN + 4
  return { min: row.float64OrNull(at), max: row.float64OrNull(at + 1) }
}

function readRun(row: BinaryRow, column: number): Run {
  return {
    offset: row.isNull(column) ? 0 : row.int32(column),
    counts: row.isNull(column + 1) ? [] : row.int64Array(column + 1),
  }
}

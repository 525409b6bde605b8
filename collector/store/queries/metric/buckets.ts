import type { BinaryRow } from '../../copy-out'
import { explicitQuantile, tallyExplicit, type ExplicitBuckets } from './explicit'
import {
  exponentialQuantile,
  tallyExponential,
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
  /**
   * `total`, null for none yet, and what was counted between two points of a stream, or all that `to` says. The total may be
   * changed: it is one that came from here.
   */
  tally(total: B | null, to: B, from: B | null): B
  /** How many buckets each point of a delta series has, where Postgres may add them up; else null. */
  summedBuckets(series: Series): number | null
  /** `quantile` from 0 to 1; null when the buckets cannot tell. */
  quantile(buckets: B, quantile: number): number | null
}

/** A fold into buckets, and the quantiles of each step of a group. */
export interface QuantileFold<P> extends Fold<P> {
  answer(group: number, quantile: number): (number | null)[]
}

/** Adds up what all streams of a group counted in a step, bucket by bucket, and answers quantiles of that. */
export function foldBuckets<B>(kind: BucketKind<B>, steps: Steps): QuantileFold<BucketPoint<B>> {
  const totals: (B | null)[][] = []
  const totalsOf = (group: number) =>
    (totals[group] ??= Array.from({ length: steps.count }, () => null))
  return {
    open: (series, group) =>
      eachIncrement<BucketPoint<B>>(steps, series, (step, { buckets }, previous) => {
        if (buckets === null || previous?.buckets === null) return
        const row = totalsOf(group)
        row[step] = kind.tally(row[step] ?? null, buckets, previous?.buckets ?? null)
      }),
    answer: (group, quantile) =>
      totalsOf(group).map((buckets) =>
        buckets === null ? null : kind.quantile(buckets, quantile),
      ),
  }
}

/** A sum each is a column that Postgres adds up. */
const MAX_SUMMED_BUCKETS = 64
const COMMON_COLUMNS = 'p.time, p.start_time, p.count, p.flags, p.min, p.max'
const MIN = FIRST_COLUMN + 4
const MAX = FIRST_COLUMN + 5
/** The column that follows the common ones. */
const OWN = FIRST_COLUMN + 6

export const EXPLICIT: BucketKind<ExplicitBuckets> = {
  columns: `${COMMON_COLUMNS}, p.bucket_counts, p.explicit_bounds`,
  read(row, series) {
    const own = row.isNull(OWN + 1) ? null : row.float64Array(OWN + 1)
    const bounds = own ?? series.bounds ?? []
    const counts = row.isNull(OWN) ? null : row.int64Array(OWN)
    const isWhole = counts !== null && counts.length === bounds.length + 1
    const buckets = isWhole
      ? { bounds, counts, min: row.float64OrNull(MIN), max: row.float64OrNull(MAX) }
      : null
    return readPoint(row, buckets)
  },
  summedBuckets({ bounds }) {
    const buckets = (bounds?.length ?? 0) + 1
    return buckets <= MAX_SUMMED_BUCKETS ? buckets : null
  },
  tally: tallyExplicit,
  quantile: explicitQuantile,
}

export const EXPONENTIAL: BucketKind<ExponentialBuckets> = {
  columns:
    `${COMMON_COLUMNS}, p.scale, p.zero_count, p.zero_threshold, ` +
    'p.positive_offset, p.positive_counts, p.negative_offset, p.negative_counts',
  read: (row) =>
    readPoint(row, {
      scale: row.isNull(OWN) ? 0 : row.int32(OWN),
      zeroCount: row.isNull(OWN + 1) ? 0 : Number(row.int64(OWN + 1)),
      zeroThreshold: row.float64OrNull(OWN + 2) ?? 0,
      positive: readRun(row, OWN + 3),
      negative: readRun(row, OWN + 5),
      min: row.float64OrNull(MIN),
      max: row.float64OrNull(MAX),
    }),
  summedBuckets: () => null,
  tally: tallyExponential,
  quantile: exponentialQuantile,
}

/** One object made at once: put together from others it would take longer than to read all columns. */
function readPoint<B>(row: BinaryRow, buckets: B | null): BucketPoint<B> {
  const at = FIRST_COLUMN
  return {
    timeUs: row.unixMicros(at),
    startUs: row.unixMicrosOrNull(at + 1),
    value: row.int64(at + 2),
    isStale: !row.isNull(at + 3) && (row.int32(at + 3) & 1) === 1,
    buckets,
  }
}

function readRun(row: BinaryRow, column: number): Run {
  return {
    offset: row.isNull(column) ? 0 : row.int32(column),
    counts: row.isNull(column + 1) ? [] : row.int64Array(column + 1),
  }
}

import type { Cursor } from '../otlp/cursor'
import { ABSENT, type DataPointReader, NO_VALUE } from './data-point'
import {
  CUMULATIVE,
  DELTA,
  EXPONENTIAL_HISTOGRAM,
  GAUGE,
  HISTOGRAM,
  LONGEST_NAME_BYTES,
  type MetricReader,
  SUM,
} from './metric'
import type { RejectedItem } from './rejection'
import type { Bounds } from './series-bounds'
import type { AcceptedTimes } from './span-rejection'
import { decodeText } from './text'
import { toMs, type UnixNanos } from './time'
import { DEEPEST_VALUE } from './value'

/** Why a data point is refused, each with how to mend it. */
export const REASONS = {
  noTime: 'time_unix_nano must be set',
  tooOld:
    'the data point is older than what is kept: send data points sooner, or raise the retention',
  tooFarAhead:
    "the data point lies too far in the future: check the sender's clock, and that times are in nanoseconds",
  temporality: 'aggregation_temporality must be delta (1) or cumulative (2)',
  noValue: 'as_double or as_int must be set, or bit 0 of flags where nothing was recorded',
  tooMany: 'counts must be below 2^63',
  bucketCounts: 'bucket_counts must hold one more than explicit_bounds, or neither hold anything',
  bounds: 'explicit_bounds must each be greater than the one before',
  count:
    'count must be the sum of bucket_counts, in an exponential histogram of both sides and zero_count',
  quantile: 'quantiles must lie between 0 and 1',
  name: `the name of a metric must have at most ${LONGEST_NAME_BYTES} bytes`,
  tooDeep: `attribute values may be nested at most ${DEEPEST_VALUE} levels deep: flatten them`,
  tooLarge: 'the data points of a request must not grow to many times its size: send fewer of them',
} as const

export type Reason = keyof typeof REASONS

const TWO_32 = 0x1_0000_0000

/** The first rule that the data point breaks, but for depth and size; `bounds` are those it has been found to have. */
export function judge(
  metric: MetricReader,
  point: DataPointReader,
  bounds: Bounds,
  source: Cursor,
  receivedMs: number,
  { retentionMs, maxAheadMs }: AcceptedTimes,
): Reason | undefined {
  const { time } = point
  if (time.low === 0 && time.high === 0) return 'noTime'
  const aheadMs = toMs(time) - receivedMs
  if (aheadMs < -retentionMs) return 'tooOld'
  if (aheadMs > maxAheadMs) return 'tooFarAhead'
  switch (metric.data) {
    case GAUGE:
      return judgeNumber(point)
    case SUM:
      return judgeTemporality(metric) ?? judgeNumber(point)
    case HISTOGRAM:
      return judgeTemporality(metric) ?? judgeExplicit(point, bounds)
    case EXPONENTIAL_HISTOGRAM:
      return judgeTemporality(metric) ?? judgeExponential(point)
    default:
      return judgeSummary(point, source)
  }
}

/** The offending value of a refused data point, in words. */
export function describe(
  reason: Reason,
  metric: MetricReader,
  point: DataPointReader,
  { bytes, view }: Cursor,
): RejectedItem {
  const name = decodeText(bytes, metric.nameStart, metric.nameEnd)
  return { name, fault: faultOf(reason, metric, point, view) }
}

function judgeTemporality({ temporality }: MetricReader): Reason | undefined {
  return temporality === DELTA || temporality === CUMULATIVE ? undefined : 'temporality'
}

function judgeNumber(point: DataPointReader): Reason | undefined {
  return point.value === NO_VALUE && !point.hasNoRecordedValue ? 'noValue' : undefined
}

function judgeExplicit(point: DataPointReader, bounds: Bounds): Reason | undefined {
  const { count, bucketCounts, bounds: sent } = point
  if (count.high < 0) return 'tooMany'
  if (bucketCounts.count === 0) return sent.count === 0 ? undefined : 'bucketCounts'
  if (bucketCounts.count !== sent.count + 1) return 'bucketCounts'
  if (!bounds.isIncreasing) return 'bounds'
  return isSum(count, bucketCounts.sumHigh, bucketCounts.sumLow) ? undefined : 'count'
}

function judgeExponential(point: DataPointReader): Reason | undefined {
  const { count, zeroCount, positive, negative } = point
  if (count.high < 0) return 'tooMany'
  const high = positive.counts.sumHigh + negative.counts.sumHigh + (zeroCount.high >>> 0)
  const low = positive.counts.sumLow + negative.counts.sumLow + (zeroCount.low >>> 0)
  return isSum(count, high, low) ? undefined : 'count'
}

function judgeSummary(point: DataPointReader, { view }: Cursor): Reason | undefined {
  if (point.count.high < 0) return 'tooMany'
  return offendingQuantile(point, view) === undefined ? undefined : 'quantile'
}

function offendingQuantile({ quantiles }: DataPointReader, view: DataView): number | undefined {
  for (let index = 0; index < quantiles.length; index += 2) {
    const at = quantiles[index]!
    const quantile = at === ABSENT ? 0 : view.getFloat64(at, true)
    if (!(quantile >= 0 && quantile <= 1)) return quantile
  }
  return undefined
}

/** Whether `high` times 2^32 and `low` are the count. */
function isSum(count: UnixNanos, high: number, low: number): boolean {
  const carry = Math.floor(low / TWO_32)
  return low - carry * TWO_32 === count.low >>> 0 && high + carry === count.high
}

function faultOf(
  reason: Reason,
  metric: MetricReader,
  point: DataPointReader,
  view: DataView,
): string {
  switch (reason) {
    case 'noTime':
      return 'it is 0'
    case 'tooOld':
    case 'tooFarAhead':
      return `the time is ${new Date(toMs(point.time)).toISOString()}`
    case 'temporality':
      return `it is ${metric.temporality}`
    case 'noValue':
      return 'neither is'
    case 'tooMany':
      return `count is ${textOf(point.count)}`
    case 'bucketCounts':
      return `there are ${point.bucketCounts.count} bucket_counts and ${point.bounds.count} explicit_bounds`
    case 'bounds':
      return 'some are not'
    case 'count':
      return `count is ${textOf(point.count)}, the sum ${textOfSum(metric, point)}`
    case 'quantile':
      return `one is ${offendingQuantile(point, view)}`
    case 'name':
      return `it has ${metric.nameEnd - metric.nameStart}`
    case 'tooDeep':
      return 'an attribute of the data point, its metric, scope or resource is deeper'
    case 'tooLarge':
      return 'there was no room for all attributes, exemplars and buckets'
  }
}

function textOfSum({ data }: MetricReader, point: DataPointReader): string {
  const { bucketCounts, positive, negative, zeroCount } = point
  const sum = ({ sumHigh, sumLow }: { sumHigh: number; sumLow: number }) =>
    BigInt(sumHigh) * BigInt(TWO_32) + BigInt(sumLow)
  if (data === HISTOGRAM) return String(sum(bucketCounts))
  return String(sum(positive.counts) + sum(negative.counts) + toBigInt(zeroCount))
}

function textOf(count: UnixNanos): string {
  return String(toBigInt(count))
}

function toBigInt({ low, high }: UnixNanos): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}

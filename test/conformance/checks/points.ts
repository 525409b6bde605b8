import { strict as assert } from 'node:assert'
import { send, type Way, WAYS } from '../export'
import {
  metric,
  METRIC_KINDS,
  type MetricKind,
  newService,
  numberPoint,
  pointIn,
  pointOf,
  requestOf,
} from '../message'
import { canonicalItem, readNames } from '../stored'
import type { Check, Message, Target } from '../target'
import { sentOne } from './items'

const NO_RECORDED_VALUE = 1
const ODD = '9007199254740993'
/** 2^63, which databases have no integer for. */
const TOO_MANY = '9223372036854775808'

/** What data points of metrics must be. */
export const POINTS: readonly Check[] = [
  {
    item: 48,
    claim: 'a data point without a time is rejected, of every kind, and its neighbours are kept',
    async run(target) {
      for (const kind of METRIC_KINDS) {
        const timeless = pointOf(kind, { timeUnixNano: '0' })
        await onlySoundAreKept(target, kind, [timeless])
      }
    },
  },
  {
    item: 49,
    claim:
      'a number without a value is rejected, unless it says that none was recorded; 0 is a value',
    async run(target) {
      for (const kind of ['gauge', 'sum'] as const) {
        await onlySoundAreKept(target, kind, [numberPoint({ asInt: undefined })])
        for (const way of WAYS) {
          for (const value of [{ asInt: '0' }, { asDouble: 0 }]) {
            const zero = await sentPoint(target, way, kind, numberPoint(value))
            assert.deepEqual(
              { asInt: zero['asInt'], asDouble: zero['asDouble'] },
              { asInt: undefined, asDouble: undefined, ...value },
            )
          }
          const none = numberPoint({ asInt: undefined, flags: NO_RECORDED_VALUE })
          const stored = await sentPoint(target, way, kind, none)
          assert.equal(stored['flags'], NO_RECORDED_VALUE)
          assert.equal(stored['asInt'] ?? stored['asDouble'], undefined)
        }
      }
    },
  },
  {
    item: 50,
    claim:
      'histograms whose buckets do not fit bounds and count are rejected; absent sum, min and max are not 0',
    async run(target) {
      await onlySoundAreKept(target, 'histogram', [
        pointOf('histogram', { bucketCounts: ['1', '1', '1'] }),
        pointOf('histogram', { bucketCounts: [] }),
        pointOf('histogram', { explicitBounds: [2, 1], bucketCounts: ['1', '1', '1'] }),
        pointOf('histogram', { explicitBounds: [1, 1], bucketCounts: ['1', '1', '1'] }),
        pointOf('histogram', { count: '4' }),
        pointOf('histogram', { count: TOO_MANY, bucketCounts: [TOO_MANY], explicitBounds: [] }),
      ])
      const absent = { sum: undefined, min: undefined, max: undefined }
      const zero = { sum: 0, min: 0, max: 0 }
      const unbucketed = { bucketCounts: [], explicitBounds: [], ...absent }
      for (const fields of [absent, zero, unbucketed, { sum: -1.5, min: -3, max: 0.5 }]) {
        await isKept(target, 'histogram', pointOf('histogram', fields))
      }
      const single = { bucketCounts: [ODD], explicitBounds: [], count: ODD }
      await isKept(target, 'histogram', pointOf('histogram', single))
    },
  },
  {
    item: 51,
    claim:
      'exponential histograms keep negative scale and offset, zeros and negative buckets; wrong counts are rejected',
    async run(target) {
      const whole = {
        scale: -7,
        count: '18',
        zeroCount: '3',
        zeroThreshold: 1e-9,
        positive: { offset: -2_147_483_648, bucketCounts: ['1', '0', '2'] },
        negative: { offset: 5, bucketCounts: ['12'] },
        min: -8,
        max: 4,
      }
      await isKept(target, 'exponentialHistogram', pointOf('exponentialHistogram', whole))
      const wide = { offset: -3, bucketCounts: [ODD, '1'] }
      const large = { scale: 20, count: String(BigInt(ODD) + 1n), positive: wide, sum: undefined }
      await isKept(target, 'exponentialHistogram', pointOf('exponentialHistogram', large))
      const bare = { count: '2', zeroCount: '2', positive: undefined, sum: 0 }
      await isKept(target, 'exponentialHistogram', pointOf('exponentialHistogram', bare))
      await onlySoundAreKept(target, 'exponentialHistogram', [
        pointOf('exponentialHistogram', { count: '4' }),
        pointOf('exponentialHistogram', { zeroCount: '1' }),
        pointOf('exponentialHistogram', { negative: { offset: 0, bucketCounts: ['1'] } }),
      ])
    },
  },
  {
    item: 52,
    claim: 'quantiles outside of 0 to 1 are rejected, and so is a temporality that says nothing',
    async run(target) {
      const at = (quantile: number) =>
        pointOf('summary', { quantileValues: [{ quantile, value: 1 }] })
      await onlySoundAreKept(target, 'summary', [at(-0.1), at(1.1), at(Number.NaN)])
      const edges = [0, 0.5, 1].map((quantile) => ({ quantile, value: -1 }))
      await isKept(target, 'summary', pointOf('summary', { quantileValues: edges }))
      for (const kind of ['sum', 'histogram', 'exponentialHistogram'] as const) {
        const service = newService()
        const data = { dataPoints: [pointOf(kind), pointOf(kind)] }
        const metrics = [
          { name: 'unspecified', [kind]: data },
          metric('sound', kind, pointOf(kind)),
        ]
        const outcome = await send(
          target,
          'protobuf',
          'metrics',
          requestOf('metrics', service, metrics),
        )
        assert.equal(outcome.partialSuccess?.rejected, '2', kind)
        assert.deepEqual(await readNames(target, 'metrics', service, 1), ['sound'])
      }
    },
  },
]

/** Sends the faulty points among sound ones, in one metric and in others, in every way. */
async function onlySoundAreKept(
  target: Target,
  kind: MetricKind,
  faulty: readonly Message[],
): Promise<void> {
  for (const way of WAYS) {
    const service = newService()
    const metrics = [
      metric('a', kind, [pointOf(kind), ...faulty, pointOf(kind)]),
      metric('b', kind, pointOf(kind)),
    ]
    const request = requestOf('metrics', service, metrics)
    const { isSuccess, partialSuccess, code } = await send(target, way, 'metrics', request)
    assert.ok(isSuccess, `the sound points are accepted: ${code}`)
    assert.equal(partialSuccess?.rejected, String(faulty.length), kind)
    assert.deepEqual(await readNames(target, 'metrics', service, 3), ['a', 'a', 'b'])
  }
}

async function isKept(target: Target, kind: MetricKind, point: Message): Promise<void> {
  const sent = canonicalItem('metrics', metric('work', kind, point))
  for (const way of WAYS) assert.deepEqual(await sentOne(target, way, 'metrics', sent), sent)
}

async function sentPoint(
  target: Target,
  way: Way,
  kind: MetricKind,
  point: Message,
): Promise<Message> {
  return pointIn(await sentOne(target, way, 'metrics', metric('work', kind, point)))
}

import {
  type Attributes,
  encodeRequest,
  ExportMetricsServiceRequest,
  keyValues,
} from '../helpers/otlp'
import { createRandom, type Random } from '../helpers/random'
import { type BenchPayload, RESOURCE_ATTRIBUTES } from './payload'

export interface MetricPayloadOptions {
  /** Bodies of different seeds have the same series, at other times and with other values. */
  readonly seed: number
  /** The time of the points. */
  readonly nowMs: number
}

const NS_PER_MS = 1_000_000n
const UP_FOR_MS = 3_600_000
const CUMULATIVE = 2
/** What the semantic conventions advise for durations of HTTP. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const EXPONENTIAL_BUCKETS = 60
const ROUTES = ['products', 'orders', 'customers', 'carts', 'invoices'].flatMap((noun) => [
  `/${noun}`,
  `/${noun}/:id`,
  `/${noun}/:id/history`,
])
const METHODS = ['GET', 'POST']
const STATUSES = [200, 201, 400, 404, 500]
const POOLS = 38
const REGIONS = 11
const CHANNELS = ['web', 'app', 'partner', 'phone', 'store', 'market', 'kiosk']
const PEERS = Array.from({ length: 52 }, (_, index) => `peer-${index}.shop.svc.cluster.local`)

/**
 * One collection of sdk-metrics: the same 512 series each time, 307 numbers and 205 histograms, cumulative, with new times
 * and values.
 */
export function benchMetricPayload({ seed, nowMs }: MetricPayloadOptions): BenchPayload {
  const random = createRandom(seed * 7_919 + 3)
  const points = new Points(random, nowMs)
  const message = {
    resourceMetrics: [
      {
        resource: { attributes: keyValues(RESOURCE_ATTRIBUTES) },
        scopeMetrics: [
          {
            scope: { name: '@opentelemetry/instrumentation-http', version: '0.223.0' },
            metrics: httpMetrics(points),
          },
          {
            scope: { name: '@opentelemetry/instrumentation-runtime-node', version: '0.37.0' },
            metrics: runtimeMetrics(points),
          },
          { scope: { name: 'orders', version: '4.17.2' }, metrics: shopMetrics(points) },
        ],
      },
    ],
  }
  return {
    protobuf: encodeRequest(ExportMetricsServiceRequest, message, 'protobuf'),
    json: encodeRequest(ExportMetricsServiceRequest, message, 'json'),
  }
}

/** 150 histograms of requests served, 52 of requests sent. */
function httpMetrics(points: Points): object[] {
  const served = ROUTES.flatMap((route) =>
    METHODS.flatMap((method) =>
      STATUSES.map((status) => ({
        'http.request.method': method,
        'http.response.status_code': status,
        'http.route': route,
        'network.protocol.version': '1.1',
        'url.scheme': 'http',
      })),
    ),
  )
  const called = PEERS.map((peer) => ({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'server.address': peer,
    'server.port': 8080,
  }))
  const durations = (name: string, series: readonly Attributes[]) => ({
    name,
    description: `Duration of HTTP ${name.includes('server') ? 'server' : 'client'} requests.`,
    unit: 's',
    histogram: {
      dataPoints: series.map((attributes) => points.histogram(attributes)),
      aggregationTemporality: CUMULATIVE,
    },
  })
  return [
    durations('http.server.request.duration', served),
    durations('http.client.request.duration', called),
  ]
}

/** 39 gauges of the runtime, 114 of pools. */
function runtimeMetrics(points: Points): object[] {
  const heap = (name: string) => ({
    name: `v8js.memory.heap.${name}`,
    description: `Heap memory ${name} size.`,
    unit: 'By',
    gauge: {
      dataPoints: Array.from({ length: 8 }, (_, space) =>
        points.integer({ 'v8js.heap.space.name': `space_${space}` }),
      ),
    },
  })
  const delay = (name: string) => ({
    name: `nodejs.eventloop.delay.${name}`,
    description: `Event loop ${name} delay.`,
    unit: 's',
    gauge: { dataPoints: [points.double({})] },
  })
  const pool = {
    name: 'db.client.connection.count',
    description: 'Connections of a pool by state.',
    unit: '{connection}',
    gauge: {
      dataPoints: Array.from({ length: POOLS * 3 }, (_, index) =>
        points.integer({
          'db.client.connection.pool.name': `pool-${index % POOLS}`,
          'db.client.connection.state':
            ['idle', 'used', 'waiting'][Math.floor(index / POOLS)] ?? '',
        }),
      ),
    },
  }
  return [
    ...['limit', 'used', 'available', 'physical'].map(heap),
    ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(delay),
    pool,
  ]
}

/** 154 counters, half of them of integers, and 3 exponential histograms. */
function shopMetrics(points: Points): object[] {
  const counter = (name: string, dataPoints: readonly object[]) => ({
    name,
    description: 'What the shop counts.',
    unit: '1',
    sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true },
  })
  const regions = CHANNELS.flatMap((channel) =>
    Array.from({ length: REGIONS }, (_, index) => ({
      'shop.region': `region-${index}`,
      'shop.channel': channel,
    })),
  )
  return [
    counter(
      'shop.orders',
      regions.map((attributes) => points.integer(attributes)),
    ),
    counter(
      'shop.revenue',
      regions.map((attributes) => points.double(attributes)),
    ),
    {
      name: 'shop.basket.value',
      description: 'Value of baskets.',
      unit: '{EUR}',
      exponentialHistogram: {
        dataPoints: CHANNELS.slice(0, 3).map((channel) =>
          points.exponential({ 'shop.channel': channel }),
        ),
        aggregationTemporality: CUMULATIVE,
      },
    },
  ]
}

/** Data points at one time. */
class Points {
  readonly #random: Random
  readonly #times: { readonly startTimeUnixNano: string; readonly timeUnixNano: string }

  constructor(random: Random, nowMs: number) {
    this.#random = random
    this.#times = {
      startTimeUnixNano: String(BigInt(nowMs - UP_FOR_MS) * NS_PER_MS),
      timeUnixNano: String(BigInt(nowMs) * NS_PER_MS),
    }
  }

  integer(attributes: Attributes): object {
    return { ...this.#common(attributes), asInt: String(this.#random.below(1_000_000_000)) }
  }

  double(attributes: Attributes): object {
    return { ...this.#common(attributes), asDouble: this.#random.below(1_000_000_000) / 1_000 }
  }

  histogram(attributes: Attributes): object {
    const counts = this.#counts(BOUNDS.length + 1)
    const spread = { sum: this.#random.below(1_000_000) / 1_000, min: 0.0012, max: 9.871 }
    return {
      ...this.#common(attributes),
      count: String(sumOf(counts)),
      ...spread,
      bucketCounts: counts.map(String),
      explicitBounds: BOUNDS,
    }
  }

  exponential(attributes: Attributes): object {
    const counts = this.#counts(EXPONENTIAL_BUCKETS)
    return {
      ...this.#common(attributes),
      count: String(sumOf(counts)),
      sum: this.#random.below(1_000_000) / 100,
      min: 1.5,
      max: 812.25,
      scale: 3,
      positive: { offset: 4, bucketCounts: counts.map(String) },
    }
  }

  #common(attributes: Attributes): object {
    return { attributes: keyValues(attributes), ...this.#times }
  }

  #counts(length: number): number[] {
    return Array.from({ length }, () => this.#random.below(10_000))
  }
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

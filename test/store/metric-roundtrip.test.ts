import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { protobufFromJson } from '../../collector/otlp/json'
import { EXPORT_METRICS_SERVICE_REQUEST } from '../../collector/otlp/schema'
import { metrics, type MetricInput, type MetricsInput } from '../helpers/otlp-metrics'
import { never, openDatabase, openWriter, stored } from './database'
import { NOON_NS, translated } from './metric-letters'

const START = NOON_NS - 1_234_567_891n
const TIME = NOON_NS + 7n
const MOST = String(2n ** 63n - 1n)
const ATTRIBUTES = { 'http.route': `/a'"\\ü`, n: 9_007_199_254_740_993n, d: 1.5, $a: [1, null] }
const EXEMPLAR = {
  timeUnixNano: NOON_NS + 1n,
  filteredAttributes: { user: 'u', blob: Buffer.from([255]) },
  traceId: Buffer.from('ffeeddccbbaa99887766554433221100', 'hex'),
  spanId: Buffer.from('fedcba9876543210', 'hex'),
}
const POINT = {
  timeUnixNano: TIME,
  startTimeUnixNano: START,
  attributes: ATTRIBUTES,
  flags: 0xffff_fffe,
}
const ABOUT = {
  description: `d ' \t \n emoji 🚀`,
  unit: '{order}',
  metadata: { 'prometheus.type': 'info', n: 1 },
}
const STATISTICS = { sum: -0.5, min: -2, max: 1e300 }

const METRICS: readonly MetricInput[] = [
  {
    ...ABOUT,
    name: 'gauge',
    gauge: {
      dataPoints: [{ ...POINT, asDouble: -0, exemplars: [{ ...EXEMPLAR, asDouble: 2 }, {}] }],
    },
  },
  {
    ...ABOUT,
    name: 'sum',
    sum: {
      aggregationTemporality: 2,
      isMonotonic: true,
      dataPoints: [{ ...POINT, asInt: '9007199254740993', exemplars: [{ asInt: MOST }] }],
    },
  },
  {
    ...ABOUT,
    name: 'histogram',
    histogram: {
      aggregationTemporality: 1,
      dataPoints: [
        {
          ...POINT,
          ...STATISTICS,
          count: MOST,
          bucketCounts: ['7', String(2n ** 63n - 8n), '0'],
          explicitBounds: [-0.1, 5e-324],
          exemplars: [EXEMPLAR],
        },
      ],
    },
  },
  {
    ...ABOUT,
    name: 'exponential',
    exponentialHistogram: {
      aggregationTemporality: 2,
      dataPoints: [
        {
          ...POINT,
          ...STATISTICS,
          count: '311',
          scale: -3,
          zeroCount: '4',
          zeroThreshold: 0.25,
          positive: { offset: -2_147_483_648, bucketCounts: ['1', '0', '300'] },
          negative: { offset: 2_147_483_647, bucketCounts: ['6'] },
          exemplars: [{ ...EXEMPLAR, asDouble: Number.NaN }],
        },
      ],
    },
  },
  {
    ...ABOUT,
    name: 'summary',
    summary: {
      dataPoints: [
        {
          ...POINT,
          count: '3',
          sum: Infinity,
          quantileValues: [
            { quantile: 0, value: 1 },
            { quantile: 0.99, value: Number.NaN },
          ],
        },
      ],
    },
  },
]

const INPUT: MetricsInput = {
  service: 'till',
  resource: {
    attributes: { 'service.namespace': 'shops', 'tenant.id': 'acme' },
    droppedAttributesCount: 7,
    entityRefs: [{ type: 'host', idKeys: ['host.id'] }],
    schemaUrl: 'https://resource',
  },
  scope: {
    name: '@scope/http',
    version: '1.2.3',
    attributes: { short: true },
    droppedAttributesCount: 8,
    schemaUrl: 'https://scope',
  },
  metrics: METRICS,
}

/** What is the same in all of them. */
const SHARED = {
  unit: '{order}',
  description: ABOUT.description,
  service: 'till',
  namespace: 'shops',
  environment: '',
  tenant: 'acme',
  start_unix_nano: String(START),
  time_unix_nano: String(TIME),
  flags: String(0xffff_fffe),
  metadata: { 'prometheus.type': 'info', n: 1 },
  attributes: '{"d": 1.5, "n": 9007199254740993, "$$a": [1, null], "http.route": "/a\'\\"\\\\ü"}',
  resource_attributes: {
    'service.name': 'till',
    'service.namespace': 'shops',
    'tenant.id': 'acme',
  },
  resource_dropped_attributes_count: '7',
  entity_refs: [{ type: 'host', id_keys: ['host.id'] }],
  resource_schema_url: 'https://resource',
  scope_name: '@scope/http',
  scope_version: '1.2.3',
  scope_attributes: { short: true },
  scope_dropped_attributes_count: '8',
  scope_schema_url: 'https://scope',
}
const NOTHING = {
  is_monotonic: null,
  temporality: null,
  value: null,
  value_int: null,
  count: null,
  sum: null,
  min: null,
  max: null,
  bucket_counts: null,
  explicit_bounds: null,
  scale: null,
  zero_count: null,
  zero_threshold: null,
  positive_offset: null,
  positive_counts: null,
  negative_offset: null,
  negative_counts: null,
  quantiles: null,
  quantile_values: null,
  exemplars: '[]',
}
const STORED_EXEMPLAR =
  '"span_id": "fedcba9876543210", "trace_id": "ffeeddccbbaa99887766554433221100", ' +
  '"attributes": {"blob": {"$bytes": "/w=="}, "user": "u"}, ' +
  `"time_unix_nano": "${NOON_NS + 1n}"`

const EXPECTED = [
  {
    ...NOTHING,
    name: 'gauge',
    kind: 'gauge',
    value: -0,
    exemplars: `[{"value": 2.0, ${STORED_EXEMPLAR}}, {}]`,
  },
  {
    ...NOTHING,
    name: 'sum',
    kind: 'sum',
    temporality: 'cumulative',
    is_monotonic: true,
    value: 9_007_199_254_740_992,
    value_int: '9007199254740993',
    exemplars: `[{"value": ${MOST}}]`,
  },
  {
    ...NOTHING,
    ...STATISTICS,
    name: 'histogram',
    kind: 'histogram',
    temporality: 'delta',
    count: MOST,
    bucket_counts: ['7', String(2n ** 63n - 8n), '0'],
    explicit_bounds: [-0.1, 5e-324],
    exemplars: `[{${STORED_EXEMPLAR}}]`,
  },
  {
    ...NOTHING,
    ...STATISTICS,
    name: 'exponential',
    kind: 'exponential_histogram',
    temporality: 'cumulative',
    count: '311',
    scale: -3,
    zero_count: '4',
    zero_threshold: 0.25,
    positive_offset: -2_147_483_648,
    positive_counts: ['1', '0', '300'],
    negative_offset: 2_147_483_647,
    negative_counts: ['6'],
    exemplars: `[{"value": {"$double": "NaN"}, ${STORED_EXEMPLAR}}]`,
  },
  {
    ...NOTHING,
    name: 'summary',
    kind: 'summary',
    count: '3',
    sum: Infinity,
    quantiles: [0, 0.99],
    quantile_values: [1, Number.NaN],
  },
].map((row) => ({ ...SHARED, ...row }))

async function store(t: Test, major: 15 | 18, body: Uint8Array): Promise<Pool> {
  const pool = await openDatabase(t, { major })
  const request = translated(body)
  t.equal(request.translated.rejection, '')
  t.same(await openWriter(t, pool).write([request], never), [stored])
  return pool
}

for (const major of [15, 18] as const) {
  for (const encoding of ['protobuf', 'json'] as const) {
    t.test(
      `every field of every metric sent as ${encoding} is read back on Postgres ${major}`,
      async (t) => {
        const sent = metrics(INPUT, encoding)
        const isJson = encoding === 'json'
        const body = isJson ? protobufFromJson(sent, EXPORT_METRICS_SERVICE_REQUEST) : sent
        const pool = await store(t, major, body)
        const { rows } = await pool.query<Record<string, unknown>>(
          `select *, attributes::text as attributes, exemplars::text as exemplars
         from sidelight.metrics`,
        )
        const byName = new Map(rows.map((row) => [row['name'], row]))
        t.equal(rows.length, EXPECTED.length)
        for (const expected of EXPECTED) {
          const row = byName.get(expected.name)
          for (const [column, value] of Object.entries(expected)) {
            t.strictSame(row?.[column], value, `${column} of ${expected.name}`)
          }
          const told = new Set([...Object.keys(expected), ...TIMES_AND_IDS])
          t.strictSame(
            Object.keys(row ?? {}).filter((column) => !told.has(column)),
            [],
          )
        }
      },
    )
  }
}

/** Columns that say again what others say. */
const TIMES_AND_IDS = ['time', 'start_time', 'series_id', 'service_id', 'resource_id', 'scope_id']

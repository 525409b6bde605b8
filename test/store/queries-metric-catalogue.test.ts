import t from 'tap'
import { createMetricQueries } from '../../collector/store/queries/metrics'
import { openDatabase } from './database'
import { seedMetrics, type SeedSeries } from './seed-metrics'

const SERIES: SeedSeries[] = [
  { id: 11n, name: 'temperature', attributes: '{"room": "hall", "floor": 1}' },
  { id: 12n, name: 'temperature', attributes: '{"room": "attic", "floor": 2}', service: 2n },
  { id: 13n, name: 'temperature', attributes: '{"room": "cellar"}', service: 3n },
  {
    id: -21n,
    name: 'bytes',
    kind: 'sum',
    unit: 'By',
    temporality: 'cumulative',
    isMonotonic: true,
  },
  { id: 22n, name: 'bytes', kind: 'sum', unit: 'By', temporality: 'delta', isMonotonic: true },
  {
    id: 31n,
    name: 'calls',
    kind: 'sum',
    temporality: 'cumulative',
    isMonotonic: true,
    attributes: '{"otel.metric.overflow": true}',
  },
]

t.test('the catalogue', async (t) => {
  const pool = await openDatabase(t)
  await seedMetrics(pool, {
    series: [
      ...SERIES,
      {
        id: 81n,
        name: 'temperature',
        unit: 'K',
        description: 'Warmth',
        attributes: '{"$$odd": 1}',
      },
      {
        id: 82n,
        name: 'bytes',
        kind: 'sum',
        unit: 'By',
        temporality: 'delta',
        isMonotonic: true,
        lastSeenDay: '2026-03-02',
      },
    ],
  })
  const { readMetricCatalogue, readMetricVariants } = createMetricQueries(pool)
  const all = { tenant: null, service: null, prefix: null, search: null, limit: 100 }

  t.test('has each metric once a kind and unit, with its services and keys', async (t) => {
    const { metrics, isTruncated } = await readMetricCatalogue(all)
    t.equal(isTruncated, false)
    t.strictSame(
      metrics.map(({ name, unit, temporality }) => [name, unit, temporality]),
      [
        ['bytes', 'By', 'cumulative'],
        ['bytes', 'By', 'delta'],
        ['calls', '1', 'cumulative'],
        ['temperature', '1', null],
        ['temperature', 'K', null],
      ],
    )
    t.strictSame(metrics[3], {
      name: 'temperature',
      kind: 'gauge',
      unit: '1',
      temporality: null,
      monotonic: null,
      description: '',
      services: ['gateway', 'orders'],
      labelKeys: ['floor', 'room'],
      seriesCount: 3,
      lastSeenDay: '2026-03-01',
    })
    t.match(metrics[1], { monotonic: true, seriesCount: 2, lastSeenDay: '2026-03-02' })
    t.match(metrics[4], { description: 'Warmth', labelKeys: ['$odd'] })
  })

  t.test('is narrowed by tenant, service, prefix, text and limit', async (t) => {
    const names = async (more: Partial<typeof all> | object) => {
      const { metrics, isTruncated } = await readMetricCatalogue({ ...all, ...more })
      return [...new Set(metrics.map(({ name }) => name)), ...(isTruncated ? ['…'] : [])]
    }
    t.strictSame(await names({ tenant: 'umbrella' }), ['temperature'])
    t.strictSame(await names({ tenant: 'acme', service: 'orders' }), ['temperature'])
    t.strictSame(await names({ prefix: 'b' }), ['bytes'])
    t.strictSame(await names({ prefix: 'B' }), [])
    t.strictSame(await names({ search: 'ALL' }), ['calls'])
    t.strictSame(await names({ limit: 2 }), ['bytes', 'calls', '…'])
    const { metrics } = await readMetricCatalogue({ ...all, tenant: 'umbrella' })
    t.match(metrics, [{ services: ['orders'], labelKeys: ['room'], seriesCount: 1 }])
  })

  t.test('says as what a metric is stored, to its tenant alone', async (t) => {
    t.strictSame(await readMetricVariants({ name: 'temperature', tenant: null, service: null }), [
      { kind: 'gauge', unit: '1', temporality: null, isMonotonic: null },
      { kind: 'gauge', unit: 'K', temporality: null, isMonotonic: null },
    ])
    t.equal(
      (await readMetricVariants({ name: 'temperature', tenant: 'umbrella', service: null })).length,
      1,
    )
    t.strictSame(await readMetricVariants({ name: 'bytes', tenant: 'umbrella', service: null }), [])
  })
})

import t from 'tap'
import type { MetricAnswer, Metric } from '../../collector/api/schemas/metric'
import type { MetricQuestion } from '../../collector/api/metric-contract'
import { BadData, Unavailable } from '../../collector/errors'
import { createMetricQueries } from '../../collector/store/queries/metrics'
import { openDatabase } from '../store/database'
import { seedMetrics } from '../store/seed-metrics'
import { ask } from './answer'
import { ACME_ADMIN, ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const CATALOGUE = '/api/v1/metrics'
const QUERY = '/api/v1/metrics/query'

interface Problem {
  readonly detail: string
  readonly errors?: { readonly name: string; readonly reason: string }[]
}

/** ISO, so many minutes before now. */
const ago = (minutes: number) => new Date(NOW_MS - minutes * 60_000).toISOString()

t.test('answers from a database', async (t) => {
  const pool = await openDatabase(t)
  const sum = { kind: 'sum', temporality: 'cumulative', isMonotonic: true }
  await seedMetrics(pool, {
    series: [
      { ...sum, id: 1n, name: 'http.requests', attributes: '{"route": "/a"}' },
      { ...sum, id: 2n, name: 'http.requests', attributes: '{"route": "/b"}', service: 3n },
      { id: 3n, name: 'memory', unit: 'By', description: 'Memory in use' },
      { id: 4n, name: 'mixed', unit: 'ms' },
      { ...sum, id: 5n, name: 'mixed', unit: 's' },
      {
        id: 6n,
        name: 'latency',
        kind: 'histogram',
        unit: 's',
        temporality: 'delta',
        bounds: [1, 2],
      },
    ],
    points: [
      // 60 a minute; restarted 90 s ago, and 30 counted within the minute since.
      { series: 1n, time: ago(4), start: ago(600), int: 1000n },
      { series: 1n, time: ago(3), start: ago(600), int: 1060n },
      { series: 1n, time: ago(2), start: ago(600), int: 1120n },
      { series: 1n, time: ago(1), start: ago(1.5), int: 30n },
      { series: 2n, time: ago(3), start: ago(3.5), value: 1.5 },
      { series: 3n, time: ago(2), int: 2n ** 53n + 1n },
    ],
    histograms: [
      { series: 6n, time: ago(2.5), start: ago(3), count: 4, sum: 4, buckets: [2, 2, 0] },
    ],
  })
  const { app } = buildApi(t, { queries: createMetricQueries(pool) })
  const query = (parameters: string) => ask<MetricAnswer>(app, QUERY, `${QUERY}?${parameters}`)
  const problem = async (parameters: string) => {
    const answer = await ask<Problem>(app, QUERY, `${QUERY}?${parameters}`)
    return answer.errors?.map(({ name, reason }) => `${name} ${reason}`) ?? answer.detail
  }

  t.test('the catalogue lists what is stored', async (t) => {
    const { metrics, truncated } = await ask<{ metrics: Metric[]; truncated: boolean }>(
      app,
      CATALOGUE,
      `${CATALOGUE}?search=MEM`,
    )
    t.equal(truncated, false)
    t.strictSame(metrics, [
      {
        name: 'memory',
        kind: 'gauge',
        unit: 'By',
        monotonic: null,
        temporality: null,
        description: 'Memory in use',
        services: ['gateway'],
        labelKeys: [],
        seriesCount: 1,
        lastSeenDay: '2026-03-01',
      },
    ])
    const limited = await ask<{ metrics: Metric[]; truncated: boolean }>(
      app,
      CATALOGUE,
      `${CATALOGUE}?limit=1&service=gateway&prefix=http`,
    )
    t.match(limited, {
      metrics: [{ name: 'http.requests', labelKeys: ['route'] }],
      truncated: false,
    })
  })

  t.test('a rate is right across a counter reset', async (t) => {
    t.strictSame(
      await query('name=http.requests&since=-4m&step=1m&aggregation=rate&service=gateway'),
      {
        name: 'http.requests',
        kind: 'sum',
        unit: '1',
        temporality: 'cumulative',
        monotonic: true,
        aggregation: 'rate',
        window: { since: '2026-03-01T11:56:00.000Z', until: '2026-03-01T12:00:00.000Z' },
        stepSeconds: 60,
        times: [4, 3, 2, 1].map(ago),
        series: [{ labels: {}, quantile: null, values: [null, 1, 1, 0.5] }],
        truncated: false,
      },
    )
  })

  t.test('groups, filters and defaults come from the parameters', async (t) => {
    const grouped = await query('name=http.requests&since=-4m&step=60&groupBy=service,%20route')
    t.equal(grouped.aggregation, 'rate')
    t.strictSame(
      grouped.series.map((one) => one.labels),
      [
        { service: 'gateway', route: '/a' },
        { service: 'orders', route: '/b' },
      ],
    )
    const filtered = await query(
      'name=http.requests&hours=1&filter=attribute.route=/a&filter=resource.host.name=a&aggregation=count&step=1h',
    )
    t.strictSame(filtered.series, [{ labels: {}, quantile: null, values: [4] }])
    t.equal((await query('name=memory')).aggregation, 'avg')
    t.equal((await query('name=memory')).stepSeconds, 600)
    t.equal((await query('name=memory')).times.length, 144)
    t.strictSame((await query('name=memory&filter=a=b')).series, [])
  })

  t.test('the window is widened to whole steps', async (t) => {
    const { window, times } = await query(
      'name=memory&since=2026-03-01T10:59:59Z&until=2026-03-01T11:00:01Z&step=30m',
    )
    t.strictSame(window, { since: '2026-03-01T10:30:00.000Z', until: '2026-03-01T11:30:00.000Z' })
    t.equal(times.length, 2)
  })

  t.test('an integer beyond 2^53 is answered with every digit', async (t) => {
    const { series } = await query('name=memory&hours=1&step=1h&aggregation=last')
    t.strictSame(series[0]?.values, ['9007199254740993'])
  })

  t.test('quantiles are asked for by number or by name', async (t) => {
    const window = 'name=latency&hours=1&step=1h'
    const values = async (parameters: string) =>
      (await query(`${window}&${parameters}`)).series.map((one) => [one.quantile, ...one.values])
    t.strictSame(await values('quantile=0.5'), [[0.5, 1]])
    t.strictSame(await values('aggregation=p50'), [[0.5, 1]])
    t.strictSame(await values('quantile=0&quantile=1&aggregation=p50'), [
      [0, 0],
      [1, 2],
      [0.5, 1],
    ])
  })

  t.test(
    'a metric nobody sent is not found, to a tenant that of another is not there',
    async (t) => {
      t.match(await problem('name=none'), /"none" is stored; \/api\/v1\/metrics lists/)
      t.match(await problem('name=memory&service=orders'), /of the service "orders"/)
      const headers = bearer(ACME_ADMIN)
      const seen = await app.inject({ url: `${QUERY}?name=http.requests&groupBy=route`, headers })
      t.match(seen.json<MetricAnswer>(), { series: { length: 1, 0: { labels: { route: '/a' } } } })
      await pool.query(`update sidelight.metric_series set service_id = 3 where name = 'memory'`)
      const hidden = await app.inject({ url: `${QUERY}?name=memory`, headers })
      t.equal(hidden.statusCode, 404)
      const listed = await app.inject({ url: CATALOGUE, headers })
      t.notMatch(listed.body, 'memory')
    },
  )

  t.test('what fits several metrics, or none of its kind, is refused and told', async (t) => {
    t.strictSame(await problem('name=mixed'), [
      'kind must be given: mixed is stored as "gauge" or "sum"',
      'unit must be given: mixed is stored as "ms" or "s"',
    ])
    t.equal((await query('name=mixed&kind=sum')).unit, 's')
    t.strictSame(await problem('name=mixed&kind=summary'), [
      'kind must be "gauge" or "sum" for mixed, not "summary"',
    ])
    t.strictSame(await problem('name=memory&unit=K'), ['unit must be "By" for memory, not "K"'])
    t.strictSame(await problem('name=memory&aggregation=rate'), [
      'aggregation must be one of avg, min, max, sum, last, count for a gauge, not rate',
    ])
    t.strictSame(await problem('name=http.requests&quantile=0.5'), [
      'aggregation must be one of avg, min, max, sum, last, count, increase, rate for a sum, not quantile',
    ])
    t.match(await problem('name=latency&aggregation=last'), [
      /^aggregation must be one of .* histogram/,
    ])
  })
})

t.test('a faulty parameter is named with its value and what is allowed', async (t) => {
  const { app } = buildApi(t)
  const cases: [parameters: string, name: string, reason: RegExp][] = [
    ['', 'name', /must be given/],
    ['name=', 'name', /at least 1 character/],
    ['name=a&step=0', 'step', /30s, 5m, 1h, 1d, not "0"/],
    ['name=a&step=1.5', 'step', /not "1.5"/],
    ['name=a&step=-5m', 'step', /not "-5m"/],
    ['name=a&step=1w', 'step', /not "1w"/],
    ['name=a&step=367d', 'step', /not "367d"/],
    ['name=a&step=1s&hours=24', 'step', /must be at least 8 s in this window/],
    ['name=a&hours=0', 'hours', /from 1/],
    ['name=a&hours=1&since=-1h', 'hours', /together with since/],
    ['name=a&since=yesterday', 'since', /RFC 3339/],
    ['name=a&until=tomorrow', 'until', /RFC 3339/],
    ['name=a&aggregation=mean', 'aggregation', /one of avg, .* p99, not "mean"/],
    ['name=a&aggregation=constructor', 'aggregation', /not "constructor"/],
    ['name=a&aggregation=quantile', 'quantile', /must be given with/],
    [
      'name=a&aggregation=avg&quantile=0.5',
      'quantile',
      /must not be given with the aggregation avg/,
    ],
    ['name=a&quantile=1.5', 'quantile/0', /from 0 to 1/],
    ['name=a&quantile=half', 'quantile/0', /number/],
    ['name=a&filter=route', 'filter', /must be key=value, .*not "route"/],
    ['name=a&filter==x', 'filter', /must be key=value/],
    ['name=a&groupBy=a,,b', 'groupBy', /none empty/],
    ['name=a&groupBy=', 'groupBy', /at least 1 character/],
    ['name=a&limit=1001', 'limit', /from 1 to 1000/],
    ['name=a&service=', 'service', /at least 1 character/],
    ['name=a&nmae=b', 'nmae', /is not known; known are name, kind, unit/],
  ]
  for (const [parameters, name, reason] of cases) {
    const { errors } = await ask<Problem>(app, QUERY, `${QUERY}?${parameters}`)
    t.match(errors, [{ name, reason }], parameters)
  }
  const { errors } = await ask<Problem>(
    app,
    QUERY,
    `${QUERY}?step=x&filter=y&groupBy=,&aggregation=z`,
  )
  t.strictSame(
    errors?.map(({ name }) => name),
    ['name', 'aggregation', 'filter', 'groupBy', 'step'],
  )
  for (const parameters of ['limit=0', 'limit=10001', 'prefix=', 'search=', 'service=', 'x=1']) {
    const { errors: faults } = await ask<Problem>(app, CATALOGUE, `${CATALOGUE}?${parameters}`)
    t.match(faults, [{ name: parameters.split('=')[0] }], parameters)
  }
})

t.test('parameters reach the queries as they were given', async (t) => {
  const asked: MetricQuestion[] = []
  const { app } = buildApi(t, {
    queries: {
      readMetricCatalogue: () => Promise.reject(new Unavailable('enough')),
      readMetricVariants: () =>
        Promise.resolve([{ kind: 'sum', unit: '', temporality: 'delta', isMonotonic: true }]),
      readMetricValues: (question) => {
        asked.push(question)
        return Promise.reject(new BadData('too many'))
      },
    },
  })
  const url =
    `${QUERY}?name=a%20b&since=-90s&until=-30s&step=20s&aggregation=max&service=s&limit=7` +
    '&filter=k=v=w&filter=a\\=b=c\\=d&filter=service=t&groupBy=resource.a.b,attribute.service,k,k&unit='
  const answer = await app.inject({ url, headers: bearer(ACME_ADMIN) })
  t.equal(answer.statusCode, 400)
  t.match(answer.json(), { detail: 'too many' })
  t.strictSame(asked, [
    {
      name: 'a b',
      kind: 'sum',
      unit: '',
      tenant: 'acme',
      service: 's',
      filters: [
        { key: { from: 'point', key: 'k', label: 'k' }, value: 'v=w' },
        { key: { from: 'point', key: 'a=b', label: 'a=b' }, value: 'c\\=d' },
        { key: { from: 'service', key: 'service', label: 'service' }, value: 't' },
      ],
      groupBy: [
        { from: 'resource', key: 'a.b', label: 'resource.a.b' },
        { from: 'point', key: 'service', label: 'attribute.service' },
        { from: 'point', key: 'k', label: 'k' },
      ],
      maxSeries: 7,
      steps: { sinceMs: NOW_MS - 100_000, untilMs: NOW_MS - 20_000, stepMs: 20_000, count: 4 },
      aggregation: 'max',
      quantiles: [],
    },
  ])
  const catalogue = await app.inject({ url: CATALOGUE, headers: bearer(ADMIN) })
  t.equal(catalogue.statusCode, 503)
  await app.inject({
    url: `${QUERY}?name=a&hours=1&step=1h&until=2026-03-01T12:30:00Z`,
    headers: bearer(READ),
  })
  t.match(asked[1]?.steps, { untilMs: NOW_MS }, 'nothing has happened after now')
})

t.test('a read token is enough, an ingest token is not', async (t) => {
  const { app } = buildApi(t)
  const status = async (url: string, token: string) =>
    (await app.inject({ url, headers: bearer(token) })).statusCode
  t.equal(await status(CATALOGUE, READ), 200)
  t.equal(await status(CATALOGUE, INGEST), 403)
  t.equal(await status(`${QUERY}?name=a`, INGEST), 403)
})

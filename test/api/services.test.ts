import t from 'tap'
import { ask } from './answer'
import { fakeFigures, figuresOf } from './figures'
import { ACME_ADMIN, bearer, buildApi, NOW_MS, READ } from './server'

const HOUR_MS = 3_600_000
const GROUPLESS = { module: null, operation: null, kind: null }
const gateway = (durationsMs: number[], fields = {}) =>
  figuresOf(durationsMs, { ...GROUPLESS, ...fields })

t.test('services have when their spans were seen, and the figures of their requests', async (t) => {
  const seen = (hours: number, untilHours: number, fields = {}) =>
    gateway([1, 1, 1], {
      firstSeenMs: NOW_MS - hours * HOUR_MS,
      lastSeenMs: NOW_MS - untilHours * HOUR_MS,
      ...fields,
    })
  const { asked, readFigures } = fakeFigures(({ of, stepMs }) => {
    if (of === 'requests') return [gateway([10, 30], { errorCount: 1, adjustedErrorCount: 1 })]
    return stepMs === null
      ? [
          seen(3, 1),
          seen(2, 2, { service: 'cron' }),
          seen(4, 3, { environment: 'test', namespace: 'b' }),
        ]
      : [seen(1, 0.5), seen(0.5, 0.1)]
  })
  const { app } = buildApi(t, { queries: { readFigures } })
  const path = '/api/v1/services'
  const answer = await ask<{ gaps: string[] }>(app, path, `${path}?hours=4`)
  t.match(answer, {
    window: { since: '2026-03-01T08:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
    services: [
      {
        service: 'cron',
        lastSeen: '2026-03-01T10:00:00.000Z',
        spanCount: 3,
        count: 0,
        ratePerSecond: 0,
        durationMs: { p95: null },
      },
      {
        service: 'gateway',
        environment: 'prod',
        namespace: 'shop',
        firstSeen: '2026-03-01T09:00:00.000Z',
        lastSeen: '2026-03-01T11:54:00.000Z',
        spanCount: 3,
        count: 2,
        errorRate: 50,
        ratePerSecond: 2 / 14_400,
        durationMs: { avg: 20, max: 30 },
      },
      { service: 'gateway', environment: 'test', spanCount: 3, count: 0, errorRate: null },
    ],
  })
  t.strictSame(answer.gaps, ['a gap'], 'once')
  t.match(asked, [
    { of: 'requests', by: ['service'], stepMs: null },
    { of: 'spans', by: ['service'], stepMs: null },
    { of: 'spans', window: { sinceMs: NOW_MS - HOUR_MS }, stepMs: 1_800_000 },
  ])
})

t.test('operations are those of a service, the busiest first', async (t) => {
  const { asked, readFigures } = fakeFigures(() => [
    figuresOf([1]),
    figuresOf([5, 5], { operation: 'POST /cart' }),
  ])
  const { app } = buildApi(t, { queries: { readFigures } })
  const path = '/api/v1/operations'
  t.match(await ask(app, path, `${path}?service=gateway`), {
    operations: [
      { service: 'gateway', module: 'http', operation: 'POST /cart', kind: 'server', count: 2 },
      { operation: 'GET /shop', count: 1 },
    ],
    truncated: false,
  })
  t.match(await ask(app, path, `${path}?limit=1`), {
    operations: [{ operation: 'POST /cart' }],
    truncated: true,
  })
  t.match(asked, [
    { of: 'spans', by: ['service', 'module', 'operation'], filter: { service: 'gateway' } },
    { filter: { service: null } },
  ])
})

t.test('the map has a node a name, and nodes for whoever is only called', async (t) => {
  const { readFigures } = fakeFigures(() => [
    gateway([10, 20]),
    gateway([30], { environment: 'test' }),
  ])
  const edge = {
    client: 'gateway',
    server: 'orders',
    count: 4,
    errorCount: 1,
    adjustedCount: 8,
    adjustedErrorCount: 2,
    durationSumNs: 16e6,
    durationMaxNs: 5e6,
  }
  const silent = { ...edge, client: 'orders', durationSumNs: 0, durationMaxNs: null }
  const { app } = buildApi(t, {
    queries: {
      readFigures,
      readEdges: ({ window }) => Promise.resolve({ window, edges: [edge, silent] }),
    },
  })
  const path = '/api/v1/service-map'
  t.match(await ask(app, path, `${path}?hours=1`), {
    nodes: [
      { service: 'gateway', count: 3, durationMs: { avg: 20, min: 10, max: 30 } },
      { service: 'orders', count: 0 },
    ],
    edges: [
      {
        client: 'gateway',
        server: 'orders',
        count: 4,
        errorCount: 1,
        errorRate: 25,
        ratePerSecond: 8 / 3600,
        avgMs: 2,
        maxMs: 5,
      },
      { client: 'orders', server: 'orders', avgMs: null, maxMs: null },
    ],
    edgesWindow: { since: '2026-03-01T11:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
  })
})

t.test('a token of scope read is enough; a tenant’s reads its own', async (t) => {
  const { asked, readFigures } = fakeFigures(() => [])
  const tenants: (string | null)[] = []
  const { app } = buildApi(t, {
    queries: {
      readFigures,
      readEdges: ({ window, tenant }) => {
        tenants.push(tenant)
        return Promise.resolve({ window, edges: [] })
      },
    },
  })
  for (const name of ['services', 'operations', 'service-map']) {
    const url = `/api/v1/${name}`
    t.equal((await app.inject({ url, headers: bearer(READ) })).statusCode, 200, name)
    asked.length = 0
    await app.inject({ url, headers: bearer(ACME_ADMIN) })
    t.ok(asked.length > 0 && asked.every(({ filter }) => filter.tenant === 'acme'), name)
  }
  t.strictSame(tenants, [null, 'acme'])
})

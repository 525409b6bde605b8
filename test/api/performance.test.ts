import t from 'tap'
import type { SearchQueries, SpanQuestion } from '../../collector/api/search-contract'
import { ask } from './answer'
import { fakeFigures, figuresOf } from './figures'
import { ACME_ADMIN, ADMIN, bearer, buildApi, NOW_MS, READ } from './server'

const PREFIX = '/api/admin/observability/performance'
const HOUR_MS = 3_600_000
const DAY = { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS }
const NOTHING = { tenant: null, service: null, module: null, operation: null }

interface Row {
  readonly operation: string
  readonly durationMs: Record<string, number>
  readonly [field: string]: unknown
}

const GATEWAY = figuresOf([10, 20, 30, 40], { errorCount: 1, adjustedErrorCount: 1 })
const ORDERS = figuresOf([500, 1000], {
  service: 'orders',
  operation: 'place order',
  // Every other span is sampled.
  adjustedCount: 4,
  errorTraceId: 'b'.repeat(32),
})

t.test('stats are the figures of every span, by operation, in the order asked for', async (t) => {
  const { asked, readFigures } = fakeFigures(() => [ORDERS, GATEWAY])
  const { app } = buildApi(t, { queries: { readFigures } })
  const path = `${PREFIX}/stats`
  const stats = async (query: string) =>
    (await ask<{ stats: Row[] }>(app, path, `${path}${query}`)).stats
  const answer = await ask<{ stats: Row[] }>(app, path, `${path}?hours=2`)
  t.match(answer, {
    window: { since: '2026-03-01T10:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
    gaps: ['a gap'],
    truncated: false,
    stats: [
      {
        tenant: '',
        environment: 'prod',
        namespace: 'shop',
        service: 'gateway',
        module: 'http',
        operation: 'GET /shop',
        kind: 'server',
        lastSeen: '2026-03-01T11:59:00.000Z',
        count: 4,
        errorCount: 1,
        errorRate: 25,
        ratePerSecond: 4 / 7200,
        durationMs: { avg: 25, min: 10, max: 40 },
        slowestTraceId: 'a'.repeat(32),
        errorTraceId: null,
      },
      { operation: 'place order', count: 2, ratePerSecond: 4 / 7200 },
    ],
  })
  const { p50 = 0, p95 = 0 } = answer.stats[0]?.durationMs ?? {}
  t.ok(Math.abs(p50 / 20 - 1) < 0.022 && Math.abs(p95 / 40 - 1) < 0.022, `${p50}, ${p95}`)
  t.match(await stats('?order=p95'), [{ operation: 'place order' }, { operation: 'GET /shop' }])
  t.match(await stats('?order=errorRate'), [{ operation: 'GET /shop' }, {}])
  t.equal((await stats('?limit=1')).length, 1)
  t.match(await ask(app, path, `${path}?limit=1`), { truncated: true })

  asked.length = 0
  await stats('?groupBy=module&service=a&module=b&operation=c')
  await stats('?groupBy=service')
  await stats('')
  t.strictSame(asked, [
    {
      window: DAY,
      filter: { tenant: null, service: 'a', module: 'b', operation: 'c' },
      of: 'spans',
      by: ['service', 'module'],
      stepMs: null,
    },
    { window: DAY, filter: NOTHING, of: 'spans', by: ['service'], stepMs: null },
    {
      window: DAY,
      filter: NOTHING,
      of: 'spans',
      by: ['service', 'module', 'operation'],
      stepMs: null,
    },
  ])
})

t.test('a group without a known duration has none', async (t) => {
  const { readFigures } = fakeFigures(() => [figuresOf([], { count: 3, adjustedCount: 3 })])
  const { app } = buildApi(t, { queries: { readFigures } })
  const answer = await ask(app, `${PREFIX}/stats`, `${PREFIX}/stats`)
  t.match(answer, { stats: [{ count: 3, errorRate: 0, durationMs: { avg: null, p99: null } }] })
})

t.test('top-slow has the slowest operations first, by p95 unless told otherwise', async (t) => {
  const spiky = figuresOf([...Array.from({ length: 99 }, () => 1), 5000], { operation: 'spiky' })
  const { readFigures } = fakeFigures(() => [GATEWAY, spiky, ORDERS])
  const { app } = buildApi(t, { queries: { readFigures } })
  const path = `${PREFIX}/top-slow`
  const names = async (query: string) =>
    (await ask<{ stats: Row[] }>(app, path, `${path}${query}`)).stats.map((row) => row.operation)
  t.strictSame(await names(''), ['place order', 'GET /shop', 'spiky'])
  t.strictSame(await names('?by=max'), ['spiky', 'place order', 'GET /shop'])
  t.strictSame(await names('?limit=1'), ['place order'])
})

t.test('trends have every step of the window, in whole minutes', async (t) => {
  const at = (time: string) => Date.parse(time)
  const { asked, readFigures } = fakeFigures(() => [
    figuresOf([10, 30], { sinceMs: at('2026-03-01T11:40:00Z') }),
  ])
  const { app } = buildApi(t, { queries: { readFigures }, now: () => NOW_MS + 30_000 })
  const path = `${PREFIX}/trends`
  const answer = await ask(app, path, `${path}?since=-30m&step=20m&service=gateway`)
  t.match(answer, {
    window: { since: '2026-03-01T11:20:00.000Z', until: '2026-03-01T12:20:00.000Z' },
    stepSeconds: 1200,
    trends: [
      { time: '2026-03-01T11:20:00.000Z', count: 0, errorRate: null, ratePerSecond: 0 },
      { time: '2026-03-01T11:40:00.000Z', count: 2, errorRate: 0, ratePerSecond: 2 / 1200 },
      { time: '2026-03-01T12:00:00.000Z', count: 0, durationMs: { p95: null } },
    ],
  })
  t.match(asked, [{ of: 'spans', by: [], stepMs: 1_200_000, filter: { service: 'gateway' } }])
  for (const [hours, step] of [
    [1, 60],
    [24, 600],
    [720, 21_600],
  ]) {
    t.match(await ask(app, path, `${path}?hours=${hours}`), { stepSeconds: step })
  }
  for (const step of ['30s', '90', 'x', '1h30m']) {
    t.match(await ask(app, path, `${path}?step=${step}`), {
      status: 400,
      errors: [{ name: 'step', reason: /whole minutes/ }],
    })
  }
})

t.test('steps are hours where minutes are not kept any more', async (t) => {
  const hourMs = Date.parse('2026-02-20T11:00:00Z')
  const { app } = buildApi(t, {
    queries: {
      readFigures: () =>
        Promise.resolve({
          window: { sinceMs: hourMs, untilMs: hourMs + 2 * HOUR_MS },
          stepMs: HOUR_MS,
          figures: [figuresOf([1], { sinceMs: hourMs })],
          gaps: [],
        }),
    },
  })
  const path = `${PREFIX}/trends`
  const url = `${path}?since=2026-02-20T11:10:00Z&until=2026-02-20T12:10:00Z`
  t.match(await ask(app, path, url), {
    window: { since: '2026-02-20T11:00:00.000Z' },
    stepSeconds: 3600,
    trends: [{ count: 1 }, { time: '2026-02-20T12:00:00.000Z', count: 0 }],
  })
})

const SPAN = {
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  service: 'orders',
  module: 'orders',
  operation: 'place order',
  kind: 'server',
  status: 'error',
  statusMessage: '',
  startTime: '2026-03-01T11:00:00.000000000Z',
  durationMs: 1500,
  attributes: { 'order.id': '7' },
}

t.test('slow are single spans over a threshold', async (t) => {
  const asked: Parameters<SearchQueries['readSlowSpans']>[0][] = []
  const { app } = buildApi(t, {
    queries: {
      readSlowSpans: (question) => {
        asked.push(question)
        return Promise.resolve({ window: question.window, spans: [SPAN] })
      },
    },
  })
  const path = `${PREFIX}/slow`
  t.strictSame(await ask(app, path, path), {
    window: { since: '2026-02-28T12:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
    thresholdMs: 1000,
    operations: [SPAN],
  })
  const url = `${path}?threshold=0.5&limit=5&service=a&module=b&operation=c`
  await app.inject({ url, headers: bearer(ACME_ADMIN) })
  t.strictSame(asked, [
    { ...NOTHING, window: DAY, thresholdMs: 1000, limit: 100 },
    {
      tenant: 'acme',
      service: 'a',
      module: 'b',
      operation: 'c',
      window: DAY,
      thresholdMs: 0.5,
      limit: 5,
    },
  ])
})

t.test('metrics are single spans, a page at a time', async (t) => {
  const asked: SpanQuestion[] = []
  const next = { timeUs: BigInt(NOW_MS - HOUR_MS) * 1000n, restNs: 0, place: '(7,1)' }
  const { app } = buildApi(t, {
    queries: {
      searchSpans: (question) => {
        asked.push(question)
        return Promise.resolve({ spans: [SPAN], next, searchedToUs: next.timeUs })
      },
    },
  })
  const path = `${PREFIX}/metrics`
  const query = 'service=a&module=b&operation=c&minDuration=5&status=error&limit=1'
  const page = await ask<{ nextCursor: string }>(app, path, `${path}?${query}`)
  t.match(page, {
    metrics: [SPAN],
    searchedSince: '2026-03-01T11:00:00.000000Z',
    searchedUntil: '2026-03-01T12:00:00.000Z',
  })
  await ask(app, path, `${path}?${query}&cursor=${page.nextCursor}`)
  const filter = {
    ...NOTHING,
    ...{ service: 'a', module: 'b', operation: 'c' },
    ...{ kind: null, status: 'error', minDurationMs: 5, maxDurationMs: null },
    ...{ text: null, attributes: [] },
  }
  t.match(asked, [
    { filter, window: DAY, limit: 1, after: null },
    { filter, window: DAY, limit: 1, after: next },
  ])
  t.match(await ask(app, path, `${path}?service=b&cursor=${page.nextCursor}`), {
    status: 400,
    errors: [{ name: 'cursor' }],
  })
})

t.test('a faulty parameter is answered 400, another token 403', async (t) => {
  const { app } = buildApi(t)
  const faults: [string, string, RegExp][] = [
    ['stats?order=loud', 'order', /one of count, errorCount, .*not "loud"/],
    ['stats?groupBy=kind', 'groupBy', /one of service, module, operation/],
    ['stats?limit=1001', 'limit', /to 1000/],
    ['stats?hours=9601', 'hours', /to 9600/],
    ['top-slow?by=count', 'by', /one of avg, p50, p95, p99, max/],
    ['slow?threshold=-1', 'threshold', /from 0/],
    ['slow?hours=721', 'hours', /to 720/],
    ['metrics?status=failed', 'status', /one of unset, ok, error/],
    ['metrics?severity=1', 'severity', /is not known; known are .*minDuration/],
  ]
  for (const [query, name, reason] of faults) {
    const path = `${PREFIX}/${query.split('?')[0]}`
    t.match(await ask(app, path, `${PREFIX}/${query}`), { status: 400, errors: [{ name, reason }] })
  }
  for (const name of ['stats', 'trends', 'top-slow', 'slow', 'metrics']) {
    const url = `${PREFIX}/${name}`
    t.equal((await app.inject({ url, headers: bearer(READ) })).statusCode, 403, name)
    t.equal((await app.inject({ url, headers: bearer(ADMIN) })).statusCode, 200, name)
  }
})

t.test('a tenant’s token asks for its own figures alone', async (t) => {
  const { asked, readFigures } = fakeFigures(() => [])
  const { app } = buildApi(t, { queries: { readFigures } })
  for (const name of ['stats', 'trends', 'top-slow']) {
    await app.inject({ url: `${PREFIX}/${name}`, headers: bearer(ACME_ADMIN) })
  }
  t.strictSame(
    asked.map(({ filter }) => filter.tenant),
    ['acme', 'acme', 'acme'],
  )
})

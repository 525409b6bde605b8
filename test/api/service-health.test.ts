import t from 'tap'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { counted } from '../health/figures'
import { ask } from './answer'
import { ago, buildFigures, figuresOf, minutesOf, MINUTE_MS } from './health-figures'
import { buildApi, NOW_MS } from './server'

const PREFIX = '/api/admin/observability'
const HEALTH = `${PREFIX}/health`
const MODULE = `${PREFIX}/health/{module}`
const ALERTS = `${PREFIX}/alerts`

type Health = Record<string, unknown> & {
  readonly services: Record<string, unknown>[]
  readonly window: object
}

t.test('health is told of the last five minutes, with reasons and figures', async (t) => {
  const { app, asked } = buildFigures(t, ({ stepMs }) => ({
    figures:
      stepMs === null
        ? [figuresOf('checkout', counted(300, 45)), figuresOf('web', counted(600))]
        : [...minutesOf('checkout', 35), ...minutesOf('web', 35)],
    gaps: stepMs === null ? ['the last minute is not over'] : ['spans wait in the spool'],
  }))
  const health = await ask<Health>(app, HEALTH, HEALTH)
  const performance = (health['performance'] ?? {}) as Record<string, number>
  t.ok(Math.abs((performance['p95ResponseTimeMs'] ?? 0) / 100 - 1) < 0.022)
  t.match(health, {
    status: 'critical',
    stableStatus: 'healthy',
    stableSince: ago(29),
    reasons: [
      {
        criterion: 'error_rate',
        value: 15,
        limit: 10,
        unit: '%',
        status: 'critical',
        message: 'checkout: error rate 15 % of 300 requests, critical above 10 %',
        service: 'checkout',
      },
    ],
    module: null,
    requests: { count: 900, adjustedCount: 900, ratePerSecond: 3 },
    performance: { avgResponseTimeMs: 100 },
    errors: { errorRate: 5, errorCount: 45, unresolvedErrors: 0 },
    window: { since: ago(5), until: ago(0) },
    gaps: ['the last minute is not over', 'spans wait in the spool'],
  })
  t.match(health.services, [
    {
      tenant: '',
      environment: 'production',
      namespace: '',
      service: 'checkout',
      status: 'critical',
      stableStatus: 'healthy',
      reasons: [{ message: 'error rate 15 % of 300 requests, critical above 10 %' }],
      requests: { count: 300, ratePerSecond: 1 },
      errors: { errorRate: 15, errorCount: 45, unresolvedErrors: 0 },
    },
    { service: 'web', status: 'healthy', reasons: [], performance: { avgResponseTimeMs: 100 } },
  ])
  const filter = { tenant: null, service: null, module: null, operation: null }
  const question = { filter, of: 'requests', by: ['service'] }
  const untilMs = NOW_MS
  t.strictSame(asked, [
    { ...question, window: { sinceMs: untilMs - 5 * MINUTE_MS, untilMs }, stepMs: null },
    { ...question, window: { sinceMs: untilMs - 35 * MINUTE_MS, untilMs }, stepMs: MINUTE_MS },
  ])
})

t.test('no data at all is not healthy', async (t) => {
  const { app } = buildApi(t)
  t.strictSame(await ask(app, HEALTH, HEALTH), {
    status: 'no_data',
    stableStatus: 'no_data',
    stableSince: ago(29),
    reasons: [],
    module: null,
    requests: { count: 0, adjustedCount: 0, ratePerSecond: 0 },
    performance: {
      avgResponseTimeMs: null,
      p50ResponseTimeMs: null,
      p95ResponseTimeMs: null,
      p99ResponseTimeMs: null,
    },
    errors: { errorRate: null, errorCount: 0, unresolvedErrors: 0 },
    services: [],
    window: { since: ago(5), until: ago(0) },
    gaps: [],
  })
  t.strictSame(await ask(app, ALERTS, ALERTS), [])
})

t.test('the window is the one asked for, and told as it was answered', async (t) => {
  const wider = { sinceMs: NOW_MS - 120 * MINUTE_MS, untilMs: NOW_MS }
  const { app, asked } = buildFigures(t, ({ stepMs }) =>
    stepMs === null ? { window: wider, figures: [figuresOf('web', counted(7200))] } : {},
  )
  const health = await ask<Health>(app, HEALTH, `${HEALTH}?since=-90m&until=-10m&service=web`)
  t.strictSame(health.window, { since: ago(120), until: ago(0) })
  t.match(health, { requests: { ratePerSecond: 1 } })
  t.match(asked, [
    {
      window: { sinceMs: NOW_MS - 90 * MINUTE_MS, untilMs: NOW_MS - 10 * MINUTE_MS },
      filter: { service: 'web' },
    },
    { window: { sinceMs: NOW_MS - 45 * MINUTE_MS, untilMs: NOW_MS - 10 * MINUTE_MS } },
  ])
  asked.length = 0
  await ask<Health>(app, HEALTH, `${HEALTH}?hours=9600`)
  t.equal(asked[0]?.window.sinceMs, NOW_MS - 9600 * 60 * MINUTE_MS, 'as long as rollups are kept')
})

t.test('what is stable is told by whole minutes, and rates by the time that is over', async (t) => {
  const nowMs = NOW_MS + 30_000
  const { app, asked } = buildFigures(
    t,
    ({ stepMs }) =>
      stepMs === null
        ? {
            window: { sinceMs: NOW_MS - 5 * MINUTE_MS, untilMs: NOW_MS + MINUTE_MS },
            figures: [figuresOf('web', counted(330))],
          }
        : { figures: minutesOf('web', 35, counted(100, 7)) },
    { now: () => nowMs },
  )
  t.match(await ask<Health>(app, HEALTH, HEALTH), {
    status: 'healthy',
    stableStatus: 'degraded',
    requests: { ratePerSecond: 1 },
  })
  t.strictSame(asked[0]?.window, { sinceMs: nowMs - 5 * MINUTE_MS, untilMs: nowMs })
  t.strictSame(asked[1]?.window, { sinceMs: NOW_MS - 35 * MINUTE_MS, untilMs: NOW_MS })
})

t.test('where minutes are not kept any more nothing is said to be stable', async (t) => {
  const { app } = buildFigures(t, ({ stepMs }) => ({
    stepMs: stepMs === null ? null : 60 * MINUTE_MS,
    figures: [figuresOf('web', counted(100, 20))],
  }))
  const url = `${HEALTH}?since=-30d&until=-20d`
  t.match(await ask<Health>(app, HEALTH, url), {
    status: 'critical',
    stableStatus: null,
    stableSince: null,
    services: [{ stableStatus: null }],
  })
})

t.test('a module is judged by all its spans and its own thresholds', async (t) => {
  const strict = { ...DEFAULT_THRESHOLDS, p95Ms: { degraded: 10, critical: 50 } }
  const { app, asked } = buildFigures(
    t,
    ({ filter: { module } }) =>
      module === null ? {} : { figures: [figuresOf('web', counted(100))] },
    {
      monitoring: {
        thresholds: {
          overall: DEFAULT_THRESHOLDS,
          services: new Map(),
          modules: new Map([['billing & co', strict]]),
        },
        objective: { availabilityPercent: 99.9, latency: null },
        sloPeriodHours: 24,
      },
    },
  )
  t.match(await ask<Health>(app, MODULE, `${HEALTH}/billing%20%26%20co?service=web`), {
    module: 'billing & co',
    status: 'critical',
    reasons: [{ message: /^web: p95 .* ms of 100 spans, critical above 50 ms$/ }],
    services: [{ service: 'web', status: 'critical' }],
  })
  t.match(asked, [
    { of: 'spans', by: ['service'], filter: { service: 'web', module: 'billing & co' } },
    { of: 'spans' },
  ])
  t.match(await ask<Health>(app, MODULE, `${HEALTH}/other`), { module: 'other', status: 'healthy' })
  t.match(await ask(app, ALERTS, `${ALERTS}?module=billing%20%26%20co`), [
    { severity: 'critical', module: 'billing & co', service: 'web', criterion: 'p95' },
  ])
  t.strictSame(await ask(app, ALERTS, ALERTS), [])
})

t.test('a module nobody knows has no data', async (t) => {
  const { app } = buildApi(t)
  t.match(await ask<Health>(app, MODULE, `${HEALTH}/none`), { module: 'none', status: 'no_data' })
})

t.test('alerts are the limits passed at present, critical ones first', async (t) => {
  const { app } = buildFigures(t, ({ stepMs }) => ({
    figures:
      stepMs === null
        ? [
            figuresOf('cart', counted(100, 7)),
            figuresOf('checkout', counted(100, 50)),
            figuresOf('admin', counted(2)),
            figuresOf('web'),
          ]
        : [...minutesOf('cart', 35, counted(100, 7)), ...minutesOf('checkout', 35)],
  }))
  const place = { tenant: '', environment: 'production', namespace: '', module: null }
  t.strictSame(await ask(app, ALERTS, ALERTS), [
    {
      severity: 'critical',
      message: 'checkout: error rate 50 % of 100 requests, critical above 10 %',
      type: 'error_rate',
      resourceId: 'checkout',
      resourceName: 'checkout',
      ...place,
      service: 'checkout',
      criterion: 'error_rate',
      value: 50,
      limit: 10,
      unit: '%',
      errorId: null,
      since: ago(0),
    },
    {
      severity: 'warning',
      message: 'cart: error rate 7 % of 100 requests, degraded from 5 %',
      type: 'error_rate',
      resourceId: 'cart',
      resourceName: 'cart',
      ...place,
      service: 'cart',
      criterion: 'error_rate',
      value: 7,
      limit: 5,
      unit: '%',
      errorId: null,
      since: ago(29),
    },
  ])
})

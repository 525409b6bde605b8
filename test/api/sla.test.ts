import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { counted } from '../health/figures'
import { ask } from './answer'
import { ago, buildFigures, figuresOf, MINUTE_MS } from './health-figures'
import { ACME_ADMIN, bearer, buildApi, NOW_MS, READ } from './server'

const PREFIX = '/api/admin/observability'
const SLA = `${PREFIX}/sla`

interface Problem {
  readonly status: number
  readonly detail: string
  readonly errors?: { readonly name: string; readonly reason: string }[]
}

t.test('an SLA has availability, latency, budget and burn of the period', async (t) => {
  const { app, asked } = buildFigures(
    t,
    ({ window: { sinceMs, untilMs } }) => {
      const hours = (untilMs - sinceMs) / MINUTE_MS / 60
      if (hours === 1) return { figures: [figuresOf('web', counted(1000, 2))] }
      if (hours === 6) return { figures: [figuresOf('web', counted(1000, 1))] }
      return { figures: [figuresOf('web', counted(10_000, 5))] }
    },
    {
      monitoring: {
        thresholds: { overall: DEFAULT_THRESHOLDS, services: new Map(), modules: new Map() },
        objective: {
          availabilityPercent: 99.9,
          latency: { thresholdMs: 50, targetPercent: 95 },
        },
        sloPeriodHours: 48,
      },
    },
  )
  const { latencyP50, latencyP95, latencyP99, ...sla } = await ask<Record<string, unknown>>(
    app,
    SLA,
    `${SLA}?service=web`,
  )
  for (const latency of [latencyP50, latencyP95, latencyP99]) {
    t.ok(Math.abs(Number(latency) / 100 - 1) < 0.022, `${String(latency)} ms`)
  }
  t.strictSame(sla, {
    service: 'web',
    requestCount: 10_000,
    adjustedRequestCount: 10_000,
    errorCount: 5,
    availability: 99.95,
    errorRate: 0.05,
    target: 99.9,
    isCompliant: false,
    latencyThresholdMs: 50,
    latencyTarget: 95,
    latencyWithin: 0,
    isLatencyCompliant: false,
    budgetTotal: 10,
    budgetUsed: 5,
    budgetRemaining: 5,
    budgetUsedPercent: 50,
    budgetRemainingPercent: 50,
    burnRate: 0.5,
    burnRate1h: 2,
    burnRate6h: 1,
    exhaustedInSeconds: 12 * 3600,
    window: { since: ago(48 * 60), until: ago(0) },
    isComplete: true,
    gaps: [],
  })
  t.equal(asked.length, 3)
  for (const question of asked) {
    t.match(question, { of: 'requests', by: [], stepMs: null, filter: { service: 'web' } })
  }
})

t.test('an SLA without requests says nothing, and of gaps that it is not complete', async (t) => {
  const { app } = buildFigures(t, () => ({ gaps: ['10 requests wait in the spool'] }))
  t.match(await ask(app, SLA, `${SLA}?hours=720`), {
    service: null,
    requestCount: 0,
    availability: null,
    isCompliant: null,
    budgetTotal: null,
    burnRate: null,
    exhaustedInSeconds: null,
    latencyThresholdMs: null,
    window: { since: ago(720 * 60), until: ago(0) },
    isComplete: false,
    gaps: ['10 requests wait in the spool'],
  })
})

t.test('the usual period is no longer than rollups are kept', async (t) => {
  const { app, asked } = buildFigures(t, () => ({}), {
    retentionHours: { traces: 1, logs: 1, metrics: 1, rollups: 12 },
  })
  await ask(app, SLA, SLA)
  t.equal(asked[0]?.window.sinceMs, NOW_MS - 12 * 60 * MINUTE_MS)
  t.match(await ask<Problem>(app, SLA, `${SLA}?hours=13`), { errors: [{ name: 'hours' }] })
})

const ALL: [path: string, url: string][] = [
  [SLA, SLA],
  [`${PREFIX}/health`, `${PREFIX}/health`],
  [`${PREFIX}/health/{module}`, `${PREFIX}/health/billing`],
  [`${PREFIX}/alerts`, `${PREFIX}/alerts`],
]

t.test("a token's tenant narrows every question", async (t) => {
  const { app, asked } = buildFigures(t, () => ({}))
  for (const [, url] of ALL) {
    const response = await app.inject({ url, headers: bearer(ACME_ADMIN) })
    t.equal(response.statusCode, 200)
  }
  t.equal(asked.length, 9)
  t.ok(asked.every(({ filter }) => filter.tenant === 'acme'))
})

t.test('an admin token is needed', async (t) => {
  const { app } = buildApi(t)
  for (const [, url] of ALL) {
    t.equal((await app.inject({ url })).statusCode, 401)
    t.equal((await app.inject({ url, headers: bearer(READ) })).statusCode, 403)
  }
})

t.test('a question that cannot be answered now is 503', async (t) => {
  const { app } = buildApi(t, {
    queries: { readFigures: () => Promise.reject(new Unavailable('the database is away')) },
  })
  for (const [path, url] of ALL) {
    t.match(await ask<Problem>(app, path, url), { status: 503, detail: 'the database is away' })
  }
})

t.test('a faulty parameter is named with its value and what is allowed', async (t) => {
  const { app } = buildApi(t)
  const cases: [parameters: string, name: string, reason: RegExp][] = [
    ['hours=0', 'hours', /from 1 to 9600/],
    ['hours=1&since=-1h', 'hours', /together with since/],
    ['since=yesterday', 'since', /RFC 3339/],
    ['since=-1h&until=-2h', 'since', /must be before until/],
    ['since=-401d', 'since', /at most 9600 hours/],
    ['service=', 'service', /at least 1 character/],
    ['srevice=web', 'srevice', /is not known; known are hours, since, until, service/],
  ]
  for (const [path, url] of ALL) {
    for (const [parameters, name, reason] of cases) {
      const { errors } = await ask<Problem>(app, path, `${url}?${parameters}`)
      t.match(errors, [{ name, reason }], `${url}?${parameters}`)
    }
  }
})

import t from 'tap'
import type { ErrorCountQueries, ErrorQueries } from '../../collector/api/error-contract'
import { counted } from '../health/figures'
import { ask } from './answer'
import { GROUP_ID } from './errors'
import { ago, buildFigures, figuresOf, MINUTE_MS, minutesOf } from './health-figures'
import { ACME_ADMIN, bearer, NOW_MS } from './server'

const PREFIX = '/api/admin/observability'
const HEALTH = `${PREFIX}/health`
const MODULE = `${PREFIX}/health/{module}`
const ALERTS = `${PREFIX}/alerts`
const WEB = { tenant: '', environment: 'production', namespace: '', service: 'web' }
const WINDOW = { sinceMs: NOW_MS - 5 * MINUTE_MS, untilMs: NOW_MS }
const HOUR = { sinceMs: NOW_MS - 60 * MINUTE_MS, untilMs: NOW_MS }

type Asked<F extends (question: never) => unknown> = Parameters<F>[0][]

/** An API over a healthy service `web`, with these errors; `asked` has the questions about unresolved ones. */
function buildErrors(
  t: Parameters<typeof buildFigures>[0],
  unresolved: Awaited<ReturnType<ErrorQueries['countUnresolved']>>,
  queries: Partial<ErrorQueries & ErrorCountQueries> = {},
) {
  const asked: Asked<ErrorQueries['countUnresolved']> = []
  const { app } = buildFigures(
    t,
    ({ stepMs }) => ({
      figures: stepMs === null ? [figuresOf('web', counted(100))] : minutesOf('web', 35),
    }),
    {
      queries: {
        ...queries,
        countUnresolved: (question) => {
          asked.push(question)
          return Promise.resolve(unresolved)
        },
      },
    },
  )
  return { app, asked }
}

t.test(
  'unresolved errors make a service, and with it everything, degraded or critical',
  async (t) => {
    const { app, asked } = buildErrors(t, [{ ...WEB, count: 11 }])
    t.match(await ask(app, HEALTH, HEALTH), {
      status: 'critical',
      stableStatus: 'critical',
      stableSince: ago(0),
      reasons: [
        {
          criterion: 'unresolved_errors',
          value: 11,
          limit: 10,
          unit: '',
          status: 'critical',
          message: 'web: 11 unresolved errors, critical above 10',
          service: 'web',
        },
      ],
      errors: { errorRate: 0, errorCount: 0, unresolvedErrors: 11 },
      services: [{ ...WEB, status: 'critical', errors: { unresolvedErrors: 11 } }],
    })
    await ask(app, HEALTH, `${HEALTH}?hours=1&service=web&tenant=acme`)
    await app.inject({ url: HEALTH, headers: bearer(ACME_ADMIN) })
    const everything = { window: WINDOW, tenant: null, service: null, module: null }
    t.strictSame(asked, [
      everything,
      { window: HOUR, tenant: 'acme', service: 'web', module: null },
      { ...everything, tenant: 'acme' },
    ])
  },
)

t.test('a module has the errors seen in it', async (t) => {
  const { app, asked } = buildErrors(t, [{ ...WEB, count: 5 }])
  t.match(await ask(app, MODULE, `${HEALTH}/billing`), {
    status: 'degraded',
    module: 'billing',
    errors: { unresolvedErrors: 5 },
  })
  t.match(asked, [{ module: 'billing' }])
})

t.test('alerts name unresolved errors, and the patterns errors make in an hour', async (t) => {
  const repeated: Asked<ErrorCountQueries['listRepeated']> = []
  const fatal: Asked<ErrorCountQueries['countFatal']> = []
  const { app } = buildErrors(t, [{ ...WEB, count: 5 }], {
    listRepeated: (question) => {
      repeated.push(question)
      const error = { id: GROUP_ID, tenant: '', environment: null, namespace: 'shop' }
      const first = { ...error, service: 'orders', class: 'PaymentError', count: 30 }
      const firstSeenMs = Date.parse('2026-02-01T00:00:00Z')
      return Promise.resolve([{ ...first, message: 'card <*> was declined', firstSeenMs }])
    },
    countFatal: (question) => {
      fatal.push(question)
      return Promise.resolve([{ ...WEB, count: 3 }])
    },
  })
  const place = { tenant: '', environment: '', namespace: 'shop', module: null }
  t.strictSame(await ask(app, ALERTS, ALERTS), [
    {
      severity: 'critical',
      message: 'web: 3 fatal errors in an hour, critical from 3',
      type: 'error_pattern',
      resourceId: 'web',
      resourceName: 'web',
      ...WEB,
      module: null,
      criterion: 'error_pattern',
      value: 3,
      limit: 3,
      unit: 'errors',
      errorId: null,
      since: ago(60),
    },
    {
      severity: 'warning',
      message: 'web: 5 unresolved errors, degraded from 5',
      type: 'unresolved_errors',
      resourceId: 'web',
      resourceName: 'web',
      ...WEB,
      module: null,
      criterion: 'unresolved_errors',
      value: 5,
      limit: 5,
      unit: '',
      errorId: null,
      since: ago(0),
    },
    {
      severity: 'warning',
      message:
        'orders: PaymentError (card <*> was declined): 30 times in an hour, a warning from 10',
      type: 'error_pattern',
      resourceId: GROUP_ID,
      resourceName: 'PaymentError',
      ...place,
      service: 'orders',
      criterion: 'error_pattern',
      value: 30,
      limit: 10,
      unit: 'errors',
      errorId: GROUP_ID,
      since: ago(60),
    },
  ])
  await ask(app, ALERTS, `${ALERTS}?service=web&module=billing&tenant=acme&until=-10m&since=-20m`)
  const narrowed = { tenant: 'acme', service: 'web', module: 'billing' }
  const before = { sinceMs: HOUR.sinceMs - 10 * MINUTE_MS, untilMs: NOW_MS - 10 * MINUTE_MS }
  t.strictSame(fatal, [
    { window: HOUR, tenant: null, service: null, module: null },
    { window: before, ...narrowed },
  ])
  t.strictSame(repeated, [
    { window: HOUR, tenant: null, service: null, module: null, least: 10, limit: 100 },
    { window: before, ...narrowed, least: 10, limit: 100 },
  ])
})

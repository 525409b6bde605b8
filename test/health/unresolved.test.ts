import t from 'tap'
import { listAlerts } from '../../collector/health/alerts'
import {
  composeHealth,
  type HealthSources,
  MINUTE_MS,
  type UnresolvedErrors,
} from '../../collector/health/system'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { counted } from './figures'

const UNTIL_MS = Date.parse('2026-03-01T12:00:00Z')
const THRESHOLDS = { overall: DEFAULT_THRESHOLDS, services: new Map(), modules: new Map() }

const ago = (minutes: number) => UNTIL_MS - minutes * MINUTE_MS
const identify = (service: string, environment = 'production') => ({
  tenant: '',
  environment,
  namespace: '',
  service,
})
const errorsOf = (service: string, count: number, environment?: string): UnresolvedErrors => ({
  ...identify(service, environment),
  count,
})
const minutesOf = (service: string, failed = 0) =>
  Array.from({ length: 35 }, (_, index) => ({
    ...identify(service),
    ...counted(100, failed),
    sinceMs: ago(35 - index),
  }))

function healthOf(sources: Partial<HealthSources>) {
  return composeHealth({
    figures: [{ ...identify('web'), ...counted(100) }],
    unresolved: [],
    past: { untilMs: UNTIL_MS, minutes: minutesOf('web') },
    thresholds: THRESHOLDS,
    module: null,
    ...sources,
  })
}

t.test('a service is as its worst criterion, unresolved errors among them', async (t) => {
  for (const [count, status] of [
    [0, 'healthy'],
    [4, 'healthy'],
    [5, 'degraded'],
    [10, 'degraded'],
    [11, 'critical'],
  ] as const) {
    const health = healthOf({ unresolved: [errorsOf('web', count)] })
    t.equal(health.status, status, `${count}`)
    t.match(health.services, [{ status, unresolvedErrors: count }])
    t.equal(health.unresolvedErrors, count)
  }
})

t.test('all are as the worst service, and its errors are named', async (t) => {
  const health = healthOf({
    figures: [
      { ...identify('web'), ...counted(100, 7) },
      { ...identify('cart'), ...counted(100) },
    ],
    past: null,
    unresolved: [errorsOf('web', 1), errorsOf('cart', 12)],
  })
  t.equal(health.status, 'critical')
  t.equal(health.unresolvedErrors, 13)
  t.strictSame(
    health.reasons.map(({ service, criterion, message }) => [service, criterion, message]),
    [['cart', 'unresolved_errors', 'cart: 12 unresolved errors, critical above 10']],
  )
  t.match(health.services, [
    { identity: { service: 'cart' }, unresolvedErrors: 12 },
    { identity: { service: 'web' }, status: 'degraded', unresolvedErrors: 1 },
  ])
})

t.test('errors are of their environment, and of services that serve no requests too', async (t) => {
  const { services } = healthOf({
    unresolved: [errorsOf('web', 6, 'staging'), errorsOf('worker', 11), errorsOf('idle', 1)],
  })
  t.match(
    services.map(({ identity, status, unresolvedErrors }) => [
      identity.service,
      identity.environment,
      status,
      unresolvedErrors,
    ]),
    [
      ['worker', 'production', 'critical', 11],
      ['web', 'staging', 'degraded', 6],
      ['web', 'production', 'healthy', 0],
      ['idle', 'production', 'no_data', 1],
    ],
  )
})

t.test('what is not known is not said to be none', async (t) => {
  const health = healthOf({ unresolved: null })
  t.equal(health.unresolvedErrors, null)
  t.match(health.services, [{ status: 'healthy', unresolvedErrors: null }])
})

t.test('in what is stable they count as they are now', async (t) => {
  const stableOf = (sources: Partial<HealthSources>) => healthOf(sources).stable
  const twelve = [errorsOf('web', 12)]
  t.strictSame(stableOf({}), { status: 'healthy', sinceMs: ago(29) })
  t.strictSame(stableOf({ unresolved: twelve }), { status: 'critical', sinceMs: UNTIL_MS })
  const failing = { untilMs: UNTIL_MS, minutes: minutesOf('web', 50) }
  t.strictSame(
    stableOf({ unresolved: [errorsOf('web', 5)], past: failing }),
    { status: 'critical', sinceMs: ago(29) },
    'a worse status stays as it is',
  )
  t.strictSame(
    stableOf({ unresolved: twelve, past: failing }),
    { status: 'critical', sinceMs: ago(29) },
    'and so does the same one',
  )
  t.equal(stableOf({ unresolved: twelve, past: null }), null)
})

t.test('a module has the errors seen in it, and limits of its own', async (t) => {
  const strict = { ...DEFAULT_THRESHOLDS, unresolvedErrors: { degraded: 1, critical: 2 } }
  const health = healthOf({
    unresolved: [errorsOf('web', 3)],
    thresholds: { ...THRESHOLDS, modules: new Map([['billing', strict]]) },
    module: 'billing',
  })
  t.match(health.reasons, [{ message: 'web: 3 unresolved errors, critical above 2' }])
  t.match(listAlerts(health, 'billing', ago(5)), [
    { message: 'billing in web: 3 unresolved errors, critical above 2', module: 'billing' },
  ])
})

t.test('they are an alert, since the last minute', async (t) => {
  const health = healthOf({ unresolved: [errorsOf('web', 5)] })
  const alert = {
    severity: 'warning' as const,
    message: 'web: 5 unresolved errors, degraded from 5',
    resourceName: 'web',
    ...identify('web'),
    module: null,
    criterion: 'unresolved_errors' as const,
    value: 5,
    limit: 5,
    unit: '',
    errorId: null,
  }
  t.strictSame(listAlerts(health, null, ago(5)), [{ ...alert, sinceMs: UNTIL_MS }])
  const unknown = healthOf({ unresolved: [errorsOf('web', 5)], past: null })
  t.strictSame(listAlerts(unknown, null, ago(5)), [{ ...alert, sinceMs: ago(5) }])
})

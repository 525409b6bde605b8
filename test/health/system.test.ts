import t from 'tap'
import { listAlerts } from '../../collector/health/alerts'
import type { Counted } from '../../collector/health/figures'
import type { Identity } from '../../collector/health/identity'
import {
  composeHealth,
  type HealthSources,
  MINUTE_MS,
  type MinuteFigures,
  pastSinceMs,
} from '../../collector/health/system'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { counted } from './figures'

const UNTIL_MS = Date.parse('2026-03-01T12:00:00Z')
const THRESHOLDS = { overall: DEFAULT_THRESHOLDS, services: new Map(), modules: new Map() }

const ago = (minutes: number) => UNTIL_MS - minutes * MINUTE_MS
const identify = (service: string, environment: string | null = null): Identity => ({
  tenant: null,
  environment,
  namespace: null,
  service,
})
const of = (service: string, figures: Counted) => ({ ...identify(service), ...figures })

/** The same in each of some minutes, told by how many minutes ago they began. */
function minutes(service: string, from: number, to: number, figures: Counted): MinuteFigures[] {
  return Array.from({ length: from - to + 1 }, (_, index) => ({
    ...of(service, figures),
    sinceMs: ago(from - index),
  }))
}

function healthOf(sources: Partial<HealthSources>) {
  return composeHealth({
    figures: [],
    unresolved: [],
    past: { untilMs: UNTIL_MS, minutes: [] },
    thresholds: THRESHOLDS,
    module: null,
    ...sources,
  })
}

t.test('the worst service decides, and its reasons name it', async (t) => {
  const health = healthOf({
    figures: [
      of('cart', counted(100, 6)),
      of('checkout', counted(100, 20)),
      of('admin', counted(1)),
      of('web', counted(100)),
    ],
    past: null,
  })
  t.equal(health.status, 'critical')
  t.strictSame(
    health.reasons.map(({ service, message }) => [service, message]),
    [['checkout', 'checkout: error rate 20 % of 100 requests, critical above 10 %']],
  )
  t.strictSame(
    health.services.map(({ identity, status }) => [identity.service, status]),
    [
      ['checkout', 'critical'],
      ['cart', 'degraded'],
      ['web', 'healthy'],
      ['admin', 'insufficient_data'],
    ],
  )
  t.match(health.figures, { count: 301, errorCount: 26 })
  t.equal(health.stable, null, 'without minutes nobody knows what is stable')
})

t.test('too few requests of one service do not hide that others are healthy', async (t) => {
  const few = of('admin', counted(1))
  t.equal(healthOf({ figures: [few, of('web', counted(100))] }).status, 'healthy')
  t.equal(healthOf({ figures: [few] }).status, 'insufficient_data')
  t.match(healthOf({}), { status: 'no_data', reasons: [], services: [] })
  t.strictSame(healthOf({}).stable, { status: 'no_data', sinceMs: ago(29) })
})

t.test('a service of one name in two environments is two', async (t) => {
  const { services } = healthOf({
    figures: [
      { ...identify('web', 'production'), ...counted(100, 50) },
      { ...identify('web', 'staging'), ...counted(100) },
    ],
  })
  t.strictSame(
    services.map(({ identity, status }) => [identity.environment, status]),
    [
      ['production', 'critical'],
      ['staging', 'healthy'],
    ],
  )
})

t.test('a service that fell silent is told, with the status it had', async (t) => {
  const past = { untilMs: UNTIL_MS, minutes: minutes('web', 35, 6, counted(100, 20)) }
  t.match(healthOf({ past }), {
    status: 'no_data',
    reasons: [{ service: 'web', message: 'web: no requests' }],
    stable: { status: 'critical', sinceMs: ago(29) },
    services: [{ identity: { service: 'web' }, stable: { status: 'critical' } }],
  })
})

t.test('what is stable follows from verdicts over five minutes each', async (t) => {
  // 100 a minute; from the tenth minute before on half of them fail.
  const bad = [...minutes('web', 35, 11, counted(100)), ...minutes('web', 10, 1, counted(100, 50))]
  const failing = healthOf({ past: { untilMs: UNTIL_MS, minutes: bad } })
  // A minute of five: 10 %, degraded. Two: 20 %, critical; one of the three is not enough.
  t.strictSame(failing.stable, { status: 'critical', sinceMs: ago(7) })
  const back = [...minutes('web', 35, 14, counted(100, 50)), ...minutes('web', 13, 1, counted(100))]
  const recovered = healthOf({ past: { untilMs: UNTIL_MS, minutes: back } })
  // Without failures from the eighth minute before on; three verdicts to degraded, three to healthy.
  t.strictSame(recovered.stable, { status: 'healthy', sinceMs: ago(3) })
})

t.test('what is stable of all is the worst, since the first of its services', async (t) => {
  const past = {
    untilMs: UNTIL_MS,
    minutes: [
      ...minutes('a', 35, 1, counted(100, 7)),
      ...minutes('b', 35, 11, counted(100)),
      ...minutes('b', 10, 1, counted(100, 7)),
      ...minutes('c', 35, 1, counted(100)),
    ],
  }
  const { stable, services } = healthOf({ past })
  t.strictSame(stable, { status: 'degraded', sinceMs: ago(29) })
  t.strictSame(
    services.map((service) => service.stable?.status),
    ['degraded', 'degraded', 'healthy'],
  )
})

t.test('thirty verdicts are replayed, of thirty-five minutes', async (t) => {
  t.equal(pastSinceMs(UNTIL_MS), ago(35))
  const { services } = healthOf({ figures: [of('web', counted(100))] })
  const past = services[0]?.past ?? []
  t.equal(past.length, 30)
  t.equal(past[0]?.atMs, ago(29))
  t.equal(past[29]?.atMs, UNTIL_MS)
})

t.test('services and modules have thresholds of their own', async (t) => {
  const strict = { ...DEFAULT_THRESHOLDS, p95Ms: { degraded: 10, critical: 50 } }
  const thresholds = {
    overall: DEFAULT_THRESHOLDS,
    services: new Map([['web', strict]]),
    modules: new Map([['billing', strict]]),
  }
  const figures = [of('web', counted(100)), of('cart', counted(100))]
  const statuses = (module: string | null) =>
    healthOf({ figures, thresholds, module }).services.map(({ status }) => status)
  t.strictSame(statuses(null), ['critical', 'healthy'])
  t.strictSame(statuses('billing'), ['critical', 'critical'])
  t.strictSame(statuses('web'), ['healthy', 'healthy'])
  const { reasons } = healthOf({ figures, thresholds, module: 'billing' })
  t.match(reasons[0]?.message, 'cart: p95 100 ms of 100 spans, critical above 50 ms')
})

t.test('each limit that is passed is an alert, since it has been all the time', async (t) => {
  const slow = counted(100, 7, 6000)
  const health = healthOf({
    figures: [of('web', slow), of('cart', counted(100)), of('admin', counted(1))],
    past: {
      untilMs: UNTIL_MS,
      minutes: [...minutes('web', 35, 11, counted(100)), ...minutes('web', 10, 1, counted(100, 7))],
    },
  })
  t.strictSame(listAlerts(health, null, ago(5)), [
    {
      severity: 'critical',
      message: 'web: p95 6000 ms of 100 requests, critical above 5000 ms',
      resourceName: 'web',
      ...identify('web'),
      module: null,
      criterion: 'p95',
      value: 6000,
      limit: 5000,
      unit: 'ms',
      errorId: null,
      // Not passed in any whole minute yet.
      sinceMs: UNTIL_MS,
    },
    {
      severity: 'warning',
      message: 'web: error rate 7 % of 100 requests, degraded from 5 %',
      resourceName: 'web',
      ...identify('web'),
      module: null,
      criterion: 'error_rate',
      value: 7,
      limit: 5,
      unit: '%',
      errorId: null,
      // Four of the five minutes before: 5.6 %.
      sinceMs: ago(6),
    },
  ])
  const known = healthOf({ figures: [of('web', slow)], past: null, module: 'billing' })
  t.match(listAlerts(known, 'billing', ago(5)), [
    { module: 'billing', sinceMs: ago(5), message: /^billing in web: p95 / },
    { severity: 'warning' },
  ])
})

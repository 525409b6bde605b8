import t from 'tap'
import { describeConfig } from '../../collector/config'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { faultsOf, load } from './loading'

const shown = (yaml: string, env: NodeJS.ProcessEnv = {}) =>
  faultsOf(env, yaml).map(({ place, key, value, problem }) => {
    return `${place ?? ''} ${key}${value === null ? '' : `=${value}`}: ${problem}`
  })

t.test('nothing said is the defaults', async (t) => {
  const { thresholds, overrides, ...config } = load({})
  t.strictSame(thresholds, {
    overall: DEFAULT_THRESHOLDS,
    services: new Map(),
    modules: new Map(),
  })
  t.strictSame(DEFAULT_THRESHOLDS, {
    errorRatePercent: { degraded: 5, critical: 10 },
    p95Ms: { degraded: 2000, critical: 5000 },
    unresolvedErrors: { degraded: 5, critical: 10 },
    minRequests: 10,
  })
  t.strictSame(overrides, [])
  t.match(config, {
    sloAvailabilityPercent: 99.9,
    sloLatencyMs: null,
    sloLatencyPercent: 95,
    sloPeriodHours: 24,
  })
})

t.test('the environment and the file set what holds for all', async (t) => {
  const yaml = `
health:
  error_rate_percent: {degraded: 0.5, critical: 2.25}
  min_requests: 1
slo: {availability_percent: 99.95, latency_ms: 300, latency_percent: 99.5, period_hours: 720}
`
  const config = load({ SIDELIGHT_HEALTH_P95_DEGRADED_MS: '250' }, yaml)
  t.match(config.thresholds.overall, {
    errorRatePercent: { degraded: 0.5, critical: 2.25 },
    p95Ms: { degraded: 250, critical: 5000 },
    minRequests: 1,
  })
  t.match(config, {
    sloAvailabilityPercent: 99.95,
    sloLatencyMs: 300,
    sloLatencyPercent: 99.5,
    sloPeriodHours: 720,
  })
})

t.test('a service or module has what is said of it, and else what holds for all', async (t) => {
  const yaml = `
health:
  p95_ms:
    critical: 4000
  services:
    checkout.api:
      p95_ms: {degraded: 500, critical: 1500}
    cart: {min_requests: 50}
    web:
  modules:
    billing: {error_rate_percent: {degraded: 1}}
`
  const config = load({ SIDELIGHT_HEALTH_MIN_REQUESTS: '20' }, yaml)
  const { overall, services, modules } = config.thresholds
  t.match(overall, { p95Ms: { degraded: 2000, critical: 4000 }, minRequests: 20 })
  t.strictSame(Object.fromEntries(services), {
    'checkout.api': { ...overall, p95Ms: { degraded: 500, critical: 1500 } },
    cart: { ...overall, minRequests: 50 },
  })
  t.strictSame(Object.fromEntries(modules), {
    billing: { ...overall, errorRatePercent: { degraded: 1, critical: 10 } },
  })
  const lines = describeConfig(config).filter((line) => line.startsWith('# health.'))
  t.strictSame(
    lines.map((line) => line.replace(/ +#/, ' #')),
    [
      '# health.services.checkout.api.p95_ms.degraded=500 # file, sidelight.yaml:7',
      '# health.services.checkout.api.p95_ms.critical=1500 # file, sidelight.yaml:7',
      '# health.services.cart.min_requests=50 # file, sidelight.yaml:8',
      '# health.modules.billing.error_rate_percent.degraded=1 # file, sidelight.yaml:11',
    ],
  )
})

const FAULTS: [yaml: string, ...faults: RegExp[]][] = [
  ['health: {services: []}', /yaml:1 health\.services: it is not a map of names/],
  ['health: {modules: 3}', /yaml:1 health\.modules: it is not a map of names/],
  ['health:\n  services:\n    a: 3\n', /yaml:3 health\.services\.a: it is not a map of keys/],
  [
    'health:\n  services:\n    a: {p95_s: 3}\n',
    /yaml:3 health\.services\.a\.p95_s: .*did you mean health\.services\.a\.p95_ms\?/,
  ],
  [
    'health:\n  modules:\n    a.b:\n      p95_ms: {degrade: 3}\n',
    /yaml:4 health\.modules\.a\.b\.p95_ms\.degrade: .*health\.modules\.a\.b\.p95_ms\.degraded\?/,
  ],
  [
    'health:\n  services:\n    a: {p95_ms: 3}\n',
    /yaml:3 health\.services\.a\.p95_ms: it is not a map/,
  ],
  [
    'health:\n  services:\n    a:\n      min_requests: 0\n      p95_ms: {degraded: soon, critical: [1]}\n',
    /yaml:5 health\.services\.a\.p95_ms\.critical: it is not a text or a number/,
    /yaml:4 health\.services\.a\.min_requests=0: it is too small/,
    /yaml:5 health\.services\.a\.p95_ms\.degraded=soon: it is not a whole number/,
  ],
  [
    "health:\n  services:\n    a: {min_requests: ''}\n",
    /yaml:3 health\.services\.a\.min_requests=: it is empty/,
  ],
  [
    'health:\n  error_rate_percent: {degraded: 101, critical: -1}\n',
    /health\.error_rate_percent\.degraded=101: it is too large/,
    /health\.error_rate_percent\.critical=-1: it is too small/,
  ],
  ['slo: {availability_percent: 100}', /slo\.availability_percent=100: it is too large/],
  ['slo: {availability_percent: 1e1}', /slo\.availability_percent=1e1: it is not a number/],
]

t.test('every fault is told at once, with file and line', async (t) => {
  for (const [yaml, ...faults] of FAULTS) {
    const found = shown(yaml)
    t.equal(found.length, faults.length, JSON.stringify(found))
    t.match(found, faults)
  }
})

t.test('degraded may not lie above critical', async (t) => {
  t.strictSame(shown('', { SIDELIGHT_HEALTH_P95_DEGRADED_MS: '6000' }), [
    ' SIDELIGHT_HEALTH_P95_DEGRADED_MS=6000: degraded, from 6000 on, lies above critical, 5000',
  ])
  const yaml = `
health:
  error_rate_percent: {critical: 4}
  services:
    a: {p95_ms: {degraded: 5001}}
    b: {p95_ms: {critical: 1999}}
    c: {min_requests: 1}
    d: {unresolved_errors: {degraded: 7, critical: 7}}
  modules:
    m: {error_rate_percent: {degraded: 4}}
`
  t.strictSame(shown(yaml), [
    ' SIDELIGHT_HEALTH_ERROR_RATE_DEGRADED_PERCENT=5: degraded, from 5 on, lies above critical, 4',
    'sidelight.yaml:5 health.services.a.p95_ms.degraded=5001: degraded, from 5001 on, lies above critical, 5000',
    'sidelight.yaml:6 health.services.b.p95_ms.critical=1999: degraded, from 2000 on, lies above critical, 1999',
  ])
})

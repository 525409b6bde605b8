import t from 'tap'
import { addUp } from '../../collector/health/figures'
import { judge, type Status } from '../../collector/health/judge'
import {
  DEFAULT_THRESHOLDS,
  scaleThresholds,
  thresholdsOf,
} from '../../collector/health/thresholds'
import { counted } from './figures'

const NO_DATA = counted(0)

t.test('the limits are these unless others are said', async (t) => {
  const cases: [errorsOf1000: number, p95Ms: number, unresolved: number | null, Status][] = [
    [0, 1, 0, 'healthy'],
    [0, 1, null, 'healthy'],
    [49, 100, 0, 'healthy'],
    [50, 100, 0, 'degraded'],
    [100, 100, 0, 'degraded'],
    [101, 100, 0, 'critical'],
    [0, 1999, 0, 'healthy'],
    [0, 2000, 0, 'degraded'],
    [0, 5000, 0, 'degraded'],
    [0, 5001, 0, 'critical'],
    [0, 100, 4, 'healthy'],
    [0, 100, 5, 'degraded'],
    [0, 100, 10, 'degraded'],
    [0, 100, 11, 'critical'],
    [60, 6000, 0, 'critical'],
    [200, 3000, 7, 'critical'],
  ]
  for (const [errors, p95Ms, unresolved, expected] of cases) {
    const figures = counted(1000, errors, p95Ms)
    const { status, reasons } = judge(figures, DEFAULT_THRESHOLDS, 'requests', unresolved)
    t.equal(status, expected, `${errors} ${p95Ms} ${unresolved}`)
    t.equal(reasons.length > 0, expected !== 'healthy')
  }
})

t.test('too few requests are not judged, unless nothing but failures is among them', async (t) => {
  const cases: [count: number, errors: number, Status, message: string][] = [
    [0, 0, 'no_data', 'no requests'],
    [1, 1, 'insufficient_data', '1 request, to judge by at least 10 are needed'],
    [2, 2, 'insufficient_data', '2 requests, to judge by at least 10 are needed'],
    [3, 3, 'critical', 'all 3 requests failed, critical above 10 %'],
    [9, 9, 'critical', 'all 9 requests failed, critical above 10 %'],
    [9, 8, 'insufficient_data', '9 requests, to judge by at least 10 are needed'],
    [9, 0, 'insufficient_data', '9 requests, to judge by at least 10 are needed'],
    [10, 1, 'degraded', 'error rate 10 % of 10 requests, degraded from 5 %'],
  ]
  for (const [count, errors, expected, message] of cases) {
    const { status, reasons } = judge(counted(count, errors), DEFAULT_THRESHOLDS)
    t.equal(status, expected)
    t.strictSame(
      reasons.map((reason) => reason.message),
      [message],
    )
  }
  t.equal(judge(counted(10), DEFAULT_THRESHOLDS).status, 'healthy')
  t.equal(judge(counted(1), { ...DEFAULT_THRESHOLDS, minRequests: 1 }).status, 'healthy')
})

t.test('a few requests that all failed are judged by the limits of the error rate', async (t) => {
  const of = (degraded: number, critical: number) =>
    judge(counted(4, 4), { ...DEFAULT_THRESHOLDS, errorRatePercent: { degraded, critical } })
  t.match(of(100, 100), { status: 'degraded', reasons: [{ value: 100, limit: 100 }] })
  t.match(of(50, 99), { status: 'critical', reasons: [{ value: 100, limit: 99 }] })
})

t.test('every criterion that is not healthy is a reason, with its figures', async (t) => {
  const { reasons } = judge(counted(310, 39, 2500), DEFAULT_THRESHOLDS, 'requests', 7)
  t.match(reasons, [
    { criterion: 'error_rate', limit: 10, unit: '%', status: 'critical' },
    { criterion: 'p95', value: 2500, limit: 2000, unit: 'ms', status: 'degraded' },
    { criterion: 'unresolved_errors', value: 7, limit: 5, unit: '', status: 'degraded' },
  ])
  t.strictSame(
    reasons.map(({ message }) => message),
    [
      'error rate 12.6 % of 310 requests, critical above 10 %',
      'p95 2500 ms of 310 requests, degraded from 2000 ms',
      '7 unresolved errors, degraded from 5',
    ],
  )
})

t.test('a message never shows the limit for a value that passes it', async (t) => {
  const message = (errors: number, durationMs = 1) =>
    judge(counted(100_000, errors, durationMs), DEFAULT_THRESHOLDS).reasons[0]?.message
  t.match(message(10_004), /^error rate 10\.004 % /)
  t.match(message(10_000), /^error rate 10 % .* degraded/)
  t.match(message(0, 5000.4), /^p95 5000\.4 ms /)
  const spans = judge(counted(20, 4), DEFAULT_THRESHOLDS, 'spans')
  t.match(spans.reasons, [{ message: 'error rate 20 % of 20 spans, critical above 10 %' }])
})

t.test('sampled requests count for those they stand for', async (t) => {
  // Every failure is sent, and one of a hundred others.
  const figures = {
    ...counted(60, 40),
    adjustedCount: 2040,
    adjustedErrorCount: 40,
  }
  t.equal(judge(figures, DEFAULT_THRESHOLDS).status, 'healthy')
  const sampled = { ...figures, adjustedErrorCount: 204 }
  t.strictSame(judge({ ...sampled, adjustedErrorCount: 306 }, DEFAULT_THRESHOLDS).reasons, [
    {
      criterion: 'error_rate',
      value: 15,
      limit: 10,
      unit: '%',
      status: 'critical',
      message: 'error rate 15 % of 2040 requests, known by 60, critical above 10 %',
    },
  ])
  t.equal(judge(sampled, DEFAULT_THRESHOLDS).status, 'degraded')
})

t.test('without durations latency is not judged', async (t) => {
  t.strictSame(judge(counted(100, 0, null), DEFAULT_THRESHOLDS), { status: 'healthy', reasons: [] })
})

t.test('figures add up, durations with them', async (t) => {
  t.match(addUp([counted(10, 1, 100), NO_DATA, counted(5, 2, 300)]), {
    count: 15,
    errorCount: 3,
    adjustedCount: 15,
    adjustedErrorCount: 3,
    durations: { minNs: 100_000_000, maxNs: 300_000_000, counts: [10, 5] },
  })
  t.strictSame(addUp([]), NO_DATA)
})

t.test('a module has its own thresholds, whatever its service has', async (t) => {
  const thresholds = (minRequests: number) => ({ ...DEFAULT_THRESHOLDS, minRequests })
  const set = {
    overall: thresholds(1),
    services: new Map([['checkout', thresholds(2)]]),
    modules: new Map([['billing', thresholds(3)]]),
  }
  const cases: [service: string | null, module: string | null, minRequests: number][] = [
    [null, null, 1],
    ['cart', null, 1],
    ['checkout', null, 2],
    ['checkout', 'cart', 1],
    ['checkout', 'billing', 3],
    ['billing', null, 1],
  ]
  for (const [service, module, expected] of cases) {
    t.equal(thresholdsOf(set, service, module).minRequests, expected, `${service} ${module}`)
  }
})

t.test('scaled thresholds scale the limits and not the sample', async (t) => {
  t.strictSame(scaleThresholds(DEFAULT_THRESHOLDS, 0.5), {
    errorRatePercent: { degraded: 2.5, critical: 5 },
    p95Ms: { degraded: 1000, critical: 2500 },
    unresolvedErrors: { degraded: 2.5, critical: 5 },
    minRequests: 10,
  })
})

t.test('unresolved errors count however few requests there are', async (t) => {
  const cases: [count: number, errors: number, unresolved: number | null, Status, string[]][] = [
    [0, 0, 4, 'no_data', ['no requests']],
    [0, 0, 5, 'degraded', ['5 unresolved errors, degraded from 5']],
    [0, 0, 11, 'critical', ['11 unresolved errors, critical above 10']],
    [2, 2, 5, 'degraded', ['5 unresolved errors, degraded from 5']],
    [2, 2, null, 'insufficient_data', ['2 requests, to judge by at least 10 are needed']],
    [
      3,
      3,
      5,
      'critical',
      ['all 3 requests failed, critical above 10 %', '5 unresolved errors, degraded from 5'],
    ],
    [100, 0, 5, 'degraded', ['5 unresolved errors, degraded from 5']],
  ]
  for (const [count, errors, unresolved, expected, messages] of cases) {
    const figures = counted(count, errors)
    const { status, reasons } = judge(figures, DEFAULT_THRESHOLDS, 'requests', unresolved)
    t.equal(status, expected, messages.join())
    t.strictSame(
      reasons.map(({ message }) => message),
      messages,
    )
  }
  const one = { ...DEFAULT_THRESHOLDS, unresolvedErrors: { degraded: 1, critical: 2 } }
  const { reasons } = judge(counted(10), one, 'requests', 1)
  t.equal(reasons[0]?.message, '1 unresolved error, degraded from 1')
})

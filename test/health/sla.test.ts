import t from 'tap'
import { composeSla, type Objective } from '../../collector/health/sla'
import { addUp, type Counted } from '../../collector/health/figures'
import { counted } from './figures'

const DAY_MS = 86_400_000
const NOTHING = counted(0)
const OBJECTIVE: Objective = { availabilityPercent: 99.9, latency: null }

function slaOf(
  figures: Counted,
  { lastHour = NOTHING, lastSixHours = NOTHING, objective = OBJECTIVE } = {},
) {
  return composeSla({ figures, lastHour, lastSixHours, periodMs: DAY_MS, objective })
}

t.test('without requests nothing is promised or broken', async (t) => {
  t.strictSame(slaOf(NOTHING), {
    availability: null,
    errorRate: null,
    latencyP50: null,
    latencyP95: null,
    latencyP99: null,
    isCompliant: null,
    budget: null,
    burnRate: null,
    burnRate1h: null,
    burnRate6h: null,
    exhaustedInMs: null,
    latency: null,
  })
})

t.test('availability, budget and burn follow from what failed', async (t) => {
  const cases: [
    failed: number,
    availability: number,
    isCompliant: boolean,
    remaining: number,
    burnRate: number,
  ][] = [
    [0, 100, true, 10, 0],
    [5, 99.95, true, 5, 0.5],
    [10, 99.9, true, 0, 1],
    [11, 99.89, false, -1, 1.1],
    [10_000, 0, false, -9990, 1000],
  ]
  for (const [failed, availability, isCompliant, remaining, burnRate] of cases) {
    const sla = slaOf(counted(10_000, failed))
    t.equal(sla.availability, availability)
    t.equal(sla.isCompliant, isCompliant)
    t.strictSame(sla.budget, {
      total: 10,
      used: failed,
      remaining,
      usedPercent: failed * 10,
      remainingPercent: remaining * 10,
    })
    t.ok(Math.abs((sla.burnRate ?? -1) - burnRate) < 1e-9, `${sla.burnRate}`)
  }
})

t.test('sampled requests count for those they stand for', async (t) => {
  const figures = { ...counted(100, 2), adjustedCount: 10_000, adjustedErrorCount: 20 }
  t.match(slaOf(figures), { availability: 99.8, errorRate: 0.2, budget: { total: 10, used: 20 } })
})

t.test('the budget is exhausted when the last hour goes on', async (t) => {
  const figures = counted(10_000, 5)
  const exhausted = (failedOf1000: number, of = figures) => {
    const sla = slaOf(of, { lastHour: counted(1000, failedOf1000) })
    return sla.exhaustedInMs === null ? null : Math.round(sla.exhaustedInMs)
  }
  t.equal(exhausted(0), null)
  t.equal(exhausted(1), null, 'at a burn rate of 1 it lasts')
  t.equal(exhausted(2), DAY_MS / 4, 'half of the budget at twice the rate')
  t.equal(exhausted(2, counted(10_000, 10)), 0)
  t.equal(slaOf(figures).exhaustedInMs, null, 'nobody knows without a request in the last hour')
  const sla = slaOf(figures, { lastHour: counted(1000, 20), lastSixHours: counted(5000, 30) })
  t.match(
    [sla.burnRate1h, sla.burnRate6h].map((rate) => Math.round(rate ?? 0)),
    [20, 6],
  )
})

t.test('latency is a share of requests within a time, beside the percentiles', async (t) => {
  const objective = { ...OBJECTIVE, latency: { thresholdMs: 300, targetPercent: 95 } }
  const of = (slow: number) => {
    const figures = addUp([counted(100 - slow, 0, 100), counted(slow, 0, 1000)])
    return slaOf(figures, { objective })
  }
  t.match(of(5), { isCompliant: true, latency: { withinPercent: 95, isCompliant: true } })
  t.match(of(6), { isCompliant: false, latency: { withinPercent: 94, isCompliant: false } })
  t.equal(slaOf(counted(100, 1), { objective }).isCompliant, false)
  t.match(slaOf(counted(100, 0, null), { objective }), {
    isCompliant: true,
    latencyP95: null,
    latency: { thresholdMs: 300, targetPercent: 95, withinPercent: null, isCompliant: null },
  })
  const { latencyP50, latencyP95, latencyP99 } = of(4)
  for (const [actual, exact] of [
    [latencyP50, 100],
    [latencyP95, 100],
    [latencyP99, 1000],
  ] as const) {
    t.ok(Math.abs((actual ?? 0) / exact - 1) < 0.0218, `${actual} for ${exact}`)
  }
})

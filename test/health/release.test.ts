import t from 'tap'
import { composeHealth, MINUTE_MS, type MinuteFigures } from '../../collector/health/system'
import { DEFAULT_THRESHOLDS } from '../../collector/health/thresholds'
import { counted } from './figures'

const THRESHOLDS = { overall: DEFAULT_THRESHOLDS, services: new Map(), modules: new Map() }
const PLACE = { tenant: null, environment: null, namespace: null, service: 'checkout' }

/** Of 200 requests a minute so many fail: an hour of health, 10 minutes of a bad release, 10 of a worse one, and health again. */
function failuresIn(minute: number): number {
  if (minute < 60 || minute >= 80) return 1
  return minute < 70 ? 15 : 60
}

/** What is told at the end of a minute. */
function toldAfter(minute: number) {
  const untilMs = (minute + 1) * MINUTE_MS
  const minutes: MinuteFigures[] = Array.from({ length: 35 }, (_, index) => {
    const at = minute - index
    return { ...PLACE, ...counted(200, failuresIn(at)), sinceMs: at * MINUTE_MS }
  })
  const { status, stable, reasons } = composeHealth({
    figures: minutes.slice(0, 5),
    unresolved: null,
    past: { untilMs, minutes },
    thresholds: THRESHOLDS,
    module: null,
  })
  return { status, stable: stable?.status, reason: reasons[0]?.message ?? null }
}

t.test('a release that fails shows, and so does its recovery, without flapping', async (t) => {
  const changes: [minute: number, string][] = []
  let before = ''
  for (let minute = 50; minute < 100; minute++) {
    const { status, stable } = toldAfter(minute)
    const told = `${status}, stable ${stable}`
    if (told !== before) changes.push([minute - 60, told])
    before = told
  }
  t.strictSame(changes, [
    [-10, 'healthy, stable healthy'],
    // Four of the five minutes: 6.1 %.
    [3, 'degraded, stable healthy'],
    [4, 'degraded, stable degraded'],
    [10, 'critical, stable degraded'],
    [11, 'critical, stable critical'],
    // One minute of the five: 6.4 %, below 0.8 of what is critical.
    [23, 'degraded, stable critical'],
    [24, 'healthy, stable critical'],
    [25, 'healthy, stable degraded'],
    [28, 'healthy, stable healthy'],
  ])
})

t.test('the reason is named while it lasts', async (t) => {
  t.equal(toldAfter(59).reason, null)
  t.equal(toldAfter(66).reason, 'checkout: error rate 7.5 % of 1000 requests, degraded from 5 %')
  t.equal(toldAfter(78).reason, 'checkout: error rate 30 % of 1000 requests, critical above 10 %')
  t.equal(toldAfter(85).reason, null)
})

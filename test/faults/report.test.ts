import t from 'tap'
import { isLevel } from './memory'
import { faultsOf, formatReport, type Row, summarize } from './report'

const sound: Row = {
  name: 'postgres-killed',
  times: 100,
  sent: 1_600,
  acknowledged: 1_584,
  stored: 1_584,
  duplicated: 0,
  lost: 0,
  retries: 12,
  slowestMs: 1_234.5,
  p99Ms: 99.9,
  failed: 1,
  timedOut: 0,
  peakRssMib: 101.2,
  broken: [],
  notes: ['drained quickly'],
  seconds: 7,
}

t.test('a row without losses, duplicates and broken claims passes', (t) => {
  t.same(faultsOf(sound), [])
  t.match(formatReport([sound]), /every claim holds/)
  t.end()
})

t.test('one lost span, one duplicated span or one broken claim fails the run, by name', (t) => {
  const cases: readonly [Partial<Row>, RegExp][] = [
    [{ lost: 1 }, /postgres-killed: 1 acknowledged spans are lost/],
    [{ duplicated: 1 }, /postgres-killed: 1 spans are stored again/],
    [{ broken: ['3 exports failed'] }, /postgres-killed: 3 exports failed/],
    [{ acknowledged: 0 }, /nothing was acknowledged/],
  ]
  for (const [change, expected] of cases) {
    const row = { ...sound, ...change }
    t.match(faultsOf(row).join(), expected)
    t.match(formatReport([sound, row]), /FAILED/)
    t.match(formatReport([sound, row]), expected)
  }
  t.end()
})

t.test('what cannot be counted fails the run; what cannot be run here is said', (t) => {
  t.match(faultsOf({ name: 'away', failure: 'no table' }), ['away: no table'])
  t.same(faultsOf({ name: 'disk', notRun: 'needs root' }), [])
  t.match(formatReport([{ name: 'disk', notRun: 'needs root' }]), /disk +not run: needs root/)
  t.end()
})

t.test('a summary counts spans, and times of what was acknowledged only', (t) => {
  const entry = { request: 0, sentAtMs: 0, spans: 16 }
  const summary = summarize([
    { ...entry, tookMs: 5, outcome: 'acknowledged' },
    { ...entry, tookMs: 20, outcome: 'acknowledged' },
    { ...entry, tookMs: 9_000, outcome: 'failed' },
    { ...entry, tookMs: 10_000, outcome: 'timed out' },
  ])
  t.match(summary, { sent: 64, acknowledged: 32, slowestMs: 20, failed: 2, timedOut: 1 })
  t.end()
})

t.test('memory that grows with time is not level, and one peak is no growth', (t) => {
  const minutes = Array.from({ length: 30 }, (_, index) => index)
  t.notOk(isLevel(minutes.map((minute) => 90 + minute)))
  t.ok(isLevel(minutes.map((minute) => 90 + (minute === 29 ? 60 : 0))))
  t.end()
})

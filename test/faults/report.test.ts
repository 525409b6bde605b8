import t from 'tap'
import type { Signal } from '../../collector/translate/rows'
import { bySignal } from '../../collector/otlp/signal'
import { isLevel } from './memory'
import { type Counts, faultsOf, formatReport, type Row, summarize } from './report'

const COUNTS: Counts = {
  sent: 1_600,
  acknowledged: 1_584,
  stored: 1_584,
  duplicated: 0,
  lost: 0,
}
const sound: Row = {
  name: 'postgres-killed',
  times: 100,
  counts: bySignal(() => COUNTS),
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

t.test('one lost item, one duplicated item or one broken claim fails the run, by name', (t) => {
  const of = (signal: Signal, change: Partial<Counts>) => ({
    counts: { ...sound.counts, [signal]: { ...COUNTS, ...change } },
  })
  const cases: readonly [Partial<Row>, RegExp][] = [
    [of('traces', { lost: 1 }), /^postgres-killed: 1 acknowledged spans are lost$/],
    [of('logs', { lost: 1 }), /^postgres-killed: 1 acknowledged log records are lost$/],
    [of('metrics', { lost: 1 }), /^postgres-killed: 1 acknowledged data points are lost$/],
    [of('traces', { duplicated: 1 }), /^postgres-killed: 1 spans are stored again$/],
    [of('logs', { duplicated: 1 }), /^postgres-killed: 1 log records are stored again$/],
    [of('metrics', { duplicated: 1 }), /^postgres-killed: 1 data points are stored again$/],
    [of('logs', { acknowledged: 0 }), /^postgres-killed: no log records were acknowledged/],
    [{ broken: ['3 exports failed'] }, /^postgres-killed: 3 exports failed$/],
  ]
  for (const [change, expected] of cases) {
    const row = { ...sound, ...change }
    const faults = faultsOf(row)
    t.match(faults.join(), expected)
    const report = formatReport([sound, row])
    t.match(report, /FAILED/)
    for (const fault of faults) t.ok(report.includes(fault))
  }
  t.end()
})

t.test('the report sums a row over the signals, and a signal over the rows', (t) => {
  const report = formatReport([sound, sound])
  t.match(report, /^postgres-killed +100 +4,800 +4,752 +4,752 +0 +0 /m)
  for (const items of ['spans', 'log records', 'data points']) {
    t.match(report, new RegExp(`^${items} +3,200 +3,168 +3,168 +0 +0$`, 'm'))
  }
  t.end()
})

t.test('what cannot be counted fails the run; what cannot be run here is said', (t) => {
  t.match(faultsOf({ name: 'away', failure: 'no table' }), ['away: no table'])
  t.same(faultsOf({ name: 'disk', notRun: 'needs root' }), [])
  t.match(formatReport([{ name: 'disk', notRun: 'needs root' }]), /disk +not run: needs root/)
  t.end()
})

t.test('a summary counts items by signal, and times of what was acknowledged only', (t) => {
  const entry = { request: 0, signal: 'traces' as Signal, sentAtMs: 0, items: 16 }
  const settlement = { stored: 16, lost: 0, duplicated: 0 }
  const summary = summarize(
    [
      { ...entry, tookMs: 5, outcome: 'acknowledged' },
      { ...entry, signal: 'logs', tookMs: 20, outcome: 'acknowledged' },
      { ...entry, tookMs: 9_000, outcome: 'failed' },
      { ...entry, tookMs: 10_000, outcome: 'timed out' },
    ],
    bySignal(() => settlement),
  )
  t.match(summary, { slowestMs: 20, failed: 2, timedOut: 1 })
  t.same(summary.counts, {
    traces: { sent: 48, acknowledged: 16, ...settlement },
    logs: { sent: 16, acknowledged: 16, ...settlement },
    metrics: { sent: 0, acknowledged: 0, ...settlement },
  })
  t.end()
})

t.test('memory that grows with time is not level, and one peak is no growth', (t) => {
  const minutes = Array.from({ length: 30 }, (_, index) => index)
  t.notOk(isLevel(minutes.map((minute) => 90 + minute)))
  t.ok(isLevel(minutes.map((minute) => 90 + (minute === 29 ? 60 : 0))))
  t.end()
})

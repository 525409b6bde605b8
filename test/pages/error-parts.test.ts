import t from 'tap'
import type { ErrorGroup, ErrorTrend } from '../../collector/api/error-contract'
import { decision } from '../../collector/pages/error-state'
import { stackOf } from '../../collector/pages/error-stack'
import { trendSpark } from '../../collector/pages/error-trend'
import { formatAge } from '../../collector/pages/moment'
import { groupOf } from '../api/errors'
import { textOf } from './fault'

const HOUR_MS = 3_600_000
const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const WINDOW = { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS }

function trendOf(steps: readonly [at: number, count: number, severe: number][]): ErrorTrend {
  return {
    window: WINDOW,
    stepMs: HOUR_MS,
    steps: steps.map(([at, occurrenceCount, severeCount]) => ({
      sinceMs: WINDOW.sinceMs + at * HOUR_MS,
      occurrenceCount,
      severeCount,
      groupCount: 1,
    })),
  }
}

t.test('frames of the application stand open, those of libraries are folded away', async (t) => {
  const frame = (path: string, isInApp: boolean) => ({ path, function: 'f', line: 1, isInApp })
  const of = (frames: readonly object[]) => String(stackOf([{ class: 'E', frames }]))
  const mixed = of([frame('pkg:pg/lib/x.js', false), frame('a.js', true), frame('node:net', false)])
  t.match(mixed, /<details >\s*<summary>1 frame of pg/)
  t.match(mixed, '<li class="own">')
  t.match(mixed, '1 frame of Node.js')
  const foreign = of([frame('pkg:@a/b/x.js', false), frame('pkg:pg/x.js', false)])
  t.match(foreign, /<details\s+open>\s*<summary>2 frames of @a\/b and pg/)
})

t.test('it is told what decided how a group stands', (t) => {
  const resolution = {
    at: '2026-03-01T10:00:00.000Z',
    by: 'ben',
    kind: 'in_next_release',
    release: null,
    notes: 'soon',
  } as const
  const mute = { at: '2026-03-01T10:00:00.000Z', until: null, count: null, minutes: null }
  const told = (fields: Partial<ErrorGroup>) =>
    textOf(String(decision(groupOf({ resolution: null, mute: null, ...fields }), NOW_MS))).trim()
  t.match(told({ state: 'new' }), 'for the first time 1 h ago, and nobody has decided')
  t.match(
    told({ state: 'resolved', resolution }),
    'resolved in the next release by ben 2 h ago soon',
  )
  t.match(
    told({
      state: 'resolved',
      resolution: { ...resolution, kind: 'in_release', release: '1.2.0' },
    }),
    'resolved in release 1.2.0 by ben',
  )
  t.match(told({ state: 'regressed', resolution }), 'it came back after it was resolved')
  t.match(told({ state: 'muted', mute }), 'Muted 2 h ago, for good')
  t.match(
    told({
      state: 'muted',
      mute: { ...mute, until: '2026-03-02T00:00:00Z', count: 10, minutes: 60 },
    }),
    'until 2026-03-02 00:00:00 UTC, or until it is thrown 10 times within 60 minutes',
  )
  t.end()
})

t.test('a step without throws is a gap, and one is seen however few they are', (t) => {
  const path = (trend: ErrorTrend, name: string) =>
    new RegExp(`class="${name}"\\s+d="([^"]*)"`).exec(String(trendSpark(trend)))?.[1]
  const trend = trendOf([
    [0, 1, 0],
    [5, 1_000, 500],
    [6, 0, 3],
  ])
  t.equal(path(trend, 'throws'), 'M0 24v-2h0.8v2zM5 24v-24h0.8v24zM6 24v-2h0.8v2z')
  t.equal(path(trend, 'errors'), 'M5 24v-12h0.8v12zM6 24v-2h0.8v2z')
  t.match(String(trendSpark(trendOf([]))), 'none in this window')
  t.end()
})

t.test('ages are in the unit that suits them', (t) => {
  t.same([-HOUR_MS, 4_999, 59_999, 61_000, HOUR_MS, 47 * HOUR_MS, 48 * HOUR_MS].map(formatAge), [
    'just now',
    'just now',
    '59 s ago',
    '1 min ago',
    '1 h ago',
    '47 h ago',
    '2 days ago',
  ])
  t.end()
})

import t from 'tap'
import { formatMs, resolveWindow, type WindowParameters } from '../../collector/api/window'
import { BadParameters } from '../../collector/api/problems'

const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const MAX_HOURS = 720

const ACCEPTED: [WindowParameters, string, string][] = [
  [{}, '2026-02-28T12:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  [{ hours: 1 }, '2026-03-01T11:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  [
    { hours: 2, until: '2026-03-01T10:00:00Z' },
    '2026-03-01T08:00:00.000Z',
    '2026-03-01T10:00:00.000Z',
  ],
  [{ since: '-15m' }, '2026-03-01T11:45:00.000Z', '2026-03-01T12:00:00.000Z'],
  [{ since: '-90s', until: '-30s' }, '2026-03-01T11:58:30.000Z', '2026-03-01T11:59:30.000Z'],
  [{ since: '-7d', until: 'now' }, '2026-02-22T12:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  [{ since: '1772362800' }, '2026-03-01T11:00:00.000Z', '2026-03-01T12:00:00.000Z'],
  [{ since: '1772362800.25' }, '2026-03-01T11:00:00.250Z', '2026-03-01T12:00:00.000Z'],
  [{ since: '2026-03-01T12:30:00+01:00' }, '2026-03-01T11:30:00.000Z', '2026-03-01T12:00:00.000Z'],
  [{ since: '2026-03-01T12:30:00 01:00' }, '2026-03-01T11:30:00.000Z', '2026-03-01T12:00:00.000Z'],
  [
    { since: '2026-03-01t11:30:00.123456789z' },
    '2026-03-01T11:30:00.123Z',
    '2026-03-01T12:00:00.000Z',
  ],
]

t.test('a window is what its parameters say', (t) => {
  for (const [parameters, since, until] of ACCEPTED) {
    const window = resolveWindow(parameters, NOW_MS, MAX_HOURS)
    const shown = [formatMs(window.sinceMs), formatMs(window.untilMs)]
    t.same(shown, [since, until], JSON.stringify(parameters))
  }
  t.end()
})

const REFUSED: [WindowParameters, string, RegExp][] = [
  [{ since: 'yesterday' }, 'since', /RFC 3339.*not "yesterday"/],
  [{ until: '' }, 'until', /RFC 3339.*not ""/],
  [{ since: '2026-02-30T00:00:00Z' }, 'since', /RFC 3339/],
  [{ since: '2026-03-01' }, 'since', /RFC 3339/],
  [{ since: '2026-03-01T25:00:00Z' }, 'since', /RFC 3339/],
  [{ since: '2026-03-01T11:00:00' }, 'since', /RFC 3339/],
  [{ since: '1772362800000' }, 'since', /unix seconds/],
  [{ since: '-1w' }, 'since', /-1h/],
  [{ since: '-999999999d' }, 'since', /-1h/],
  [{ since: '1h' }, 'since', /-1h/],
  [{ since: '-1h', until: '-2h' }, 'since', /before until, 2026-03-01T10:00:00.000Z/],
  [{ since: '-1h', until: '-1h' }, 'since', /before until/],
  [{ since: '-31d' }, 'since', /at most 720 hours/],
  [{ since: '-1h', hours: 1 }, 'hours', /together with since/],
]

t.test(
  'a window that cannot be is refused with the parameter, its value and what is allowed',
  (t) => {
    for (const [parameters, name, reason] of REFUSED) {
      try {
        resolveWindow(parameters, NOW_MS, MAX_HOURS)
        t.fail(`accepted ${JSON.stringify(parameters)}`)
      } catch (error) {
        t.ok(error instanceof BadParameters)
        t.match((error as BadParameters).faults, [{ name, reason }], JSON.stringify(parameters))
      }
    }
    t.end()
  },
)

t.test('two faults are reported at once', (t) => {
  try {
    resolveWindow({ since: 'a', until: 'b' }, NOW_MS, MAX_HOURS)
    t.fail('accepted')
  } catch (error) {
    t.match((error as BadParameters).faults, [{ name: 'until' }, { name: 'since' }])
  }
  t.end()
})

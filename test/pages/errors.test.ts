import t from 'tap'
import type { ErrorGroup, ErrorTrend } from '../../collector/api/error-contract'
import { renderError, type ErrorView } from '../../collector/pages/error-page'
import { stackOf } from '../../collector/pages/error-stack'
import { renderErrors, type ErrorsChoice, type ErrorsView } from '../../collector/pages/errors-page'
import { groupOf, occurrenceOf, GROUP_ID, OTHER_ID } from '../api/errors'
import { faultDetail, FAULTS, GROUPS, textOf } from './fault'

const HOUR_MS = 3_600_000
const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const WINDOW = { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS }
const PLACE = { root: './', stylesheet: 'assets/style.css', hasSession: true }
const CHOICE: ErrorsChoice = {
  window: '24h',
  state: 'unresolved',
  order: 'last_seen',
  service: '',
  text: '',
  hasWarnings: false,
}
const HOSTILE = `"><script>alert('1')</script><img src=x onerror=alert(1)>&x='\u202e`

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

async function listOf(groups: readonly ErrorGroup[], fields: Partial<ErrorsView> = {}) {
  const trend = trendOf([[3, 5, 2]])
  const filter = {} as Parameters<typeof FAULTS.readErrorStatistics>[0]['filter']
  return {
    groups: groups.map((group) => ({ ...group, trend })),
    sums: { statistics: await FAULTS.readErrorStatistics({ window: WINDOW, filter }), trend },
    nextCursor: null,
    nowMs: NOW_MS,
    ...fields,
  }
}

function viewOf(fields: Partial<ErrorView> = {}): ErrorView {
  return {
    detail: faultDetail({ window: WINDOW }),
    trend: trendOf([[3, 5, 2]]),
    occurrences: [occurrenceOf()],
    similar: [{ ...groupOf({ id: OTHER_ID }), shared: 1 }],
    window: '24h',
    mayChange: true,
    nowMs: NOW_MS,
    ...fields,
  }
}

t.test('a group is listed with what it is, how it stands and the way to it', async (t) => {
  const page = renderErrors(await listOf(GROUPS), CHOICE, PLACE)
  t.match(page, `href="errors/${GROUP_ID}"`)
  const text = textOf(page)
  t.match(text, /CardDeclined insufficient_funds the bank declined the card: <\*> payments charge/)
  t.match(text, /Regressed ann 12,480 5 throws, at most 5 an hour 2,310 12 s ago 48 days ago/)
  for (const word of ['New', 'Escalating', 'Ongoing', 'Resolved', 'Muted']) t.match(text, word)
})

t.test('the form keeps what was asked for, and so does the way to the next page', async (t) => {
  const choice: ErrorsChoice = {
    window: '7d',
    state: 'muted',
    order: 'users',
    service: 'a&b',
    text: '<x>',
    hasWarnings: true,
  }
  const page = renderErrors(await listOf(GROUPS, { nextCursor: 'further' }), choice, PLACE)
  t.match(page, 'name="text"\nvalue="&lt;x&gt;"')
  t.match(page, /<option value="muted"\s+selected>/)
  t.match(page, /<option value="users"\s+selected>/)
  t.match(page, /value="on"\s+checked/)
  const [, href = ''] = /<a href="(\?[^"]*)">Go on/.exec(page) ?? []
  t.same(Object.fromEntries(new URLSearchParams(href.replaceAll('&amp;', '&'))), {
    window: '7d',
    state: 'muted',
    order: 'users',
    service: 'a&b',
    text: '<x>',
    warnings: 'on',
    cursor: 'further',
  })
})

t.test(
  'where there is nothing the page says where errors come from, and how to see more',
  async (t) => {
    const page = renderErrors(await listOf([]), CHOICE, PLACE)
    const text = textOf(page)
    t.match(text, 'No such error in the last 24 hours')
    t.match(text, 'Show all states, services and severities')
    t.match(text, "log.error({ err: error }, 'the order could not be placed')")
    t.notMatch(page, '<table')
    const wide: ErrorsChoice = { ...CHOICE, window: '30d', state: 'all', hasWarnings: true }
    const widest = renderErrors(await listOf([]), wide, PLACE)
    t.notMatch(widest, /Show all|Look at 30 days/, 'there is no more to show')
  },
)

t.test('whatever an application throws is text on every page', async (t) => {
  const group = groupOf({
    class: HOSTILE,
    code: HOSTILE,
    message: HOSTILE,
    culprit: HOSTILE,
    service: HOSTILE,
    assignee: HOSTILE,
    lastRelease: HOSTILE,
    state: 'resolved',
    resolution: {
      at: '2026-03-01T11:00:00.000Z',
      by: HOSTILE,
      kind: 'in_release',
      release: HOSTILE,
      notes: HOSTILE,
    },
  })
  const exception = {
    class: HOSTILE,
    code: HOSTILE,
    message: HOSTILE,
    frames: [
      { path: HOSTILE, function: HOSTILE, line: 1, column: 1, isInApp: true },
      { path: `pkg:${HOSTILE}`, function: HOSTILE, line: 1, column: 1, isInApp: false },
    ],
  }
  const occurrence = occurrenceOf({
    ...exception,
    exceptions: [{ ...exception, members: [exception] }, exception],
    stackTrace: HOSTILE,
    userId: HOSTILE,
    requestId: HOSTILE,
    httpPath: HOSTILE,
    environment: HOSTILE,
    operation: HOSTILE,
    release: HOSTILE,
    source: HOSTILE,
    attributes: { [HOSTILE]: HOSTILE },
  })
  const counts = [{ name: HOSTILE, count: 1 }]
  const seen = { firstSeen: '2026-03-01T11:00:00.000Z', lastSeen: '2026-03-01T11:00:00.000Z' }
  const view = viewOf({
    detail: faultDetail(
      { window: WINDOW },
      {
        group,
        latest: occurrence,
        environments: counts,
        operations: counts,
        releases: [{ name: HOSTILE, count: 1, ...seen }],
        hashes: [GROUP_ID, OTHER_ID].map((hash) => ({
          hash,
          algorithm: HOSTILE,
          class: HOSTILE,
          code: HOSTILE,
          message: HOSTILE,
          culprit: HOSTILE,
          createdAt: '',
          why: [{ kind: HOSTILE, value: HOSTILE, isUsed: false, hint: HOSTILE }],
        })),
        history: [
          { at: HOSTILE, actor: HOSTILE, action: HOSTILE, details: { [HOSTILE]: HOSTILE } },
        ],
      },
    ),
    occurrences: [occurrence],
    similar: [{ ...group, id: OTHER_ID, shared: 1 }],
  })
  const pages = [
    renderError(view, PLACE),
    renderErrors(await listOf([group]), { ...CHOICE, service: HOSTILE, text: HOSTILE }, PLACE),
  ]
  for (const page of pages) {
    t.ok(textOf(page).split('<script>').length > 3, 'it is shown')
    // Within quotes an attribute is text as well; what ends them would show outside.
    t.notMatch(page.replace(/"[^"]*"/g, '""'), /<script|<img|<[a-z][^>]*onerror|"1"|'1'/)
  }
})

t.test(
  'the cause chain and the errors of an aggregate are shown, and a cycle has an end',
  async (t) => {
    const text = textOf(renderError(viewOf(), PLACE))
    t.match(
      text,
      /CheckoutFailed the order [^]*caused by CardDeclined [^]*caused by AggregateError [^]*It holds 2 errors: Error ECONNREFUSED/,
    )
    const endless: { class: string; members: unknown[] } = { class: 'Self', members: [] }
    endless.members.push(endless, endless)
    t.ok(String(stackOf([endless])).split('Self').length <= 60)
  },
)

t.test('what was stored in another shape is left out, and breaks no page', async (t) => {
  for (const exceptions of [[null, 1, 'x', []], [{}], [{ frames: [null, 1], members: 'x' }]]) {
    const latest = occurrenceOf({ exceptions })
    const detail = faultDetail({ window: WINDOW }, { latest })
    t.match(renderError(viewOf({ detail }), PLACE), 'Stack of the latest throw')
  }
  t.equal(stackOf([null, 1]), null)
  const detail = faultDetail({ window: WINDOW }, { latest: null })
  t.match(renderError(viewOf({ detail }), PLACE), 'No throw of this window is kept any more')
})

t.test('who may only read is offered nothing that changes a group', (t) => {
  t.match(renderError(viewOf(), PLACE), `action="${GROUP_ID}/resolve"`)
  const read = renderError(viewOf({ mayChange: false }), PLACE)
  t.notMatch(read.replace(/<form method="post" action="\.\/logout">/, ''), '<form')
  t.end()
})

t.test('a group that is resolved or muted can be taken back, and is not asked for again', (t) => {
  const formsOf = (state: ErrorGroup['state']) => {
    const detail = faultDetail({ window: WINDOW }, { group: groupOf({ state }), hashes: [] })
    const page = renderError(viewOf({ detail, similar: [] }), PLACE)
    return [...page.matchAll(/action="[^"]*\/(\w+)"/g)].map(([, action]) => action).sort()
  }
  t.same(formsOf('new'), ['assign', 'logout', 'merge', 'mute', 'resolve'])
  t.same(formsOf('resolved'), ['assign', 'logout', 'merge', 'mute', 'reopen'])
  t.same(formsOf('muted'), ['assign', 'logout', 'merge', 'reopen', 'resolve'])
  t.end()
})

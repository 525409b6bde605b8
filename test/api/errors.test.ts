import t from 'tap'
import type { ErrorQueries } from '../../collector/api/error-contract'
import { Unavailable } from '../../collector/errors'
import { ask } from './answer'
import { detailOf, GROUP_ID, groupOf, OTHER_ID } from './errors'
import { ACME_ADMIN, ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const ERRORS = '/api/v1/errors'
const LEGACY = '/api/admin/observability/errors'
const PREFIXES = [ERRORS, LEGACY]
const HOUR_MS = 3_600_000
const DAY = { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS }
const EVERY = {
  tenant: null,
  service: null,
  environment: null,
  module: null,
  operation: null,
  release: null,
  states: [],
  text: null,
  assignee: null,
  minOccurrences: 1,
  severeOnly: false,
}
const UNRESOLVED = ['new', 'ongoing', 'escalating', 'regressed']

type Asked<K extends keyof ErrorQueries> = Parameters<ErrorQueries[K]>[0][]

interface Page {
  readonly nextCursor: string | null
}

t.test('groups are listed as they are, the latest of a day first', async (t) => {
  const asked: Asked<'listErrors'> = []
  const { app } = buildApi(t, {
    queries: {
      listErrors: (question) => {
        asked.push(question)
        const mute = { at: '2026-03-01T11:30:00.000Z', until: null, count: 5, minutes: 60 }
        const resolution = {
          at: '2026-03-01T11:00:00.000Z',
          by: 'ann',
          kind: 'in_release' as const,
          release: '1.1.0',
          notes: null,
        }
        const other = groupOf({ id: OTHER_ID, code: null, state: 'muted', mute, resolution })
        const window = { ...question.window, sinceMs: question.window.sinceMs - HOUR_MS }
        return Promise.resolve({ window, groups: [groupOf(), other], next: null })
      },
    },
  })
  for (const path of PREFIXES) {
    const answer = await ask<{ errors: object[] }>(app, path, path)
    t.match(answer, {
      window: { since: '2026-02-28T11:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
      nextCursor: null,
    })
    t.strictSame(answer.errors[0], groupOf())
    t.match(answer.errors[1], { id: OTHER_ID, mute: { count: 5 }, resolution: { by: 'ann' } })
  }
  const first = { window: DAY, filter: EVERY, order: 'last_seen', limit: 50, after: null }
  t.strictSame(asked, [first, first])
})

t.test('every parameter narrows what is asked, below either prefix', async (t) => {
  const asked: Asked<'listErrors'> = []
  const { app } = buildApi(t, {
    queries: {
      listErrors: (question) => {
        asked.push(question)
        return Promise.resolve({ window: question.window, groups: [], next: null })
      },
    },
  })
  const query =
    'text=card&service=a&environment=b&module=c&operation=d&release=e&state=new,%20muted&assignee=f' +
    '&severity=error&minOccurrences=7&hours=2&order=users&limit=3&tenant=acme'
  for (const path of PREFIXES) await ask(app, path, `${path}?${query}`)
  const all = {
    window: { sinceMs: NOW_MS - 2 * HOUR_MS, untilMs: NOW_MS },
    filter: {
      tenant: 'acme',
      service: 'a',
      environment: 'b',
      module: 'c',
      operation: 'd',
      release: 'e',
      states: ['new', 'muted'],
      text: 'card',
      assignee: 'f',
      minOccurrences: 7,
      severeOnly: true,
    },
    order: 'users',
    limit: 3,
    after: null,
  }
  t.strictSame(asked, [all, all])

  for (const [query, states, severeOnly] of [
    ['unresolvedOnly=true', UNRESOLVED, true],
    ['unresolvedOnly=false', [], false],
    ['state=unresolved', UNRESOLVED, true],
    ['state=unresolved&severity=any', UNRESOLVED, false],
    ['state=regressed,unresolved', ['regressed', 'new', 'ongoing', 'escalating'], true],
    ['state=resolved', ['resolved'], false],
    ['since=-1h', [], false],
  ] as const) {
    asked.length = 0
    await ask(app, LEGACY, `${LEGACY}?${query}`)
    t.match(asked, [{ filter: { states: [...states], severeOnly } }], query)
    t.equal(asked[0]?.filter.states.length, states.length)
  }
})

t.test('what makes no sense is refused by name, with what is allowed', async (t) => {
  const { app } = buildApi(t)
  for (const [query, name, reason] of [
    ['state=open', 'state', /must be some of new, .*muted, unresolved, not "open"/],
    ['state=new,', 'state', /not ""/],
    ['severity=fatal', 'severity', /one of error, any/],
    ['order=name', 'order', /one of last_seen, first_seen, count, users/],
    ['minOccurrences=0', 'minOccurrences', /integer from 1/],
    ['limit=1001', 'limit', /to 1000/],
    ['unresolvedOnly=maybe', 'unresolvedOnly', /boolean/],
    ['hours=9601', 'hours', /to 9600/],
    ['since=yesterday', 'since', /RFC 3339/],
    ['cursor=x', 'cursor', /nextCursor/],
    ['text=', 'text', /at least 1 character/],
    ['text=%00', 'text', /NUL/],
    ['severty=any', 'severty', /not known/],
  ] as const) {
    for (const path of PREFIXES) {
      const problem = await ask(app, path, `${path}?${query}`)
      t.match(problem, { status: 400, errors: [{ name, reason }] }, query)
    }
  }
  for (const [path, url] of [
    [`${ERRORS}/{id}`, `${ERRORS}/7`],
    [`${ERRORS}/{id}/occurrences`, `${ERRORS}/x-y/occurrences`],
    [`${ERRORS}/{id}/similar`, `${ERRORS}/${GROUP_ID}0/similar`],
    [`${ERRORS}/{id}/history`, `${ERRORS}/${'g'.repeat(32)}/history`],
    [`${ERRORS}/{id}/why`, `${ERRORS}/7/why`],
    [`${LEGACY}/{id}/occurrences`, `${LEGACY}/7/occurrences`],
    [`${ERRORS}/trend`, `${ERRORS}/trend?id=7`],
  ] as const) {
    t.match(await ask(app, path, url), { status: 400, errors: [{ name: 'id', reason: /uuid/ }] })
  }
  for (const step of ['30s', 'x']) {
    t.match(await ask(app, `${LEGACY}/trend`, `${LEGACY}/trend?step=${step}`), {
      status: 400,
      errors: [{ name: 'step', reason: /whole minutes/ }],
    })
  }
})

t.test(
  'a cursor goes on in its window and order, and with the same parameters alone',
  async (t) => {
    const asked: Asked<'listErrors'> = []
    const clock = { nowMs: NOW_MS }
    const { app } = buildApi(t, {
      now: () => clock.nowMs,
      queries: {
        listErrors: (question) => {
          asked.push(question)
          const { window, after } = question
          const next = after === null ? '["2026",12]' : null
          return Promise.resolve({ window, groups: [groupOf()], next })
        },
      },
    })
    const { nextCursor } = await ask<Page>(app, ERRORS, `${ERRORS}?order=count&service=a`)
    clock.nowMs += HOUR_MS
    const url = `${ERRORS}?service=a&order=count&cursor=${nextCursor}`
    t.match(await ask<Page>(app, ERRORS, url), { nextCursor: null })
    t.match(asked[1], { window: DAY, after: '["2026",12]', order: 'count' })
    for (const query of ['service=b&order=count', 'service=a', 'service=a&order=count&state=new']) {
      const problem = await ask(app, ERRORS, `${ERRORS}?${query}&cursor=${nextCursor}`)
      t.match(problem, { status: 400, errors: [{ name: 'cursor' }] }, query)
    }
    for (const fields of [
      [2, 'x', 0, 1, 'a'],
      [1, 'x', 0, 1, 'a'],
      JSON.parse(Buffer.from(nextCursor ?? '', 'base64url').toString()).with(4, 'a\0'),
      JSON.parse(Buffer.from(nextCursor ?? '', 'base64url').toString()).with(4, 7),
      JSON.parse(Buffer.from(nextCursor ?? '', 'base64url').toString()).with(3, 1e300),
    ] as const) {
      const forged = Buffer.from(JSON.stringify(fields)).toString('base64url')
      const answer = await ask(app, ERRORS, `${ERRORS}?order=count&service=a&cursor=${forged}`)
      t.match(answer, { status: 400, errors: [{ name: 'cursor' }] })
    }
  },
)

t.test('statistics are told as they are', async (t) => {
  const asked: Asked<'readErrorStatistics'> = []
  const sums = {
    groupCount: 3,
    unresolvedCount: 2,
    newCount: 1,
    occurrenceCount: 40,
    severeCount: 30,
    unhandledCount: 4,
    userCount: 17,
    byClass: [{ name: 'PaymentError', count: 40 }],
    byModule: [{ name: 'orders', count: 40 }],
    byService: [{ name: 'orders', count: 40 }],
    byState: [{ name: 'new', count: 3 }],
  }
  const { app } = buildApi(t, {
    queries: {
      readErrorStatistics: (question) => {
        asked.push(question)
        return Promise.resolve({ window: question.window, ...sums })
      },
    },
  })
  for (const prefix of PREFIXES) {
    const path = `${prefix}/stats`
    t.strictSame(await ask(app, path, `${path}?module=orders&hours=1`), {
      window: { since: '2026-03-01T11:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
      ...sums,
    })
  }
  const window = { sinceMs: NOW_MS - HOUR_MS, untilMs: NOW_MS }
  const question = { window, filter: { ...EVERY, module: 'orders' } }
  t.strictSame(asked, [question, question])
})

t.test('trends have every step of the window, of all errors or of a group', async (t) => {
  const asked: Asked<'readErrorTrend'> = []
  const { app } = buildApi(t, {
    queries: {
      readErrorTrend: (question) => {
        asked.push(question)
        const { window, stepMs } = question
        const sinceMs = window.sinceMs + stepMs
        const step = { sinceMs, occurrenceCount: 4, severeCount: 3, groupCount: 2 }
        return Promise.resolve({ window, stepMs, steps: [step] })
      },
    },
  })
  for (const prefix of PREFIXES) {
    const path = `${prefix}/trend`
    const none = { occurrenceCount: 0, severeCount: 0, groupCount: 0 }
    t.strictSame(await ask(app, path, `${path}?since=-30m&step=20m&id=${GROUP_ID}`), {
      window: { since: '2026-03-01T11:20:00.000Z', until: '2026-03-01T12:00:00.000Z' },
      stepSeconds: 1200,
      trend: [
        { time: '2026-03-01T11:20:00.000Z', ...none },
        { time: '2026-03-01T11:40:00.000Z', occurrenceCount: 4, severeCount: 3, groupCount: 2 },
      ],
    })
  }
  await ask(app, `${ERRORS}/trend`, `${ERRORS}/trend?severity=error`)
  t.match(asked, [
    { groupId: GROUP_ID, stepMs: 1_200_000, filter: EVERY },
    { groupId: GROUP_ID },
    { groupId: null, stepMs: 600_000, window: DAY, filter: { severeOnly: true } },
  ])
})

t.test('a Postgres that is away is said to be', async (t) => {
  const away = () => Promise.reject(new Unavailable('cannot read errors: no connection'))
  const { app } = buildApi(t, { queries: { listErrors: away, readError: away } })
  t.match(await ask(app, ERRORS, ERRORS), { status: 503 })
  t.match(await ask(app, `${ERRORS}/{id}`, `${ERRORS}/${GROUP_ID}`), { status: 503 })
})

t.test('read tokens read what is not under admin, bound ones of their tenant alone', async (t) => {
  const tenants: (string | null)[] = []
  const note = <A>(answer: A) => {
    return (question: { tenant: string | null } | { filter: { tenant: string | null } }) => {
      tenants.push('filter' in question ? question.filter.tenant : question.tenant)
      return Promise.resolve(answer)
    }
  }
  const window = DAY
  const { app } = buildApi(t, {
    queries: {
      listErrors: note({ window, groups: [], next: null }),
      readError: note(detailOf({ window })),
      listOccurrences: note({ occurrences: [], next: null }),
      listSimilarErrors: note([]),
      readErrorTrend: note({ window, stepMs: HOUR_MS, steps: [] }),
    },
  })
  const own = ['', '/stats', '/trend', `/${GROUP_ID}`, `/${GROUP_ID}/occurrences`].concat(
    ['similar', 'history', 'why'].map((name) => `/${GROUP_ID}/${name}`),
  )
  for (const path of own) {
    const statuses = []
    for (const headers of [{}, bearer(INGEST), bearer(READ), bearer(ADMIN)]) {
      statuses.push((await app.inject({ url: `${ERRORS}${path}`, headers })).statusCode)
    }
    t.same(statuses, [401, 403, 200, 200], path)
    tenants.length = 0
    await app.inject({ url: `${ERRORS}${path}?tenant=umbrella`, headers: bearer(ACME_ADMIN) })
    t.ok(
      tenants.every((tenant) => tenant === 'acme'),
      path,
    )
  }
  for (const path of ['', '/stats', '/trend', `/${GROUP_ID}/occurrences`]) {
    const url = `${LEGACY}${path}`
    t.equal((await app.inject({ url, headers: bearer(READ) })).statusCode, 403, path)
  }
})

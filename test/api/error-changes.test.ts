import t from 'tap'
import type { ErrorActions } from '../../collector/api/error-contract'
import { Sessions } from '../../collector/api/sessions'
import { BadData, Unavailable } from '../../collector/errors'
import { send } from './answer'
import { detailOf, GROUP_ID, groupOf, OTHER_ID } from './errors'
import { ACME_ADMIN, ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const ERRORS = '/api/v1/errors'
const LEGACY = '/api/admin/observability/errors'
const HOUR_MS = 3_600_000
const CHANGES = ['resolve', 'reopen', 'mute', 'assign', 'merge', 'split'] as const
const BODIES: Readonly<Record<(typeof CHANGES)[number], object>> = {
  resolve: {},
  reopen: {},
  mute: {},
  assign: { assignee: 'bea' },
  merge: { others: [OTHER_ID] },
  split: { hashes: [OTHER_ID] },
}
/** What everybody knows. */
const SUBJECT = { id: GROUP_ID, tenant: null, actor: 'admin' }

/** A release as long as one is kept. */
const LONG = '2'.repeat(256)

type Overrides = Partial<ErrorActions>

/** An API that keeps what is done; a change ends with the group it was of, a split with the other one. */
function buildChanges(
  t: Parameters<typeof buildApi>[0],
  overrides: Overrides = {},
  parts: Parameters<typeof buildApi>[1] = {},
) {
  const done: [action: string, of: object][] = []
  const read: object[] = []
  const note = (action: string, id = GROUP_ID) => {
    return (of: object) => {
      done.push([action, of])
      return Promise.resolve(id)
    }
  }
  const api = buildApi(t, {
    ...parts,
    queries: {
      readError: (question) => {
        read.push(question)
        return Promise.resolve(detailOf(question, { group: groupOf({ id: question.id }) }))
      },
      resolveError: note('resolve'),
      reopenError: note('reopen'),
      muteError: note('mute'),
      assignError: note('assign'),
      mergeErrors: note('merge'),
      splitError: note('split', OTHER_ID),
      ...overrides,
    },
  })
  const change = (name: string, body?: object, prefix = ERRORS) =>
    send(api.app, `${prefix}/{id}/${name}`, `${prefix}/${GROUP_ID}/${name}`, body)
  return { ...api, done, read, change }
}

t.test('a change is answered with the group as it is then', async (t) => {
  const { change, read } = buildChanges(t)
  for (const name of CHANGES) {
    const id = name === 'split' ? OTHER_ID : GROUP_ID
    t.strictSame(await change(name, BODIES[name]), groupOf({ id }), name)
  }
  const window = { sinceMs: NOW_MS - 720 * HOUR_MS, untilMs: NOW_MS }
  t.strictSame(read[0], { id: GROUP_ID, tenant: null, window })
})

t.test('every body says what is done, and who does it', async (t) => {
  const { change, done } = buildChanges(t)
  const resolution = { kind: 'now', release: null, notes: null }
  const muting = { untilMs: null, count: null, minutes: null }
  const inAnHour = new Date(NOW_MS + HOUR_MS).toISOString()
  for (const [name, body, expected] of [
    ['resolve', {}, resolution],
    [
      'resolve',
      { in: 'now', by: 'ann', notes: 'why' },
      { actor: 'ann', ...resolution, notes: 'why' },
    ],
    ['resolve', { in: 'release' }, { ...resolution, kind: 'in_release' }],
    ['resolve', { in: 'release', release: '2' }, { kind: 'in_release', release: '2', notes: null }],
    [
      'resolve',
      { in: 'release', release: LONG },
      { ...resolution, kind: 'in_release', release: LONG },
    ],
    ['resolve', { in: 'next_release' }, { ...resolution, kind: 'in_next_release' }],
    ['reopen', { by: 'ann' }, { actor: 'ann' }],
    ['mute', {}, muting],
    ['mute', { until: inAnHour }, { ...muting, untilMs: NOW_MS + HOUR_MS }],
    ['mute', { until: `${NOW_MS / 1000 + 60}` }, { ...muting, untilMs: NOW_MS + 60_000 }],
    ['mute', { minutes: 90 }, { ...muting, untilMs: NOW_MS + 90 * 60_000 }],
    ['mute', { count: 5, perMinutes: 60 }, { untilMs: null, count: 5, minutes: 60 }],
    [
      'mute',
      { minutes: 60, count: 5, perMinutes: 10 },
      { untilMs: NOW_MS + HOUR_MS, count: 5, minutes: 10 },
    ],
    ['assign', { assignee: 'bea' }, { assignee: 'bea' }],
    ['assign', { assignee: null }, { assignee: null }],
    [
      'merge',
      { others: [OTHER_ID.replaceAll('-', '').toUpperCase(), OTHER_ID] },
      { others: [OTHER_ID] },
    ],
    ['split', { hashes: [OTHER_ID, GROUP_ID] }, { hashes: [OTHER_ID, GROUP_ID] }],
  ] as const) {
    done.length = 0
    await change(name, body)
    t.strictSame(done, [[name, { ...SUBJECT, ...expected }]], JSON.stringify(body))
  }
})

t.test('what was resolved by its first users still is', async (t) => {
  const { change, done } = buildChanges(t)
  t.strictSame(await change('resolve', { resolvedBy: 'ann', notes: 'done' }, LEGACY), groupOf())
  await change('resolve', { in: 'release', release: '2.0.0' }, LEGACY)
  t.strictSame(done, [
    ['resolve', { ...SUBJECT, actor: 'ann', kind: 'now', release: null, notes: 'done' }],
    ['resolve', { ...SUBJECT, kind: 'in_release', release: '2.0.0', notes: null }],
  ])
})

t.test(
  'a body that makes no sense is refused with all its faults, and nothing is done',
  async (t) => {
    const { change, done } = buildChanges(t)
    const long = 'x'.repeat(201)
    for (const [name, body, faults] of [
      ['resolve', { in: 'later' }, [['in', /one of now, release, next_release/]]],
      ['resolve', { release: '2' }, [['release', /with in: release only/]]],
      ['resolve', { in: 'next_release', release: '2' }, [['release', /only/]]],
      ['resolve', { note: 'x' }, [['note', /not known; known are by, in, release, notes/]]],
      ['resolve', { by: '' }, [['by', /text of 1 to 200 characters/]]],
      [
        'resolve',
        { by: long, notes: 'x'.repeat(10_001) },
        [
          ['by', /200/],
          ['notes', /0 to 10000/],
        ],
      ],
      ['resolve', { notes: 'a\0b' }, [['notes', /NUL/]]],
      ['resolve', [], [['body', /object/]]],
      ['reopen', { until: 'x' }, [['until', /not known/]]],
      ['mute', { until: 'tomorrow' }, [['until', /RFC 3339.*not "tomorrow"/]]],
      ['mute', { until: '2026-03-01T12:00:00Z' }, [['until', /after 2026-03-01T12:00:00.000Z/]]],
      [
        'mute',
        { until: '-1h', minutes: 5, count: 3 },
        [
          ['until', /after/],
          ['minutes', /together with until/],
          ['perMinutes', /together with count/],
        ],
      ],
      ['mute', { perMinutes: 3 }, [['count', /together with perMinutes/]]],
      [
        'mute',
        { minutes: 0, count: 1.5 },
        [
          ['minutes', /from 1/],
          ['count', /integer/],
        ],
      ],
      ['mute', { count: 1, perMinutes: 2881 }, [['perMinutes', /to 2880/]]],
      ['assign', {}, [['assignee', /must be given/]]],
      ['assign', { assignee: '' }, [['assignee', /text of 1 to 200/]]],
      ['merge', {}, [['others', /must be given/]]],
      ['merge', { others: [] }, [['others', /a list of 1 to 1000/]]],
      [
        'merge',
        { others: ['7', OTHER_ID, 'x'] },
        [
          ['others', /"7"/],
          ['others', /"x"/],
        ],
      ],
      ['merge', { others: [OTHER_ID, GROUP_ID] }, [['others', /other groups/]]],
      ['split', { hashes: ['7'] }, [['hashes', /uuid.*"7"/]]],
      ['split', { hashes: [OTHER_ID, 'a\0'] }, [['hashes', /NUL/]]],
    ] as const) {
      const problem = await change(name, body)
      const errors = faults.map(([fault, reason]) => ({ name: fault, reason }))
      t.match(problem, { status: 400, errors }, JSON.stringify(body).slice(0, 80))
      t.equal((problem as { errors: object[] }).errors.length, faults.length)
    }
    t.match(
      await send(buildChanges(t).app, `${ERRORS}/{id}/resolve`, `${ERRORS}/seven/resolve`, {}),
      { status: 400, errors: [{ name: 'id', reason: /uuid/ }] },
    )
    t.same(done, [])
  },
)

t.test('bodies are JSON, or there is none', async (t) => {
  const { app, done } = buildChanges(t)
  const post = (type: string | null, payload?: string) =>
    app.inject({
      method: 'POST',
      url: `${ERRORS}/${GROUP_ID}/reopen`,
      headers: { ...bearer(ADMIN), ...(type === null ? {} : { 'content-type': type }) },
      ...(payload === undefined ? {} : { payload }),
    })
  t.equal((await post(null)).statusCode, 200)
  t.equal((await post('application/json', '{"by":"ann"}')).statusCode, 200)
  t.equal((await post('application/json; charset=utf-8', 'null')).statusCode, 200)
  t.equal(done.length, 3)
  for (const [type, payload, status] of [
    ['text/plain', '{}', 415],
    ['application/x-www-form-urlencoded', 'by=ann', 415],
    ['multipart/form-data; boundary=x', '--x--', 415],
    ['application/json', '{', 400],
    ['application/json', '"ann"', 400],
  ] as const) {
    const response = await post(type, payload)
    t.equal(response.statusCode, status, `${type} ${payload}`)
    t.match(response.headers['content-type'], /^application\/problem\+json/)
  }
  t.equal(done.length, 3)
})

t.test('what cannot be done is a conflict, what is not there is not found', async (t) => {
  const refuse = () => Promise.reject(new BadData('cannot merge it: it is of another service'))
  const away = () => Promise.reject(new Unavailable('cannot change the error: no connection'))
  const nothing = () => Promise.resolve(null)
  const { change } = buildChanges(t, {
    mergeErrors: refuse,
    splitError: away,
    resolveError: nothing,
    assignError: nothing,
  })
  t.match(await change('merge', BODIES.merge), { status: 409, detail: /of another service/ })
  t.match(await change('split', BODIES.split), { status: 503 })
  t.match(await change('resolve'), { status: 404, detail: /no group of errors/ })
  t.match(await change('resolve', {}, LEGACY), { status: 404 })
  t.match(await change('assign', BODIES.assign), { status: 404 })
})

t.test('only admin tokens change something, bound ones of their tenant alone', async (t) => {
  const { app, done } = buildChanges(t)
  const urls = CHANGES.map((name) => [name, `${ERRORS}/${GROUP_ID}/${name}`] as const)
  for (const [name, url] of [...urls, ['resolve', `${LEGACY}/${GROUP_ID}/resolve`] as const]) {
    const payload = BODIES[name]
    for (const [headers, status] of [
      [{}, 401],
      [bearer('nobody-gave-this-token'), 401],
      [bearer(INGEST), 403],
      [bearer(READ), 403],
    ] as const) {
      const response = await app.inject({ method: 'POST', url, headers, payload })
      t.equal(response.statusCode, status, url)
    }
    t.same(done, [])
    const bound = { url: `${url}?tenant=umbrella`, headers: bearer(ACME_ADMIN), payload }
    t.equal((await app.inject({ method: 'POST', ...bound })).statusCode, 200)
    t.match(done.pop(), [name, { tenant: 'acme' }])
    const other = { url: `${url}?tenant=umbrella`, headers: bearer(ADMIN), payload }
    t.equal((await app.inject({ method: 'POST', ...other })).statusCode, 200)
    t.match(done.pop(), [name, { tenant: 'umbrella' }])
    const inQuery = { method: 'POST', url: `${url}?token=${ADMIN}`, payload } as const
    t.equal((await app.inject(inQuery)).statusCode, 401, 'no token in the query changes anything')
  }
})

t.test('a session changes what its grant allows, where a page of ours asks', async (t) => {
  const sessions = new Sessions(() => NOW_MS)
  const { app, done } = buildChanges(t, {}, { sessions })
  const cookieOf = (scope: 'admin' | 'read', tenant: string | null = null) =>
    `${sessions.cookieName}=${sessions.open({ scope, tenant })}`
  const post = (headers: Record<string, string>, url = `${ERRORS}/${GROUP_ID}/reopen`) =>
    app.inject({ method: 'POST', url, headers })
  const cookie = cookieOf('admin')
  const host = 'collector.example:4319'
  for (const [headers, status] of [
    [{ cookie, 'sec-fetch-site': 'same-origin' }, 200],
    [{ cookie, host, origin: `http://${host}` }, 200],
    [{ cookie }, 401],
    [{ cookie, 'sec-fetch-site': 'same-site' }, 401],
    [{ cookie, 'sec-fetch-site': 'cross-site' }, 401],
    [{ cookie, 'sec-fetch-site': 'cross-site', host, origin: `http://${host}` }, 401],
    [{ cookie, host, origin: 'http://evil.example' }, 401],
    [{ cookie, host, origin: 'null' }, 401],
    [{ cookie: cookieOf('read'), 'sec-fetch-site': 'same-origin' }, 403],
    [{ cookie: `${sessions.cookieName}=x`, 'sec-fetch-site': 'same-origin' }, 401],
  ] as const) {
    t.equal((await post(headers)).statusCode, status, JSON.stringify(headers))
  }
  t.equal(done.length, 2)
  await post({ cookie: cookieOf('admin', 'acme'), 'sec-fetch-site': 'same-origin' })
  t.match(done[2], ['reopen', { tenant: 'acme' }])
  const own = { cookie, 'sec-fetch-site': 'same-origin' }
  t.equal((await post(own, '/api/admin/login-links')).statusCode, 401, 'it opens no other change')
})

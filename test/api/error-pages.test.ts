import t from 'tap'
import type { ErrorActions } from '../../collector/api/error-contract'
import { BadData, Unavailable } from '../../collector/errors'
import { faultDetail, FAULTS, GROUPS } from '../pages/fault'
import { GROUP_ID, OTHER_ID } from './errors'
import { ACME_ADMIN, ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const HOUR_MS = 3_600_000
const OWN = { 'sec-fetch-site': 'same-origin' }
const PAGE = `/errors/${GROUP_ID}`
type Asked = Record<string, unknown>

/** Pages of a shop's errors; `asked` are the questions about groups, `done` what was done to them. */
function buildPages(t: Parameters<typeof buildApi>[0], replaced: Partial<ErrorActions> = {}) {
  const asked: Asked[] = []
  const done: Asked[] = []
  const act = (name: string) => (action: object) => {
    done.push({ name, ...action })
    return Promise.resolve(name === 'split' ? OTHER_ID : GROUP_ID)
  }
  const { app } = buildApi(t, {
    queries: {
      ...FAULTS,
      listErrors(question) {
        asked.push({ ...question })
        const next = question.after === null ? 'further' : null
        return Promise.resolve({ window: question.window, groups: GROUPS, next })
      },
      readError(question) {
        asked.push(question)
        return Promise.resolve(question.id.startsWith('dead') ? null : faultDetail(question))
      },
      resolveError: act('resolve'),
      reopenError: act('reopen'),
      muteError: act('mute'),
      assignError: act('assign'),
      mergeErrors: act('merge'),
      splitError: act('split'),
      ...replaced,
    },
  })
  const enter = async (token: string) => {
    const { headers } = await app.inject({
      method: 'POST',
      url: '/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `token=${token}`,
    })
    return { cookie: String(headers['set-cookie']).split(';', 1)[0] ?? '' }
  }
  const submit = (action: string, form: Record<string, string>, headers: Record<string, string>) =>
    app.inject({
      method: 'POST',
      url: `${PAGE}/${action}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(form).toString(),
    })
  return { app, asked, done, enter, submit }
}

t.test('the list asks for what the form says, of the tenant of the session', async (t) => {
  const { app, asked, enter } = buildPages(t)
  const headers = await enter(ACME_ADMIN)
  t.equal((await app.inject({ url: '/errors', headers })).statusCode, 200)
  t.match(asked.pop(), {
    window: { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS },
    filter: {
      tenant: 'acme',
      service: null,
      text: null,
      states: ['new', 'ongoing', 'escalating', 'regressed'],
      severeOnly: true,
    },
    order: 'last_seen',
    after: null,
  })
  const query = 'window=7d&state=muted&order=users&service=+orders+&text=&warnings=on'
  t.equal((await app.inject({ url: `/errors?${query}`, headers })).statusCode, 200)
  t.match(asked.pop(), {
    window: { sinceMs: NOW_MS - 168 * HOUR_MS },
    filter: { tenant: 'acme', service: 'orders', text: null, states: ['muted'], severeOnly: false },
    order: 'users',
  })
  for (const wrong of ['state=gone', 'window=2h', 'order=x', 'nonsense=1', 'cursor=guessed']) {
    const { statusCode, body } = await app.inject({ url: `/errors?${wrong}`, headers })
    t.equal(statusCode, 400, wrong)
    t.match(body, '<h1')
  }
})

t.test('the way to the next page leads on, within the window of the first', async (t) => {
  const { app, asked, enter } = buildPages(t)
  const headers = await enter(READ)
  const first = await app.inject({ url: '/errors?state=all', headers })
  const [, href = ''] = /<a href="(\?[^"]*cursor[^"]*)"/.exec(first.body) ?? []
  const second = await app.inject({ url: `/errors${href.replaceAll('&amp;', '&')}`, headers })
  t.equal(second.statusCode, 200)
  t.match(asked.pop(), { after: 'further', window: { untilMs: NOW_MS }, filter: { states: [] } })
  t.notMatch(second.body, 'Go on')
  t.notMatch(second.body, 'class="sums"', 'what all add up to is told once')
})

t.test(
  'a group has a page, a hash that was merged leads to it, others are not found',
  async (t) => {
    const { app, asked, enter } = buildPages(t)
    const headers = await enter(READ)
    t.equal((await app.inject({ url: PAGE, headers })).statusCode, 200)
    t.match(asked.pop(), { id: GROUP_ID, tenant: null })
    for (const other of [OTHER_ID, GROUP_ID.toUpperCase(), GROUP_ID.replaceAll('-', '')]) {
      const response = await app.inject({ url: `/errors/${other}`, headers })
      t.equal(response.statusCode, 303, other)
      t.equal(response.headers.location, `../errors/${GROUP_ID}`)
    }
    const unknown = `dead${GROUP_ID.slice(4)}`
    t.equal((await app.inject({ url: `/errors/${unknown}`, headers })).statusCode, 404)
    t.equal((await app.inject({ url: '/errors/nonsense', headers })).statusCode, 400)
  },
)

t.test('without a session pages of errors lead to the login and back', async (t) => {
  const { app } = buildPages(t)
  for (const [url, location] of [
    ['/errors?state=all', './login?next=%2Ferrors%3Fstate%3Dall'],
    [PAGE, `../login?next=%2Ferrors%2F${GROUP_ID}`],
  ] as const) {
    const response = await app.inject({ url })
    t.equal(response.statusCode, 303)
    t.equal(response.headers.location, location)
  }
})

t.test('each form does what it says to the group, and leads back', async (t) => {
  const { done, enter, submit } = buildPages(t)
  const headers = { ...OWN, ...(await enter(ACME_ADMIN)) }
  const subject = { id: GROUP_ID, tenant: 'acme' }
  for (const [action, form, expected] of [
    [
      'resolve',
      { kind: 'now', by: ' ann ', notes: '', release: '1.5.0' },
      { kind: 'now', release: null, notes: null, actor: 'ann' },
    ],
    [
      'resolve',
      { kind: 'in_next_release', notes: 'soon' },
      { kind: 'in_next_release', notes: 'soon', actor: 'admin' },
    ],
    ['resolve', { kind: 'in_release', release: '1.5.0' }, { kind: 'in_release', release: '1.5.0' }],
    ['reopen', {}, { actor: 'admin' }],
    [
      'mute',
      { hours: '1d', count: 'none' },
      { untilMs: NOW_MS + 24 * HOUR_MS, count: null, minutes: null },
    ],
    ['mute', { hours: 'ever', count: '100' }, { untilMs: null, count: 100, minutes: 60 }],
    ['assign', { assignee: 'ben' }, { assignee: 'ben' }],
    ['assign', { assignee: ' ' }, { assignee: null }],
    ['merge', { other: OTHER_ID }, { others: [OTHER_ID] }],
    [
      'merge',
      { other: `https://a.example/x/errors/${OTHER_ID}?window=7d` },
      { others: [OTHER_ID] },
    ],
    ['split', { hash: OTHER_ID }, { hashes: [OTHER_ID] }],
  ] as [string, Record<string, string>, Asked][]) {
    const response = await submit(action, form, headers)
    t.equal(response.statusCode, 303, `${action} ${JSON.stringify(form)}`)
    t.equal(response.headers.location, `../../errors/${action === 'split' ? OTHER_ID : GROUP_ID}`)
    t.match(done.pop(), { name: action, ...subject, ...expected })
  }
})

t.test('a form is taken from a page of ours with the session of an admin alone', async (t) => {
  const { app, done, enter, submit } = buildPages(t)
  const [admin, read] = [await enter(ADMIN), await enter(READ)]
  const own = { host: 'collector.example:4319' }
  for (const [headers, status] of [
    [{ ...admin, 'sec-fetch-site': 'cross-site' }, 303],
    [{ ...admin, 'sec-fetch-site': 'same-site' }, 303],
    [{ ...admin, ...own, origin: 'http://evil.example' }, 303],
    [admin, 303],
    [OWN, 303],
    [{ ...OWN, ...read }, 403],
    [{ ...OWN, ...bearer(INGEST) }, 403],
  ] as [Record<string, string>, number][]) {
    const response = await submit('resolve', { kind: 'now' }, headers)
    t.equal(response.statusCode, status, JSON.stringify(headers))
    if (status === 303) t.match(response.headers.location, '../../login?next=')
  }
  t.same(done, [], 'nothing was done')
  // Where the login leads then is no change.
  const back = await app.inject({ url: `${PAGE}/resolve`, headers: admin })
  t.equal(back.headers.location, `../../errors/${GROUP_ID}`)
  t.same(done, [])
  const origin = { ...admin, ...own, origin: 'http://collector.example:4319' }
  t.equal((await submit('resolve', { kind: 'now' }, origin)).statusCode, 303)
  t.match(done, [{ name: 'resolve' }])
})

t.test('what a form may not say is refused on a page', async (t) => {
  const { done, enter, submit } = buildPages(t)
  const headers = { ...OWN, ...(await enter(ADMIN)) }
  for (const [action, form, status] of [
    ['resolve', {}, 400],
    ['resolve', { kind: 'never' }, 400],
    ['resolve', { kind: 'now', by: 'x'.repeat(201) }, 400],
    ['resolve', { kind: 'now', notes: 'a\0b' }, 400],
    ['mute', { hours: '-1', count: 'none' }, 400],
    ['merge', { other: 'nonsense' }, 400],
    ['merge', { other: GROUP_ID }, 409],
    ['delete', {}, 401],
  ] as [string, Record<string, string>, number][]) {
    const { statusCode } = await submit(action, form, headers)
    t.equal(statusCode, status, `${action} ${JSON.stringify(form).slice(0, 60)}`)
  }
  t.same(done, [])
})

t.test('what cannot be done, or not now, is told on a page', async (t) => {
  const { enter, submit } = buildPages(t, {
    mergeErrors: () => Promise.reject(new BadData('They are of two services.')),
    reopenError: () => Promise.reject(new Unavailable('Postgres is away')),
    assignError: () => Promise.resolve(null),
  })
  const headers = { ...OWN, ...(await enter(ADMIN)) }
  const merge = await submit('merge', { other: OTHER_ID }, headers)
  t.equal(merge.statusCode, 409)
  t.match(merge.body, 'They are of two services.')
  t.equal((await submit('reopen', {}, headers)).statusCode, 503)
  t.equal((await submit('assign', { assignee: 'x' }, headers)).statusCode, 404)
})

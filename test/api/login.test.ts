import t from 'tap'
import { Sessions } from '../../collector/api/sessions'
import { readSample, TRACE_ID } from '../pages/sample'
import { failedOrder } from '../pages/shop'
import { ACME_ADMIN, ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const LINKS = '/api/admin/login-links'
const SLOW = '/api/admin/observability/traces/slow'

/** An API with pages and a clock that the test moves; `asked` are the tenants that were asked about. */
function buildPages(t: Parameters<typeof buildApi>[0]) {
  const clock = { nowMs: NOW_MS }
  const asked: (string | null)[] = []
  const readSome = readSample([{ service: 'orders' }])
  const { app, lines } = buildApi(t, {
    now: () => clock.nowMs,
    queries: {
      readTrace({ tenant }) {
        asked.push(tenant)
        return Promise.resolve(failedOrder())
      },
      readLogs({ filter }) {
        asked.push(filter.tenant)
        return Promise.resolve({ logs: failedOrder().logs, next: null, searchedToUs: null })
      },
      readFigures(question) {
        asked.push(question.filter.tenant)
        return readSome(question)
      },
    },
  })
  const link = async (token: string) => {
    const response = await app.inject({ method: 'POST', url: LINKS, headers: bearer(token) })
    return response.json<{ path: string }>().path
  }
  const submit = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(form).toString(),
    })
  /** The cookie as a browser sends it back. */
  const enter = async (token: string) => ({ cookie: cookieOf(await submit({ token })) })
  return { app, lines, clock, asked, link, submit, enter }
}

function cookieOf({ headers }: { readonly headers: object }): string {
  return String((headers as { 'set-cookie'?: string })['set-cookie']).split(';', 1)[0] ?? ''
}

t.test('a link logs in once, with a cookie that no script and no other site gets at', async (t) => {
  const { app, link } = buildPages(t)
  const url = await link(ADMIN)
  t.match(url, /^\/login\?code=[\w-]{43}$/)
  const first = await app.inject({ url })
  t.equal(first.statusCode, 303)
  t.equal(first.headers.location, './')
  t.match(
    first.headers['set-cookie'],
    /^sidelight_\w+=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  )
  t.equal((await app.inject({ url: '/', headers: { cookie: cookieOf(first) } })).statusCode, 200)
  const second = await app.inject({ url })
  t.equal(second.statusCode, 410)
  t.match(second.headers['content-type'], 'text/html')
  t.notOk(second.headers['set-cookie'])
})

t.test('a link opens for ten minutes, a session twelve hours', async (t) => {
  const { app, clock, link } = buildPages(t)
  const [early, late] = [await link(ADMIN), await link(ADMIN)]
  clock.nowMs += 10 * MINUTE_MS - 1
  const entered = await app.inject({ url: early })
  t.equal(entered.statusCode, 303)
  clock.nowMs += 1
  t.equal((await app.inject({ url: late })).statusCode, 410)
  const headers = { cookie: cookieOf(entered) }
  clock.nowMs += 12 * HOUR_MS - 2
  t.equal((await app.inject({ url: '/', headers })).statusCode, 200)
  clock.nowMs += 1
  t.equal((await app.inject({ url: '/', headers })).statusCode, 303)
})

t.test('a code nobody gave out is refused, and what is not a visit uses no link up', async (t) => {
  const { app, link } = buildPages(t)
  t.equal((await app.inject({ url: '/login?code=guessed' })).statusCode, 401)
  const url = await link(ADMIN)
  await app.inject({ method: 'HEAD', url })
  await app.inject({ url, headers: { 'sec-purpose': 'prefetch;prerender' } })
  t.equal((await app.inject({ url })).statusCode, 303)
})

t.test('a link is given to admin tokens alone, and never for a cookie', async (t) => {
  const { app, enter } = buildPages(t)
  const ask = (headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: LINKS, headers })
  t.equal((await ask(bearer(ADMIN))).statusCode, 201)
  t.equal((await ask(bearer(READ))).statusCode, 403)
  t.equal((await ask({})).statusCode, 401)
  t.equal((await ask(await enter(ADMIN))).statusCode, 401)
})

t.test('a token logs in by the form, one that may not read does not', async (t) => {
  const { app, submit } = buildPages(t)
  for (const [token, status] of [
    [ADMIN, 303],
    [` ${READ}\n`, 303],
    [INGEST, 403],
    ['unknown-token-0123456789', 401],
    ['', 401],
  ] as const) {
    const response = await submit({ token })
    t.equal(response.statusCode, status, token)
    t.equal(response.headers['set-cookie'] === undefined, status !== 303)
    t.notMatch(response.body, token === '' ? 'unknown' : token)
  }
  t.equal((await submit({})).statusCode, 400)
  const page = await app.inject({ url: '/login' })
  t.match(page.body, /<form method="post" action="\.\/login">/)
})

t.test('a session opens reads of its scope, and changes nothing', async (t) => {
  const { app, enter } = buildPages(t)
  const [admin, read] = [await enter(ADMIN), await enter(READ)]
  for (const [url, ofAdmin, ofRead] of [
    ['/', 200, 200],
    [`/traces/${TRACE_ID}`, 200, 200],
    [`/traces/${TRACE_ID}/logs`, 200, 200],
    ['/metrics', 200, 200],
    [SLOW, 200, 403],
  ] as const) {
    t.equal((await app.inject({ url, headers: admin })).statusCode, ofAdmin, url)
    t.equal((await app.inject({ url, headers: read })).statusCode, ofRead, url)
  }
  for (const method of ['POST', 'PUT', 'DELETE'] as const) {
    t.equal((await app.inject({ method, url: SLOW, headers: admin })).statusCode, 401, method)
  }
  const both = await app.inject({
    url: '/metrics',
    headers: { ...admin, ...bearer('unknown-token') },
  })
  t.equal(both.statusCode, 401, 'a token that is sent counts')
})

t.test('a session is bound to the tenant of its token, by either way in', async (t) => {
  const { app, asked, link, enter } = buildPages(t)
  const byLink = { cookie: cookieOf(await app.inject({ url: await link(ACME_ADMIN) })) }
  for (const headers of [byLink, await enter(ACME_ADMIN)]) {
    for (const url of [
      '/',
      `/traces/${TRACE_ID}`,
      `/traces/${TRACE_ID}/logs`,
      '/?service=orders',
    ]) {
      t.equal((await app.inject({ url, headers })).statusCode, 200)
    }
  }
  t.same([...new Set(asked)], ['acme'])
})

t.test('without a session pages lead to the login and from there back', async (t) => {
  const { app, submit } = buildPages(t)
  for (const [url, location] of [
    ['/', './login'],
    ['/?window=24h', './login?next=%2F%3Fwindow%3D24h'],
    [`/traces/${TRACE_ID}`, `../login?next=%2Ftraces%2F${TRACE_ID}`],
    [`/traces/${TRACE_ID}/logs`, `../../login?next=%2Ftraces%2F${TRACE_ID}%2Flogs`],
    ['/?token=a&token=b', './login'],
  ] as const) {
    const response = await app.inject({ url, headers: { cookie: 'sidelight_0=forged' } })
    t.equal(response.statusCode, 303, url)
    t.equal(response.headers.location, location)
  }
  const form = await app.inject({ url: `/login?next=%2Ftraces%2F${TRACE_ID}` })
  t.match(form.body, `name="next" value="/traces/${TRACE_ID}"`)
  const entered = await submit({ token: READ, next: `/traces/${TRACE_ID}` })
  t.equal(entered.headers.location, `./traces/${TRACE_ID}`)
})

t.test('the login leads nowhere but below its own root', async (t) => {
  const { submit } = buildPages(t)
  for (const next of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '\\\\evil.example/',
    '/\t/evil.example/',
    '/..//evil.example/',
    '/.//evil.example',
    'javascript:alert(1)',
    '/javascript:alert(1)',
    '/x\r\nset-cookie: a=b',
    '/login?next=/login',
    '/logout',
    'evil',
    '',
  ]) {
    const { headers } = await submit({ token: READ, next })
    const { href } = new URL(String(headers.location), 'http://own.example/login')
    t.match(href, /^http:\/\/own\.example\//, next)
    t.notMatch(String(headers.location), /^\.\/log(in|out)|[\r\n]/, next)
    t.match(String(headers.location), /^\.\//, next)
  }
})

t.test('forms of other sites are refused', async (t) => {
  const { app, submit, enter } = buildPages(t)
  const own = { host: 'collector.example:4319' }
  for (const [headers, status] of [
    [{ 'sec-fetch-site': 'same-origin' }, 303],
    [{ 'sec-fetch-site': 'none' }, 303],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ ...own, origin: 'http://collector.example:4319' }, 303],
    [{ ...own, origin: 'https://sidelight.example', 'x-forwarded-host': 'sidelight.example' }, 303],
    [{ ...own, origin: 'http://evil.example' }, 403],
    [{ ...own, origin: 'null' }, 403],
  ] as [Record<string, string>, number][]) {
    const { statusCode } = await submit({ token: ADMIN }, headers)
    t.equal(statusCode, status, JSON.stringify(headers))
  }
  const headers = { ...(await enter(ADMIN)), 'sec-fetch-site': 'cross-site' }
  t.equal((await app.inject({ method: 'POST', url: '/logout', headers })).statusCode, 403)
})

t.test('logging out ends the session', async (t) => {
  const { app, enter } = buildPages(t)
  const headers = await enter(ADMIN)
  const left = await app.inject({ method: 'POST', url: '/logout', headers })
  t.equal(left.statusCode, 303)
  t.equal(left.headers.location, './login')
  t.match(left.headers['set-cookie'], /=; Path=\/; Max-Age=0;/)
  t.equal((await app.inject({ url: '/', headers })).statusCode, 303)
})

t.test(
  'led here by another site one goes on by a page of ours, to show the cookie kept back',
  async (t) => {
    const { app, link } = buildPages(t)
    const elsewhere = { 'sec-fetch-site': 'cross-site' }
    const page = await app.inject({ url: `/login?next=/traces/${TRACE_ID}`, headers: elsewhere })
    t.match(page.body, `content="0; url=./traces/${TRACE_ID}"`)
    const entered = await app.inject({ url: await link(ADMIN), headers: elsewhere })
    t.equal(entered.statusCode, 200)
    t.match(entered.body, 'content="0; url=./"')
    t.ok(entered.headers['set-cookie'])
  },
)

t.test('behind a proxy that speaks TLS the cookie is for TLS alone', async (t) => {
  const { submit } = buildPages(t)
  const { headers } = await submit({ token: READ }, { 'x-forwarded-proto': 'https' })
  t.match(headers['set-cookie'], /; Secure$/)
})

t.test('pages load nothing but their stylesheet, and say so', async (t) => {
  const { app, enter } = buildPages(t)
  const headers = await enter(READ)
  for (const url of ['/', `/traces/${TRACE_ID}`, '/traces/x', '/?window=1y', '/login?code=x']) {
    const response = await app.inject({ url, headers })
    t.match(response.headers, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': /^default-src 'none'; style-src 'self'; .*frame-ancestors 'none'/,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
    })
    t.notMatch(response.body, /<script|style="|https?:\/\//)
  }
  const page = await app.inject({ url: `/traces/${TRACE_ID}/logs`, headers })
  const [, href = ''] = /rel="stylesheet" href="\.\.\/\.\.\/([^"]+)"/.exec(page.body) ?? []
  const style = await app.inject({ url: `/${href}` })
  t.equal(style.statusCode, 200)
  t.match(style.headers, {
    'content-type': 'text/css; charset=utf-8',
    'cache-control': /immutable/,
  })
})

t.test('neither a code nor a token of the form reaches the log', async (t) => {
  const { app, lines, link, submit } = buildPages(t)
  const url = await link(ADMIN)
  await app.inject({ url })
  await app.inject({ url })
  await submit({ token: `${ADMIN}x` })
  t.notMatch(lines.join(''), url.slice('/login?code='.length))
  t.notMatch(lines.join(''), ADMIN)
})

t.test('sessions are bounded: the oldest goes', async (t) => {
  const sessions = new Sessions(() => NOW_MS)
  const grant = { scope: 'read', tenant: null } as const
  const ids = Array.from({ length: 1_001 }, () => sessions.open(grant))
  t.equal(sessions.find(ids[0] ?? ''), null)
  t.same(sessions.find(ids[1] ?? ''), grant)
  t.same(sessions.find(ids[1_000] ?? ''), grant)
})

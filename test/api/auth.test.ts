import t from 'tap'
import { ACME_ADMIN, ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const UNKNOWN = 'nobody-gave-this-token'
const TRACE = '/api/admin/observability/traces/4bf92f3577b34da6a3ce929d0e0e4736'

// What each caller gets, in the order: no token, unknown, ingest, read, admin.
const MATRIX: [string, string, number[]][] = [
  ['GET', '/health', [200, 200, 200, 200, 200]],
  ['HEAD', '/health', [200, 200, 200, 200, 200]],
  ['GET', '/health/live', [200, 200, 200, 200, 200]],
  ['GET', '/health/ready', [200, 200, 200, 200, 200]],
  ['GET', '/metrics', [401, 401, 403, 200, 200]],
  ['HEAD', '/metrics', [401, 401, 403, 200, 200]],
  ['GET', '/api/openapi.json', [401, 401, 403, 200, 200]],
  ['GET', '/api/admin/observability/traces/slow', [401, 401, 403, 403, 200]],
  ['HEAD', '/api/admin/observability/traces/slow', [401, 401, 403, 403, 200]],
  ['GET', '/api/admin/observability/traces/stats', [401, 401, 403, 403, 200]],
  ['GET', TRACE, [401, 401, 403, 403, 404]],
  ['GET', '/api/%61dmin/observability/traces/slow', [401, 401, 403, 403, 200]],
  ['GET', '/api/admin/nothing', [401, 401, 403, 403, 404]],
  ['GET', '/nothing', [401, 401, 403, 404, 404]],
  ['POST', '/metrics', [401, 401, 403, 403, 405]],
  ['DELETE', '/health', [401, 401, 403, 403, 405]],
]
const CALLERS = [
  ['nobody', {}],
  ['an unknown token', bearer(UNKNOWN)],
  ['an ingest token', bearer(INGEST)],
  ['a read token', bearer(READ)],
  ['an admin token', bearer(ADMIN)],
] as const

t.test('every route answers each kind of caller as the access table says', async (t) => {
  const { app } = buildApi(t)
  for (const [method, url, statuses] of MATRIX) {
    for (const [index, [who, headers]] of CALLERS.entries()) {
      const response = await app.inject({ method: method as 'GET', url, headers })
      t.equal(response.statusCode, statuses[index], `${method} ${url} by ${who}`)
    }
  }
})

t.test('a refusal says what is needed', async (t) => {
  const { app } = buildApi(t)
  const url = '/api/admin/observability/traces/slow'
  const none = await app.inject({ url })
  t.equal(none.headers['www-authenticate'], 'Bearer realm="sidelight"')
  const unknown = await app.inject({ url, headers: bearer(UNKNOWN) })
  t.match(unknown.headers['www-authenticate'], /error="invalid_token"/)
  t.notMatch(unknown.body, UNKNOWN)
  const read = await app.inject({ url, headers: bearer(READ) })
  t.match(read.headers['www-authenticate'], /error="insufficient_scope", scope="admin"/)
  t.match(read.json(), { status: 403, detail: /scope admin.*scope read/ })
})

t.test('a token may stand in the query of a read, and nowhere else', async (t) => {
  const { app } = buildApi(t)
  const url = '/api/admin/observability/traces/slow'
  t.equal((await app.inject({ url: `${url}?token=${ADMIN}&limit=5` })).statusCode, 200)
  t.equal((await app.inject({ url: `${url}?token=${READ}` })).statusCode, 403)
  t.equal((await app.inject({ url: `${url}?token=${ADMIN}&token=x` })).statusCode, 401)
  t.equal((await app.inject({ method: 'POST', url: `${url}?token=${ADMIN}` })).statusCode, 401)
  const both = await app.inject({ url: `${url}?token=${ADMIN}`, headers: bearer(UNKNOWN) })
  t.equal(both.statusCode, 401, 'the header wins')
})

t.test('other authentication schemes are refused, the scheme in any case is not', async (t) => {
  const { app } = buildApi(t)
  for (const [authorization, status] of [
    [`bearer ${READ}`, 200],
    [`BEARER  ${READ}`, 200],
    [`Basic ${READ}`, 401],
    ['Bearer', 401],
    [`Bearer ${READ} x`, 401],
    [READ, 401],
  ] as const) {
    const response = await app.inject({ url: '/metrics', headers: { authorization } })
    t.equal(response.statusCode, status, authorization)
  }
})

t.test('a token in the query reaches neither the log nor an answer', async (t) => {
  const { app, lines } = buildApi(t, {
    queries: {
      readTrace: () => Promise.reject(new Error('broken')),
      readSlowTraces: () => Promise.reject(new Error('broken')),
      readTraceStatistics: () => Promise.reject(new Error('broken')),
    },
  })
  for (const url of [
    `/api/admin/observability/traces/slow?token=${ADMIN}`,
    `/api/admin/observability/traces/slow?token=${ADMIN}&limit=x`,
    `/nothing?token=${ADMIN}`,
    `/%?token=${ADMIN}`,
  ]) {
    const response = await app.inject({ url })
    t.ok(response.statusCode >= 400, url)
    t.notMatch(response.body, ADMIN)
  }
  t.ok(lines.length > 0)
  t.notMatch(lines.join(''), ADMIN)
})

t.test('a token bound to a tenant asks about that tenant only, others about all', async (t) => {
  const asked: (string | null)[] = []
  const note = <A>(answer: A) => {
    return ({ tenant }: { tenant: string | null }) => {
      asked.push(tenant)
      return Promise.resolve(answer)
    }
  }
  const figures = { avg: null, p50: null, p95: null, p99: null, max: null }
  const none = { requestCount: 0, spanCount: 0, errorCount: 0, errorRate: null }
  const window = { sinceMs: 0, untilMs: 1 }
  const statistics = { ...none, window, durationMs: figures, traceCount: 0, byService: [] }
  const { app } = buildApi(t, {
    queries: {
      readTrace: note({ spans: [], isTruncated: false, logs: [], isLogsTruncated: false }),
      readSlowTraces: note([]),
      readTraceStatistics: note(statistics),
    },
  })
  const prefix = '/api/admin/observability/traces'
  for (const url of [TRACE, `${prefix}/slow`, `${prefix}/stats`]) {
    await app.inject({ url, headers: bearer(ACME_ADMIN) })
    await app.inject({ url, headers: bearer(ADMIN) })
  }
  t.same(asked, ['acme', null, 'acme', null, 'acme', null])

  asked.length = 0
  for (const token of [ACME_ADMIN, ADMIN]) {
    for (const query of ['tenant=umbrella', 'tenant=']) {
      const url = `${prefix}/slow?${query}`
      t.equal((await app.inject({ url, headers: bearer(token) })).statusCode, 200)
    }
  }
  t.same(asked, ['acme', 'acme', 'umbrella', ''], 'that of a token wins over the one asked for')
  const twice = `${prefix}/slow?tenant=acme&tenant=umbrella`
  t.equal((await app.inject({ url: twice, headers: bearer(ADMIN) })).statusCode, 400)
})

t.test('while keys are rotated the old and the new both work', async (t) => {
  const { app } = buildApi(t, {
    tokens: [
      { token: 'old-token-0123456789', scope: 'read', tenant: null },
      { token: 'new-token-0123456789', scope: 'read', tenant: null },
      { token: 'new-token-0123456789', scope: 'admin', tenant: null },
    ],
    now: () => NOW_MS,
  })
  for (const token of ['old-token-0123456789', 'new-token-0123456789']) {
    t.equal((await app.inject({ url: '/metrics', headers: bearer(token) })).statusCode, 200)
  }
  const url = '/api/admin/observability/traces/slow'
  const widest = await app.inject({ url, headers: bearer('new-token-0123456789') })
  t.equal(widest.statusCode, 200, 'a token given twice has the wider scope')
})

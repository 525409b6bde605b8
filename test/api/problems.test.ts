import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { ask } from './answer'
import { ADMIN, bearer, buildApi } from './server'

const PREFIX = '/api/admin/observability/traces'
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

// Each documented parameter with what is wrong about it.
const FAULTS: [string, string, RegExp][] = [
  ['slow?threshold=fast', 'threshold', /number from 0.*not "fast"/],
  ['slow?threshold=-1', 'threshold', /from 0.*not -1/],
  ['slow?threshold=1e30', 'threshold', /to 315360000000/],
  ['slow?limit=0', 'limit', /an integer from 1 to 1000, not 0/],
  ['slow?limit=1001', 'limit', /to 1000, not 1001/],
  ['slow?limit=1.5', 'limit', /integer.*not "?1.5/],
  ['slow?limit=', 'limit', /integer.*not ""/],
  ['slow?limit=1&limit=2', 'limit', /integer.*not \["1","2"\]/],
  ['slow?hours=0', 'hours', /from 1 to 720, not 0/],
  ['slow?hours=721', 'hours', /from 1 to 720, not 721/],
  ['slow?since=yesterday', 'since', /RFC 3339.*not "yesterday"/],
  ['slow?until=later', 'until', /RFC 3339.*not "later"/],
  ['slow?since=-1h&until=-2h', 'since', /before until/],
  ['slow?since=-1h&hours=1', 'hours', /together with since/],
  ['slow?service=', 'service', /at least 1 character, not ""/],
  ['slow?module=', 'module', /not ""/],
  ['slow?treshold=5', 'treshold', /not known; known are threshold, limit, hours/],
  ['stats?hours=x', 'hours', /from 1 to 720, not "x"/],
  ['stats?since=x', 'since', /RFC 3339/],
  ['stats?until=x', 'until', /RFC 3339/],
  ['stats?service=', 'service', /not ""/],
  ['stats?module=', 'module', /not ""/],
  ['stats?limit=5', 'limit', /not known/],
  [`${TRACE_ID}?since=-1h`, 'since', /not known/],
  ['4bf92f35', 'traceId', /32 hex digits or a uuid.*not "4bf92f35"/],
  [`${TRACE_ID}0`, 'traceId', /32 hex digits/],
  [`${TRACE_ID.slice(1)}g`, 'traceId', /32 hex digits/],
  ['0'.repeat(32), 'traceId', /not all zeros/],
  ['4bf92f3577b3-4da6-a3ce-929d-0e0e4736', 'traceId', /uuid/],
]

t.test('a faulty parameter is answered 400 with its name, value and what is allowed', async (t) => {
  const { app } = buildApi(t)
  for (const [query, name, reason] of FAULTS) {
    const path = `${PREFIX}/${query.split('?', 1)[0]}`
    const template = /\/(slow|stats)$/.test(path) ? path : `${PREFIX}/{traceId}`
    const problem = await ask(app, template, `${PREFIX}/${query}`)
    t.match(
      problem,
      { type: 'about:blank', title: 'Bad Request', status: 400, instance: path },
      query,
    )
    t.match(problem, { errors: [{ name, reason }], detail: reason }, query)
  }
})

t.test('every fault of a request is named at once', async (t) => {
  const { app } = buildApi(t)
  const problem = await ask<{ errors: { name: string }[] }>(
    app,
    `${PREFIX}/slow`,
    `${PREFIX}/slow?limit=x&hours=0`,
  )
  t.same(problem.errors.map(({ name }) => name).toSorted(), ['hours', 'limit'])
})

t.test('what is not there is a problem document too', async (t) => {
  const { app } = buildApi(t)
  t.match(await ask(app, `${PREFIX}/{traceId}`, `${PREFIX}/${TRACE_ID}`), {
    title: 'Not Found',
    status: 404,
    detail: `Nothing of trace ${TRACE_ID} is stored.`,
    instance: `${PREFIX}/${TRACE_ID}`,
  })
  const nowhere = await app.inject({ url: '/nowhere?a=1', headers: bearer(ADMIN) })
  t.match(nowhere.headers['content-type'], /^application\/problem\+json/)
  t.match(nowhere.json(), { status: 404, instance: '/nowhere' })
})

t.test('a known path asked with another method says which it takes', async (t) => {
  const { app } = buildApi(t)
  for (const url of ['/metrics', '/health', `${PREFIX}/slow`, `${PREFIX}/${TRACE_ID}`]) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'] as const) {
      const response = await app.inject({ method, url, headers: bearer(ADMIN) })
      t.equal(response.statusCode, 405, `${method} ${url}`)
      t.equal(response.headers['allow'], 'GET, HEAD')
      t.match(response.json(), { title: 'Method Not Allowed', status: 405 })
    }
  }
})

t.test('a path that is no path is refused', async (t) => {
  const { app } = buildApi(t)
  const response = await app.inject({ url: '/%zz', headers: bearer(ADMIN) })
  t.equal(response.statusCode, 400)
  t.match(response.headers['content-type'], /^application\/problem\+json/)
  const long = await app.inject({ url: `${PREFIX}/${'a'.repeat(500)}`, headers: bearer(ADMIN) })
  t.ok([400, 404, 414].includes(long.statusCode), String(long.statusCode))
  t.match(long.headers['content-type'], /^application\/problem\+json/)
})

function failing(error: Error) {
  const fail = () => Promise.reject(error)
  return { queries: { readTrace: fail, readSlowTraces: fail, readTraceStatistics: fail } }
}

t.test('a database that is away is answered 503, to be tried again', async (t) => {
  const reason = 'cannot read slow traces: the database cannot be used now'
  const cause = new Error('connect ECONNREFUSED 10.1.2.3:5432')
  const { app, lines } = buildApi(t, failing(new Unavailable(reason, { cause })))
  t.match(await ask(app, `${PREFIX}/slow`, `${PREFIX}/slow`), {
    title: 'Service Unavailable',
    status: 503,
    detail: reason,
  })
  const response = await app.inject({ url: `${PREFIX}/stats`, headers: bearer(ADMIN) })
  t.equal(response.headers['retry-after'], '1')
  t.notMatch(response.body, '10.1.2.3')
  t.match(lines.join(''), '10.1.2.3', 'the log has the cause')
})

t.test('a bug is answered 500 without its message, which the log has', async (t) => {
  const { app, lines } = buildApi(t, failing(new Error('column "secret_plan" does not exist')))
  const response = await app.inject({ url: `${PREFIX}/slow`, headers: bearer(ADMIN) })
  t.equal(response.statusCode, 500)
  t.match(response.json(), { title: 'Internal Server Error', status: 500 })
  t.notMatch(response.body, 'secret_plan')
  t.match(lines.join(''), 'secret_plan')
})

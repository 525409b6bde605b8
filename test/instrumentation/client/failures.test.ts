import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { Unavailable } from '../../../collector/errors'
import { createClient, getErrorStats, SidelightError } from '../../../instrumentation/client/index'
import { ADMIN, buildApi, INGEST, READ } from '../../api/server'
import { freePorts } from '../../helpers/collector'

const SECRET = 'secret-token-0123456789'
const TRACE = '0123456789abcdef0123456789abcdef'

t.test('what a collector refuses is told with what to do about it', async (t) => {
  const { app } = buildApi(t, {
    queries: {
      readTraceStatistics: () => Promise.reject(new Unavailable('the database is away')),
      readSlowTraces: () => Promise.reject(new Error('secret of the database')),
    },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const as = (token: string) => createClient({ url, token })

  await t.test('400 names the parameters', async (t) => {
    const question = { since: '-1h', until: '-2h' }
    const error = await failureOf(as(ADMIN).getErrorStats(question))
    t.match(error, { status: 400, title: 'Bad Request', retryAfterMs: null })
    t.match(error.faults, [{ name: 'since', reason: /^must be before until/ }])
    t.match(error.detail, /^since must be before until/)
    t.equal(error.url, `${url}/api/v1/errors/stats?since=-1h&until=-2h`)
    t.match(error.message, /^cannot GET http:\S+: 400 Bad Request: since must be before until/)
  })

  await t.test('401 says where a token is given', async (t) => {
    const refused = await failureOf(as(SECRET).getErrorStats())
    t.match(refused, { status: 401, title: 'Unauthorized', detail: /^The token is not known/ })
    t.match(refused.message, /; give token, or set SIDELIGHT_API_TOKEN, .*admin-token$/)
    const none = await failureOf(getErrorStatsOf(url))
    t.match(none, { status: 401, detail: /^A token is needed/ })
  })

  await t.test('403 says which scope is needed', async (t) => {
    const error = await failureOf(as(READ).getSystemHealth())
    t.match(error, { status: 403, detail: /scope admin; the one sent has scope read/ })
    t.match(
      error.message,
      /read; give one of scope admin as token, SIDELIGHT_API_TOKEN or SIDELIGHT_ADMIN_TOKEN$/,
    )
    t.equal((await failureOf(as(INGEST).getErrorStats())).status, 403)
    t.equal((await failureOf(as(READ).resolveError(TRACE, 'ada'))).status, 403)
  })

  await t.test('404 of what is not stored is an error, too', async (t) => {
    const { getTrace, getTraceSpans, getTraceTree, getCorrelation, getErrorDetail } = as(ADMIN)
    for (const answer of [
      getTrace(TRACE),
      getTraceSpans(TRACE),
      getTraceTree(TRACE),
      getCorrelation('a/b?c'),
      getErrorDetail(TRACE),
    ]) {
      const error = await failureOf(answer)
      t.match(error, { status: 404, title: 'Not Found' })
      t.match(error.message, /; it may not have arrived yet, be too old, or be of another tenant$/)
    }
    const { url: asked } = await failureOf(getCorrelation('a/b?c'))
    t.equal(asked, `${url}/api/v1/correlations/a%2Fb%3Fc`)
  })

  await t.test('404 of a path nobody knows is told apart', async (t) => {
    const { message, status } = await failureOf(
      createClient({ url: `${url}/elsewhere`, token: ADMIN }).getErrorStats(),
    )
    t.equal(status, 404)
    t.match(
      message,
      /nothing at \/elsewhere\/api\/v1\/errors\/stats; is SIDELIGHT_API_URL or url the API of a collector/,
    )
  })

  await t.test('503 says when to ask again', async (t) => {
    const error = await failureOf(as(ADMIN).getTraceStats())
    t.match(error, { status: 503, detail: 'the database is away', retryAfterMs: 1_000 })
    t.match(error.message, /: the database is away; try again in 1 s$/)
  })

  await t.test('500 says no more than the collector does', async (t) => {
    const error = await failureOf(as(ADMIN).getSlowTraces())
    t.match(error, { status: 500, title: 'Internal Server Error' })
    t.notMatch(error.message, /secret/)
  })
})

t.test('nobody listens: it says what to start', async (t) => {
  const [port] = await freePorts(1)
  for (const host of ['127.0.0.1', 'localhost']) {
    const error = await failureOf(getErrorStatsOf(`http://${host}:${port}`))
    t.match(error, { status: null, title: 'No Answer', detail: 'nobody listens there' })
    t.match(error.message, /; start the collector \(npx sidelight start\), or say where/)
  }
  const { message } = await failureOf(getErrorStatsOf('http://does-not-exist.invalid'))
  t.match(message, /does-not-exist\.invalid.*; is SIDELIGHT_API_URL or url right/)
})

t.test('an answer that takes too long is given up', async (t) => {
  const url = await startTcp(t, (socket) => socket.resume())
  const client = createClient({ url, token: SECRET, timeoutMs: 50 })
  t.match((await failureOf(client.getErrorStats())).message, /: there was no answer within 50 ms; /)
  const { message, status } = await failureOf(client.getErrorStats({}, { timeoutMs: 20 }))
  t.match(message, /within 20 ms; ask for a shorter window or less, or give more timeoutMs$/)
  t.equal(status, null)
  const slow = await startTcp(t, (socket) =>
    socket.once('data', () =>
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
      ),
    ),
  )
  const half = createClient({ url: slow, timeoutMs: 200 })
  t.match((await failureOf(half.getErrorStats())).message, /no answer within 200 ms/)
})

t.test('a signal aborts with its reason, before and while asking', async (t) => {
  const reason = new Error('the user went away')
  const seen = new EventEmitter()
  const connected = once(seen, 'request')
  const counts = { connections: 0 }
  const url = await startTcp(t, (socket) => {
    counts.connections++
    socket.once('data', () => seen.emit('request'))
  })
  const { getErrorStats } = createClient({ url })
  await t.rejects(getErrorStats({}, { signal: AbortSignal.abort(reason) }), reason)
  t.equal(counts.connections, 0)
  const controller = new AbortController()
  const answer = getErrorStats({}, { signal: controller.signal })
  await connected
  controller.abort(reason)
  await t.rejects(answer, reason)
  t.equal(counts.connections, 1, 'it is not asked again')
})

t.test('a GET whose connection breaks is asked once more, and nothing else is', async (t) => {
  const counts = { requests: 0, broken: 0 }
  const url = await startHttp(t, (request, response) => {
    counts.requests++
    if (counts.broken-- > 0) return request.socket.destroy()
    return response.setHeader('content-type', 'application/json').end('{"id":"1"}')
  })
  const { getErrorDetail, resolveError } = createClient({ url })
  for (const { broken, requests, ask, isAnswered } of [
    { broken: 0, requests: 1, ask: () => getErrorDetail('1'), isAnswered: true },
    { broken: 1, requests: 2, ask: () => getErrorDetail('1'), isAnswered: true },
    { broken: 2, requests: 2, ask: () => getErrorDetail('1'), isAnswered: false },
    { broken: 1, requests: 1, ask: () => resolveError('1', 'ada'), isAnswered: false },
    { broken: 0, requests: 1, ask: () => resolveError('1', 'ada'), isAnswered: true },
  ]) {
    Object.assign(counts, { requests: 0, broken })
    if (isAnswered) t.same(await ask(), { id: '1' })
    else
      t.match((await failureOf(ask())).message, /: the connection broke: .*; is SIDELIGHT_API_URL/)
    t.equal(counts.requests, requests, `${broken} broken`)
  }
})

t.test('what answers there and is no collector is told', async (t) => {
  const answers: Record<string, (response: ServerResponse) => unknown> = {
    page: (response) => response.setHeader('content-type', 'text/html').end('<p>hello'),
    untold: (response) => response.end('hello'),
    broken: (response) => response.setHeader('content-type', 'application/json').end('{'),
    gateway: (response) => response.writeHead(502).end('<h1>Bad Gateway'),
    busy: (response) => response.writeHead(429, { 'retry-after': '7' }).end(),
    garbled: (response) =>
      response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"title":1}'),
    moved: (response) =>
      response.writeHead(301, { location: 'https://elsewhere.example/x?token=1' }).end(),
  }
  const url = await startHttp(t, (request, response) => {
    answers[request.url?.split('/')[1] ?? '']?.(response)
  })
  for (const [name, status, message] of [
    ['page', null, /its answer is text\/html; is SIDELIGHT_API_URL or url the API of a collector/],
    ['untold', null, /its answer is no JSON; is/],
    ['broken', null, /its answer is not the JSON it says it is; is/],
    ['gateway', 502, /502 Bad Gateway: the answer is not one of a collector; is/],
    ['busy', 429, /429 Too Many Requests: .*; try again in 7 s$/],
    ['garbled', 404, /404 Not Found: the answer is not one of a collector; is/],
    ['moved', 301, /301 Moved Permanently: .*; it leads to https:\/\/elsewhere\.example: set/],
  ] as const) {
    const error = await failureOf(getErrorStatsOf(`${url}/${name}`))
    t.equal(error.status, status, name)
    t.match(error.message, message)
  }
})

t.test('settings that cannot work are refused at once', async (t) => {
  for (const [settings, message] of [
    [{ url: 'collector:four' }, /its URL is none of http or https/],
    [{ url: 'not a url' }, /its URL is none of http or https/],
    [
      { url: `http://user:${SECRET}@127.0.0.1:9` },
      /must have no user, password or query; give the token/,
    ],
    [{ url: `http://127.0.0.1:9/?token=${SECRET}` }, /must have no user, password or query/],
    [{ token: `${SECRET}\n` }, /the token is empty or has a character no bearer token can have/],
    [{ token: '' }, /the token is empty/],
    [{ timeoutMs: 0 }, /timeoutMs must be more than 0 and at most \d+, not 0/],
    [{ timeoutMs: NaN }, /timeoutMs must be more than 0/],
  ] as const) {
    const error = t.throws(() => createClient(settings)) as unknown
    t.ok(error instanceof SidelightError)
    t.match(error, { message })
    t.notOk(inspect(error).includes(SECRET), 'no secret')
  }
})

t.test('what the environment says wrongly rejects, and is not thrown', async (t) => {
  process.env['SIDELIGHT_API_URL'] = `http://127.0.0.1:9/?token=${SECRET}`
  t.teardown(() => {
    delete process.env['SIDELIGHT_API_URL']
  })
  t.match((await failureOf(getErrorStats())).message, /must have no user, password or query/)
})

/** The failure of an answer, in which no token may be. */
async function failureOf(answer: Promise<unknown>): Promise<SidelightError> {
  try {
    await answer
  } catch (error) {
    if (!(error instanceof SidelightError)) throw error
    const shown = inspect(error, { depth: 9 }) + JSON.stringify(error)
    for (const token of [SECRET, ADMIN, READ, INGEST]) {
      if (shown.includes(token)) throw new Error(`a token is told: ${shown}`, { cause: error })
    }
    return error
  }
  throw new Error('it was answered')
}

/** Asks without a token. */
function getErrorStatsOf(url: string): Promise<unknown> {
  return createClient({ url }).getErrorStats()
}

async function startHttp(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<string> {
  const server = createServer((request, response) => {
    // Sent with the request, whatever is asked for.
    request.resume()
    answer(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function startTcp(t: Test, serve: (socket: Socket) => unknown): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

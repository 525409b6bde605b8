import t from 'tap'
import type { SpanQuestion } from '../../collector/api/search-contract'
import { createSearchQueries } from '../../collector/store/queries/search'
import { openDatabase } from '../store/database'
import { seed } from '../store/seed'
import { ask } from './answer'
import { ACME_ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const PATH = '/api/v1/traces'
const HOUR_MS = 3_600_000
const trace = (n: number) => n.toString(16).padStart(32, '0')

interface Page {
  readonly traces: readonly { readonly traceId: string }[]
  readonly nextCursor: string | null
}

t.test('traces come newest first from a database, each once, with cursors', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, [
    { traceId: trace(1), start: '2026-03-01T11:00:00Z' },
    { traceId: trace(1), spanId: '00000000000000aa', start: '2026-03-01T09:30:00Z' },
    { traceId: trace(2), start: '2026-03-01T10:00:00Z', service: 3n, status: 2 },
    { traceId: trace(3), start: '2026-03-01T09:00:00Z', service: 2n, durationMs: 5 },
  ])
  let now = NOW_MS
  const { app } = buildApi(t, { queries: createSearchQueries(pool), now: () => now })
  const whole = await ask<Page>(app, PATH, PATH)
  t.match(whole, {
    traces: [
      { traceId: trace(1), rootService: 'gateway', rootName: 'GET /shop', spanCount: 2 },
      { traceId: trace(2), errorCount: 1, span: { status: 'error' } },
      { traceId: trace(3), services: ['orders'] },
    ],
    nextCursor: null,
    searchedSince: '2026-02-28T12:00:00.000000Z',
    searchedUntil: '2026-03-01T12:00:00.000Z',
  })
  const found: string[] = []
  let url = `${PATH}?limit=1&hours=3`
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Page = await ask<Page>(app, PATH, url)
    found.push(...page.traces.map(({ traceId }) => traceId))
    cursor = page.nextCursor
    url = `${PATH}?limit=1&hours=3&cursor=${cursor}`
    // The window stays that of the first page.
    now += HOUR_MS
  }
  t.strictSame(found, [trace(1), trace(2), trace(3)])

  const own = await app.inject({ url: `${PATH}?hours=12`, headers: bearer(ACME_ADMIN) })
  t.strictSame(
    own.json<Page>().traces.map(({ traceId }) => traceId),
    [trace(1), trace(3)],
  )
})

t.test('parameters reach the query as they were given', async (t) => {
  const asked: SpanQuestion[] = []
  const { app } = buildApi(t, {
    queries: {
      searchTraces: (question) => {
        asked.push(question)
        return Promise.resolve({ traces: [], next: null, searchedToUs: null })
      },
    },
  })
  const get = (query: string, token = READ) =>
    app.inject({ url: `${PATH}${query}`, headers: bearer(token) })
  await get('')
  await get(
    '?service=a%20b&module=m&operation=GET%20/x&kind=client&status=error&minDuration=1.5&maxDuration=2' +
      '&text=x&attribute=http.route=/x=y&attribute=a\\=b=c&since=-2h&until=-1h&limit=1000',
    ACME_ADMIN,
  )
  const none = {
    ...{ tenant: null, service: null, module: null, operation: null, kind: null, status: null },
    ...{ minDurationMs: null, maxDurationMs: null, text: null, attributes: [] },
  }
  t.strictSame(asked, [
    {
      filter: none,
      window: { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS },
      after: null,
      limit: 50,
    },
    {
      filter: {
        tenant: 'acme',
        service: 'a b',
        module: 'm',
        operation: 'GET /x',
        kind: 'client',
        status: 'error',
        minDurationMs: 1.5,
        maxDurationMs: 2,
        text: 'x',
        attributes: [
          { key: 'http.route', value: '/x=y' },
          { key: 'a=b', value: 'c' },
        ],
      },
      window: { sinceMs: NOW_MS - 2 * HOUR_MS, untilMs: NOW_MS - HOUR_MS },
      after: null,
      limit: 1000,
    },
  ])
})

t.test('a faulty parameter is answered 400 with its name, value and what is allowed', async (t) => {
  const { app } = buildApi(t)
  const faults: [string, string, RegExp][] = [
    ['limit=0', 'limit', /from 1 to 1000, not 0/],
    ['hours=721', 'hours', /from 1 to 720/],
    ['kind=unspecified', 'kind', /one of internal, server, client, producer, consumer/],
    ['status=bad', 'status', /one of unset, ok, error, not "bad"/],
    ['minDuration=-1', 'minDuration', /from 0/],
    ['minDuration=2&maxDuration=1', 'maxDuration', /at least minDuration, 2, not 1/],
    ['attribute=x', 'attribute', /key=value/],
    ['cursor=garbled', 'cursor', /nextCursor.*not "garbled"/],
    ['text=%00', 'text', /without NUL/],
    ['traceId=1', 'traceId', /is not known; known are service/],
  ]
  for (const [query, name, reason] of faults) {
    const problem = await ask(app, PATH, `${PATH}?${query}`)
    t.match(problem, { status: 400, errors: [{ name, reason }] }, query)
  }
})

t.test('a token of scope read is enough, one of scope ingest is not', async (t) => {
  const { app } = buildApi(t)
  t.equal((await app.inject({ url: PATH, headers: bearer(READ) })).statusCode, 200)
  t.equal((await app.inject({ url: PATH, headers: bearer(INGEST) })).statusCode, 403)
  t.equal((await app.inject({ url: PATH })).statusCode, 401)
})

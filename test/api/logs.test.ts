import t from 'tap'
import type { LogQuestion } from '../../collector/api/contract'
import type { Logs } from '../../collector/api/schemas/log'
import { createLogQueries } from '../../collector/store/queries/logs'
import { openDatabase } from '../store/database'
import { seedLogs } from '../store/seed-logs'
import { ask } from './answer'
import { ACME_ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const PATH = '/api/v1/logs'
const HOUR_MS = 3_600_000
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const LOGS = [
  { time: '2026-03-01T11:00:00.000001Z', body: 'two', severity: 17, traceId: TRACE_ID },
  { time: '2026-03-01T11:00:00Z', bodyValue: '{"n": 1, "list": []}', service: 2n },
  { time: '2026-03-01T10:00:00Z', body: 'foreign', service: 3n },
  { time: '2026-03-01T09:00:00Z', timeNs: null, body: 'one', traceId: TRACE_ID },
]

t.test('answers from a database', async (t) => {
  const pool = await openDatabase(t)
  await seedLogs(pool, LOGS)
  const { app } = buildApi(t, { queries: createLogQueries(pool) })
  const bodies = async (query: string) => {
    return (await ask<Logs>(app, PATH, `${PATH}${query}`)).logs.map(({ body }) => body)
  }

  t.test('log records come newest first, as documented', async (t) => {
    const answer = await ask<Logs>(app, PATH, PATH)
    t.strictSame(
      answer.logs.map(({ body }) => body),
      ['two', { n: '1', list: [] }, 'foreign', 'one'],
    )
    t.match(answer, {
      nextCursor: null,
      searchedSince: '2026-02-28T12:00:00.000000Z',
      searchedUntil: '2026-03-01T12:00:00.000Z',
      logs: [{ time: '2026-03-01T11:00:00.000001000Z', severity: 'error', severityText: 'ERROR' }],
    })
  })

  t.test('those of a trace come oldest first and need no window', async (t) => {
    const answer = await ask<Logs>(app, PATH, `${PATH}?traceId=${TRACE_ID}`)
    t.match(answer, {
      logs: [{ body: 'one', timeUnixNano: null }, { body: 'two' }],
      nextCursor: null,
      searchedSince: null,
      searchedUntil: null,
    })
    t.strictSame(await bodies(`?traceId=${TRACE_ID}&order=desc`), ['two', 'one'])
    t.strictSame(await bodies(`?traceId=${TRACE_ID}&since=-2h`), ['two'])
  })

  t.test('cursors lead through all of them, in the window of the first page', async (t) => {
    let now = NOW_MS
    const { app } = buildApi(t, { queries: createLogQueries(pool), now: () => now })
    const first = await ask<Logs>(app, PATH, `${PATH}?limit=3&hours=3`)
    t.match(first, { searchedSince: '2026-03-01T10:00:00.000000Z' })
    // An hour later the last record is no longer in the last three hours.
    now += HOUR_MS
    const url = `${PATH}?limit=3&hours=3&cursor=${first.nextCursor}`
    const second = await ask<Logs>(app, PATH, url)
    t.match(second, {
      logs: [{ body: 'one' }],
      nextCursor: null,
      searchedSince: '2026-03-01T09:00:00.000000Z',
      searchedUntil: '2026-03-01T12:00:00.000Z',
    })
    const ascending = await ask<Logs>(app, PATH, `${PATH}?order=asc&limit=1`)
    t.match(ascending, { logs: [{ body: 'one' }] })
    const next = await bodies(`?order=asc&limit=1&cursor=${ascending.nextCursor}`)
    t.strictSame(next, ['foreign'])
  })

  t.test('a cursor is no good for other parameters', async (t) => {
    const { nextCursor } = await ask<Logs>(app, PATH, `${PATH}?limit=1`)
    for (const query of [
      `?service=orders&cursor=${nextCursor}`,
      `?order=asc&cursor=${nextCursor}`,
    ]) {
      const problem = await ask(app, PATH, `${PATH}${query}`)
      t.match(problem, { status: 400, errors: [{ name: 'cursor' }] })
    }
  })

  t.test('a tenant’s token reads its own records, with a cursor of anybody', async (t) => {
    const headers = bearer(ACME_ADMIN)
    const { nextCursor } = await ask<Logs>(app, PATH, `${PATH}?limit=1`)
    const all = (await app.inject({ url: PATH, headers })).json<Logs>()
    t.strictSame(all.logs.map(({ service }) => service).toSorted(), [
      'gateway',
      'gateway',
      'orders',
    ])
    const url = `${PATH}?limit=1&cursor=${nextCursor}`
    t.match((await app.inject({ url, headers })).json<Logs>().logs, [{ service: 'orders' }])
    t.notMatch((await app.inject({ url: PATH, headers })).body, 'foreign')
  })

  t.test('a hostile text is a text', async (t) => {
    const texts = [
      '%',
      '_',
      `'`,
      `"`,
      '\\',
      `'; drop table sidelight.log_record; --`,
      '\u2028',
      '💥',
    ]
    for (const text of texts) {
      t.strictSame(
        await bodies(`?text=${encodeURIComponent(text)}`),
        text === '"' ? [{ n: '1', list: [] }] : [],
        text,
      )
    }
  })
})

t.test('a token of scope read is enough, one of scope ingest is not', async (t) => {
  const { app } = buildApi(t)
  t.equal((await app.inject({ url: PATH, headers: bearer(READ) })).statusCode, 200)
  t.equal((await app.inject({ url: PATH, headers: bearer(INGEST) })).statusCode, 403)
  t.equal((await app.inject({ url: PATH })).statusCode, 401)
})

t.test('parameters reach the query as they were given', async (t) => {
  const asked: LogQuestion[] = []
  const { app } = buildApi(t, {
    queries: {
      readLogs: (question) => {
        asked.push(question)
        return Promise.resolve({ logs: [], next: null, searchedToUs: null })
      },
    },
  })
  const get = (query: string, token = READ) =>
    app.inject({ url: `${PATH}${query}`, headers: bearer(token) })
  await get('')
  await get(
    `?service=a%20b&severity=WARN&text=x&traceId=${TRACE_ID.toUpperCase()}&spanId=00F067AA0BA902B7&eventName=e` +
      '&attribute=http.route=/x=y&attribute=a\\=b=c&attribute=n=5&since=-2h&until=-1h&limit=1000&order=desc',
    ACME_ADMIN,
  )
  await get('?severity=24&attribute=k=')
  const none = {
    tenant: null,
    service: null,
    minSeverity: null,
    text: null,
    traceId: null,
    spanId: null,
    eventName: null,
    attributes: [],
  }
  const window = { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS }
  t.strictSame(asked, [
    { filter: none, window, order: 'desc', limit: 100, after: null },
    {
      filter: {
        tenant: 'acme',
        service: 'a b',
        minSeverity: 13,
        text: 'x',
        traceId: TRACE_ID,
        spanId: '00f067aa0ba902b7',
        eventName: 'e',
        attributes: [
          { key: 'http.route', value: '/x=y' },
          { key: 'a=b', value: 'c' },
          { key: 'n', value: '5' },
        ],
      },
      window: { sinceMs: NOW_MS - 2 * HOUR_MS, untilMs: NOW_MS - HOUR_MS },
      order: 'desc',
      limit: 1000,
      after: null,
    },
    {
      filter: { ...none, minSeverity: 24, attributes: [{ key: 'k', value: '' }] },
      window,
      order: 'desc',
      limit: 100,
      after: null,
    },
  ])
})

t.test('a faulty parameter is answered 400 with its name, value and what is allowed', async (t) => {
  const { app } = buildApi(t)
  const faults: [string, string, RegExp][] = [
    ['limit=0', 'limit', /from 1 to 1000, not 0/],
    ['limit=1001', 'limit', /to 1000, not 1001/],
    ['hours=721', 'hours', /from 1 to 720/],
    ['since=-1h&until=-2h', 'since', /before until/],
    ['since=-1h&hours=2', 'hours', /together with since/],
    ['until=later', 'until', /RFC 3339/],
    [`traceId=${TRACE_ID}&since=x`, 'since', /RFC 3339/],
    ['since=0000-01-01T00:00:00Z', 'since', /RFC 3339/],
    ['severity=loud', 'severity', /one of trace, .*fatal or a number from 1 to 24, not "loud"/],
    ['severity=0', 'severity', /not "0"/],
    ['severity=25', 'severity', /not "25"/],
    ['traceId=abc', 'traceId', /32 hex digits/],
    ['spanId=0000000000000000', 'spanId', /16 hex digits, not all zeros/],
    ['attribute=http.route', 'attribute', /key=value, .*not "http.route"/],
    ['attribute==x', 'attribute', /key=value/],
    [Array(17).fill('attribute=a=b').join('&'), 'attribute', /given at most 16 times/],
    ['order=up', 'order', /one of asc, desc, not "up"/],
    ['cursor=garbled', 'cursor', /nextCursor.*not "garbled"/],
    ['text=', 'text', /at least 1 character/],
    ['text=a%00b', 'text', /without NUL/],
    ['service=%00', 'service', /without NUL/],
    ['attribute=a=%00', 'attribute', /without NUL/],
    ['trace=x', 'trace', /not known; known are service, severity/],
  ]
  for (const [query, name, reason] of faults) {
    const problem = await ask(app, PATH, `${PATH}?${query}`)
    t.match(problem, { status: 400, errors: [{ name, reason }], detail: reason }, query)
  }
})

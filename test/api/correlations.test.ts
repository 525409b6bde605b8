import t from 'tap'
import type { Correlation } from '../../collector/api/schemas/correlation'
import { createCorrelationQueries } from '../../collector/store/queries/correlations'
import { openDatabase } from '../store/database'
import { seed, type SeedSpan } from '../store/seed'
import { seedLogs, seedSightings } from '../store/seed-logs'
import { ask } from './answer'
import { ACME_ADMIN, bearer, buildApi, INGEST, READ } from './server'

const PREFIX = '/api/v1/correlations'
const ONE = `${PREFIX}/{id}`
const trace = (n: number) => n.toString(16).padStart(32, '0')
const id = (n: number) => n.toString(16).padStart(16, '0')
const ATTRIBUTES = ['request.id', 'http.request.header.x-request-id']

t.test('answers from a database', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, [
    { traceId: trace(1), spanId: id(1), kind: 3, start: '2026-03-01T10:00:00Z', durationMs: 9 },
    {
      traceId: trace(1),
      spanId: id(2),
      parentSpanId: id(1),
      start: '2026-03-01T10:00:00.001Z',
      durationMs: 5,
      status: 2,
      attributes:
        '{"http.request.header.x-request-id": ["r 1/ü"], "http.request.method": "GET", "http.route": "/shop", "http.response.status_code": 503}',
    },
    { traceId: trace(9), service: 3n, start: '2026-03-01T10:00:00Z' },
  ])
  await seedLogs(pool, [
    { time: '2026-03-01T09:59:59Z', service: 2n, attributes: '{"request.id": "r 1/ü"}' },
    {
      time: '2026-03-01T10:00:00.002Z',
      traceId: trace(1),
      spanId: id(2),
      severity: 17,
      body: 'bad',
    },
  ])
  await seedSightings(pool, [
    { id: 'r 1/ü', time: '2026-03-01T10:00:00.001Z', traceId: trace(1) },
    { id: 'r 1/ü', time: '2026-03-01T09:59:59Z', service: 2n },
    { id: 'foreign', time: '2026-03-01T10:00:00Z', traceId: trace(9), service: 3n },
    { id: 'gone', time: '2026-03-01T10:00:00Z', traceId: trace(8) },
  ])
  const queries = createCorrelationQueries(pool)
  const parts = { queries, correlationAttributes: ATTRIBUTES }
  const { app } = buildApi(t, parts)

  t.test('an id is answered with its request, spans, logs and errors, as documented', async (t) => {
    const answer = await ask<Correlation>(app, ONE, `${PREFIX}/${encodeURIComponent('r 1/ü')}`)
    t.match(answer, {
      id: 'r 1/ü',
      request: {
        traceId: trace(1),
        spanId: id(2),
        service: 'gateway',
        name: 'GET /shop',
        kind: 'server',
        status: 'error',
        method: 'GET',
        route: '/shop',
        statusCode: 503,
        startTime: '2026-03-01T10:00:00.001000000Z',
        durationMs: 5,
      },
      traceIds: [trace(1)],
      truncated: false,
      services: ['orders', 'gateway'],
      startTime: '2026-03-01T09:59:59.000000000Z',
      endTime: '2026-03-01T10:00:00.009000000Z',
      spans: [{ spanId: id(1) }, { spanId: id(2) }],
      spansTruncated: false,
      logs: [{ service: 'orders' }, { body: 'bad', spanId: id(2) }],
      logsTruncated: false,
      errors: [
        { source: 'log', message: 'bad', traceId: trace(1), spanId: id(2) },
        {
          source: 'span',
          traceId: trace(1),
          spanId: id(2),
          time: '2026-03-01T10:00:00.006000000Z',
        },
      ],
      errorsTruncated: false,
    })
  })

  t.test('an id nobody has seen, or of which nothing is left, is not found', async (t) => {
    for (const unknown of ['nobody', 'gone', 'R 1', '%25', `'%20or%20true--`]) {
      t.match(await ask(app, ONE, `${PREFIX}/${unknown}`), { status: 404 }, unknown)
    }
    t.match(await ask(app, ONE, `${PREFIX}/a%00b`), {
      status: 400,
      errors: [{ name: 'id', reason: /without NUL/ }],
    })
    t.match(await ask(app, ONE, `${PREFIX}/a?limit=101`), { status: 400 })
  })

  t.test('an id may be long, however it is escaped', async (t) => {
    const long = 'ü/'.repeat(1000)
    t.match(await ask(app, ONE, `${PREFIX}/${encodeURIComponent(long)}`), { status: 404 })
    t.match(await ask(app, ONE, `${PREFIX}/${'a'.repeat(12_000)}`), { status: 404 })
  })

  t.test('what a tenant’s token may not see is not there', async (t) => {
    const get = (url: string) => app.inject({ url, headers: bearer(ACME_ADMIN) })
    t.equal((await get(`${PREFIX}/foreign`)).statusCode, 404)
    t.equal((await get(`${PREFIX}/r%201%2F%C3%BC`)).statusCode, 200)
  })

  t.test('a token of scope read is enough, one of scope ingest is not', async (t) => {
    const status = async (token: string) =>
      (await app.inject({ url: `${PREFIX}/foreign`, headers: bearer(token) })).statusCode
    t.equal(await status(READ), 200)
    t.equal(await status(INGEST), 403)
  })

  t.test('an answer that is cut says so, and is counted', async (t) => {
    let counted = 0
    const onTruncated = () => {
      counted++
    }
    const { app } = buildApi(t, { ...parts, maxTraceSpans: 1, onTruncated })
    const answer = await ask<Correlation>(app, ONE, `${PREFIX}/r%201%2F%C3%BC`)
    t.match(answer, { truncated: false, spansTruncated: true, logsTruncated: true })
    t.same([answer.spans.length, answer.logs.length], [1, 1])
    t.equal(counted, 1)
  })
})

t.test('what an application told with the id is part of its story', async (t) => {
  const pool = await openDatabase(t)
  const told = (eventName: string, second: number, rest: object, fields: object = {}) => ({
    eventName,
    time: `2026-03-01T10:00:0${second}Z`,
    body: null,
    attributes: JSON.stringify({ 'request.id': 'r', ...rest }),
    ...fields,
  })
  // Of the trace no span was kept, for a sampler dropped them; two have none at all.
  const traced = { traceId: trace(1), spanId: id(1) }
  await seedLogs(pool, [
    told('sidelight.business', 1, { 'business.event': 'order' }, traced),
    told('sidelight.cost', 2, { 'sidelight.cost_usd': 0.25 }, traced),
    told('sidelight.webhook.delivery', 3, { 'webhook.id': 'w', 'sidelight.outcome': 'failed' }),
    told('sidelight.audit', 4, { 'error.message': 'not allowed' }, { severity: 17 }),
    told('sidelight.business', 5, { 'request.id': 'another' }, { service: 2n }),
  ])
  await seedSightings(pool, [
    { id: 'r', time: '2026-03-01T10:00:01Z', traceId: trace(1) },
    { id: 'r', time: '2026-03-01T10:00:03Z' },
    { id: 'r', time: '2026-03-01T10:00:04Z' },
  ])
  const queries = createCorrelationQueries(pool)
  const { app } = buildApi(t, { queries, correlationAttributes: ATTRIBUTES })
  const answer = await ask<Correlation>(app, ONE, `${PREFIX}/r`)
  t.match(answer, {
    request: null,
    traceIds: [trace(1)],
    spans: [],
    startTime: '2026-03-01T10:00:01.000000000Z',
    endTime: '2026-03-01T10:00:04.000000000Z',
    errors: [{ source: 'log', message: 'not allowed' }],
  })
  t.strictSame(
    answer.logs.map(({ eventName }) => eventName),
    ['sidelight.business', 'sidelight.cost', 'sidelight.webhook.delivery', 'sidelight.audit'],
  )
  t.match(answer.logs[0]?.attributes, { 'business.event': 'order' })
})

t.test('the request of an id is the earliest that carries it', async (t) => {
  const pool = await openDatabase(t)
  const carries = { attributes: '{"request.id": "a"}' }
  const at = (second: number) => `2026-03-01T10:00:0${second}Z`
  const child = { parentSpanId: id(99) }
  const choices: [string, Omit<SeedSpan, 'traceId'>[], number | null][] = [
    [
      'served, with the id',
      [{ start: at(1) }, { start: at(2), ...carries }, { start: at(3), ...carries }],
      2,
    ],
    [
      'consumed, with the id',
      [
        { start: at(1), kind: 3, ...carries },
        { start: at(2), kind: 5, ...carries },
      ],
      2,
    ],
    ['a root of its own with the id', [{ start: at(1) }, { start: at(2), kind: 1, ...carries }], 2],
    [
      'served, where none has the id',
      [{ start: at(1), kind: 1 }, { start: at(2) }, { start: at(3) }],
      2,
    ],
    [
      'a root where nothing is served',
      [
        { start: at(1), kind: 1, ...child },
        { start: at(2), kind: 0 },
      ],
      2,
    ],
    [
      'none',
      [
        { start: at(1), kind: 3, ...carries },
        { start: at(2), kind: 1, ...child, ...carries },
      ],
      null,
    ],
  ]
  for (const [n, [, spans]] of choices.entries()) {
    await seed(
      pool,
      spans.map((span, i) => ({ ...span, traceId: trace(n + 1), spanId: id(i + 1) })),
    )
    await seedSightings(pool, [{ id: 'a', time: at(0), traceId: trace(n + 1) }])
  }
  const queries = createCorrelationQueries(pool)
  for (const [n, [title, , chosen]] of choices.entries()) {
    // Only this trace of the id, whose attribute says the same in all of them.
    const { app } = buildApi(t, {
      queries: {
        readCorrelation: async (question) => {
          const found = await queries.readCorrelation(question)
          return { ...found, spans: found.spans.filter(({ traceId }) => traceId === trace(n + 1)) }
        },
      },
      correlationAttributes: ATTRIBUTES,
    })
    const { request } = await ask<Correlation>(app, ONE, `${PREFIX}/a`)
    t.equal(request?.spanId ?? null, chosen === null ? null : id(chosen), title)
  }
})

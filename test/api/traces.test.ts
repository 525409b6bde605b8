import t from 'tap'
import { createTraceQueries } from '../../collector/store/queries/traces'
import { Unavailable } from '../../collector/errors'
import type { SlowTrace, Trace, TraceNode } from '../../collector/api/schemas/trace'
import type { StoredTrace, TraceFilter } from '../../collector/api/contract'
import { openDatabase } from '../store/database'
import { seed, type SeedSpan } from '../store/seed'
import { seedLogs } from '../store/seed-logs'
import { rolled, seedRollups } from '../store/seed-rollups'
import { ask } from './answer'
import { ACME_ADMIN, ADMIN, bearer, buildApi, NOW_MS } from './server'

const PREFIX = '/api/admin/observability/traces'
const ONE = `${PREFIX}/{traceId}`
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'
const OTHER_ID = '00000000000000000000000000000007'

const SPANS: SeedSpan[] = [
  {
    traceId: TRACE_ID,
    spanId: 'ffffffffffffffff',
    start: '2026-03-01T11:00:00.000001Z',
    durationMs: 1500,
    attributes:
      '{"int": 9007199254740993, "double": 1.0, "nan": {"$double": "NaN"}, "list": [1, "1"], "map": {"k": 2}}',
  },
  {
    traceId: TRACE_ID,
    spanId: '00000000000000aa',
    parentSpanId: 'ffffffffffffffff',
    service: 2n,
    status: 2,
    start: '2026-03-01T11:00:00.5Z',
    durationMs: 250.5,
  },
  {
    traceId: TRACE_ID,
    spanId: '00000000000000bb',
    parentSpanId: '00000000000000cc',
    kind: 1,
    start: '2026-03-01T11:00:01Z',
    durationMs: null,
  },
  { traceId: OTHER_ID, service: 3n, start: '2026-03-01T11:30:00Z', durationMs: 2000 },
]

t.test('answers from a database', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, SPANS)
  await seedRollups(pool, SPANS.map(rolled))
  const { app } = buildApi(t, { queries: createTraceQueries(pool) })

  t.test('a trace is answered as a list and as a tree', async (t) => {
    const trace = await ask<Trace>(app, ONE, `${PREFIX}/${TRACE_ID}`)
    t.match(trace, {
      traceId: TRACE_ID,
      spanCount: 3,
      truncated: false,
      services: ['gateway', 'orders'],
      startTime: '2026-03-01T11:00:00.000001000Z',
      endTime: '2026-03-01T11:00:01.500001000Z',
      durationMs: 1500,
      spans: [
        { spanId: 'ffffffffffffffff', depth: 0, durationMs: 1500, selfTimeMs: 1249.5 },
        { spanId: '00000000000000aa', depth: 1, selfTimeMs: 250.5, status: 'error' },
        { spanId: '00000000000000bb', depth: 1, durationMs: null, selfTimeMs: null },
      ],
      tree: [
        {
          spanId: 'ffffffffffffffff',
          name: 'GET /shop',
          service: 'gateway',
          selfTimeMs: 1249.5,
          children: [{ spanId: '00000000000000aa', service: 'orders', children: [] }],
        },
        {
          spanId: '00000000000000cc',
          missing: true,
          children: [{ spanId: '00000000000000bb', kind: 'internal', children: [] }],
        },
      ],
    })
    t.strictSame(trace.spans[0]?.attributes, {
      int: '9007199254740993',
      double: 1,
      nan: { $double: 'NaN' },
      list: ['1', '1'],
      map: { k: '2' },
    })
  })

  t.test('a trace id may be written in upper case or as a uuid', async (t) => {
    for (const spelt of [TRACE_ID.toUpperCase(), '4BF92F35-77b3-4da6-a3ce-929d0e0e4736']) {
      t.equal((await ask<Trace>(app, ONE, `${PREFIX}/${spelt}`)).traceId, TRACE_ID)
    }
  })

  t.test('slow traces and statistics are answered over the default window', async (t) => {
    const slow = await ask<SlowTrace[]>(app, `${PREFIX}/slow`, `${PREFIX}/slow`)
    t.same(
      slow.map(({ traceId, durationMs }) => [traceId, durationMs]),
      [
        [OTHER_ID, 2000],
        [TRACE_ID, 1500],
      ],
    )
    t.match(await ask(app, `${PREFIX}/stats`, `${PREFIX}/stats`), {
      window: { since: '2026-02-28T12:00:00.000Z', until: '2026-03-01T12:00:00.000Z' },
      requestCount: 3,
      errorCount: 1,
      byService: [{ service: 'orders' }, { service: 'gateway' }],
    })
    const empty = await ask<SlowTrace[]>(app, `${PREFIX}/slow`, `${PREFIX}/slow?service=nobody`)
    t.same(empty, [])
    t.match(await ask(app, `${PREFIX}/stats`, `${PREFIX}/stats?service=nobody`), {
      requestCount: 0,
      errorRate: null,
      durationMs: { p95: null },
    })
  })

  t.test('what a tenant’s token may not see is not there', async (t) => {
    const headers = bearer(ACME_ADMIN)
    t.equal((await app.inject({ url: `${PREFIX}/${TRACE_ID}`, headers })).statusCode, 200)
    t.equal((await app.inject({ url: `${PREFIX}/${OTHER_ID}`, headers })).statusCode, 404)
    const slow = await app.inject({ url: `${PREFIX}/slow`, headers })
    t.match(slow.json(), [{ traceId: TRACE_ID }])
    t.equal(slow.json<SlowTrace[]>().length, 1)
  })

  t.test('HEAD has the headers of GET and no body', async (t) => {
    const url = `${PREFIX}/${TRACE_ID}`
    const head = await app.inject({ method: 'HEAD', url, headers: bearer(ADMIN) })
    t.equal(head.statusCode, 200)
    t.equal(head.body, '')
    t.match(head.headers['content-type'], /^application\/json/)
  })
})

t.test('parameters reach the query as they were given', async (t) => {
  const asked: unknown[] = []
  const { app } = buildApi(t, {
    queries: {
      readTrace: () => Promise.reject(new Error('not asked')),
      readSlowTraces: (question) => {
        asked.push(question)
        return Promise.resolve([])
      },
      readTraceStatistics: (filter: TraceFilter) => {
        asked.push(filter)
        return Promise.reject(new Unavailable('enough'))
      },
    },
  })
  const get = (url: string) => app.inject({ url, headers: bearer(ADMIN) })
  await get(`${PREFIX}/slow`)
  await get(
    `${PREFIX}/slow?threshold=0.5&limit=7&since=-2h&until=-1h&service=a%20b&module=m&token=${ADMIN}`,
  )
  await get(`${PREFIX}/stats?hours=3`)
  const HOUR_MS = 3_600_000
  const none = { service: null, module: null, tenant: null }
  t.same(asked, [
    {
      ...none,
      window: { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS },
      thresholdMs: 1000,
      limit: 50,
    },
    {
      window: { sinceMs: NOW_MS - 2 * HOUR_MS, untilMs: NOW_MS - HOUR_MS },
      service: 'a b',
      module: 'm',
      tenant: null,
      thresholdMs: 0.5,
      limit: 7,
    },
    { ...none, window: { sinceMs: NOW_MS - 3 * HOUR_MS, untilMs: NOW_MS } },
  ])
})

/** A chain of spans, each the parent of the next. */
function chain(length: number): StoredTrace {
  const attributes = {}
  const own = { attributes, droppedAttributesCount: 0, schemaUrl: '' }
  const hex = (n: number) => (n + 1).toString(16).padStart(16, '0')
  return {
    isTruncated: true,
    logs: [],
    isLogsTruncated: false,
    spans: Array.from({ length }, (_, n) => ({
      traceId: TRACE_ID,
      spanId: hex(n),
      parentSpanId: n === 0 ? null : hex(n - 1),
      name: 'step',
      service: 's',
      module: 'm',
      kind: 'internal',
      status: 'unset',
      statusMessage: '',
      traceState: '',
      flags: 0,
      startTime: '1970-01-01T00:00:00.000000000Z',
      startTimeUnixNano: String(n),
      endTime: '1970-01-01T00:00:00.000100000Z',
      endTimeUnixNano: '100000',
      durationMs: 0.1,
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      attributes,
      resource: { ...own, entityRefs: [] },
      scope: { ...own, name: '', version: '' },
    })),
  }
}

t.test('a trace 10,000 spans deep is answered, nested to 500 levels', async (t) => {
  const absent = () => Promise.reject(new Error('not asked'))
  const { app } = buildApi(t, {
    queries: {
      readTrace: ({ maxSpans }) => Promise.resolve(chain(maxSpans)),
      readSlowTraces: absent,
      readTraceStatistics: absent,
    },
  })
  const response = await app.inject({ url: `${PREFIX}/${TRACE_ID}`, headers: bearer(ADMIN) })
  const trace = response.json<Trace>()
  t.equal(trace.spanCount, 10_000)
  t.equal(trace.truncated, true)
  t.equal(trace.spans.at(-1)?.depth, 9_999)
  let levels = 0
  let last: TraceNode | undefined
  for (let node = trace.tree[0]; node; node = node.children[0]) {
    levels++
    last = node
  }
  t.equal(levels, 501)
  t.strictSame(last, { spanId: trace.spans[500]?.spanId, truncated: true, children: [] })
})

t.test('a trace is answered with its log records, in order of time', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, SPANS)
  await seedLogs(pool, [
    { time: '2026-03-01T11:00:02Z', traceId: TRACE_ID, spanId: '00000000000000aa', body: 'second' },
    { time: '2026-02-01T11:00:01Z', traceId: TRACE_ID, body: 'first' },
    { time: '2026-03-01T11:00:01Z', body: 'without a trace' },
    { time: '2026-03-01T11:00:01Z', traceId: '2'.padStart(32, '0'), body: 'logs alone' },
    { time: '2026-03-01T11:00:03Z', traceId: TRACE_ID, service: 3n, body: 'foreign' },
  ])
  const queries = createTraceQueries(pool)
  const { app } = buildApi(t, { queries })
  const { logs, logsTruncated } = await ask<Trace>(app, ONE, `${PREFIX}/${TRACE_ID}`)
  t.same(
    logs.map(({ body, spanId }) => [body, spanId]),
    [
      ['first', null],
      ['second', '00000000000000aa'],
      ['foreign', null],
    ],
  )
  t.equal(logsTruncated, false)
  const alone = await ask<Trace>(app, ONE, `${PREFIX}/${'2'.padStart(32, '0')}`)
  t.match(alone, { spanCount: 0, startTime: null, spans: [], logs: [{ body: 'logs alone' }] })
  const url = `${PREFIX}/${TRACE_ID}`
  const ofTenant = await app.inject({ url, headers: bearer(ACME_ADMIN) })
  t.same(
    ofTenant.json<Trace>().logs.map(({ body }) => body),
    ['first', 'second'],
  )
  let truncatedAnswers = 0
  const onTruncated = () => {
    truncatedAnswers++
  }
  const cut = buildApi(t, { queries, maxTraceSpans: 2, onTruncated })
  const first = await ask<Trace>(cut.app, ONE, `${PREFIX}/${'2'.padStart(32, '0')}`)
  t.match(first, { truncated: false, logsTruncated: false })
  t.equal(truncatedAnswers, 0)
  const response = await cut.app.inject({ url, headers: bearer(ACME_ADMIN) })
  t.match(response.json<Trace>(), { truncated: true, logsTruncated: false })
  const lessLogs = await ask<Trace>(cut.app, ONE, url)
  t.match(lessLogs, { logsTruncated: true, logs: [{ body: 'first' }, { body: 'second' }] })
  t.equal(lessLogs.logs.length, 2)
  t.equal(truncatedAnswers, 2)
})

t.test('a trace of one span more than the limit is answered without it, and counted', async (t) => {
  const pool = await openDatabase(t)
  await seed(
    pool,
    [1, 2, 3].map((second) => ({
      traceId: TRACE_ID,
      spanId: `000000000000000${second}`,
      start: `2026-03-01T11:00:0${second}Z`,
    })),
  )
  const queries = createTraceQueries(pool)
  const answer = async (maxTraceSpans: number) => {
    let truncatedAnswers = 0
    const onTruncated = () => {
      truncatedAnswers++
    }
    const { app } = buildApi(t, { queries, maxTraceSpans, onTruncated })
    const response = await app.inject({ url: `${PREFIX}/${TRACE_ID}`, headers: bearer(ADMIN) })
    const { truncated, spans } = response.json<Trace>()
    return { truncated, spans: spans.map(({ spanId }) => spanId.slice(-1)), truncatedAnswers }
  }
  t.strictSame(await answer(3), { truncated: false, spans: ['1', '2', '3'], truncatedAnswers: 0 })
  t.strictSame(await answer(2), { truncated: true, spans: ['1', '2'], truncatedAnswers: 1 })
})

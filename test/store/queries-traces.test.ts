import t from 'tap'
import { read } from '../../collector/store/queries/read'
import { createTraceQueries } from '../../collector/store/queries/traces'
import { openDatabase, openPool } from './database'
import { seed, type SeedSpan } from './seed'
import { rolled, seedRollups } from './seed-rollups'

const trace = (n: number) => n.toString(16).padStart(32, '0')
const id = (n: number) => n.toString(16).padStart(16, '0')

const SPANS: SeedSpan[] = [
  // Trace 1: a request through gateway and orders, in which a client span waits for the server span.
  { traceId: trace(1), spanId: id(1), start: '2026-03-01T10:00:00.000001Z', durationMs: 1500 },
  {
    traceId: trace(1),
    spanId: id(2),
    parentSpanId: id(1),
    kind: 3,
    name: 'call orders',
    start: '2026-03-01T10:00:00.1Z',
    durationMs: 1300,
  },
  {
    traceId: trace(1),
    spanId: id(3),
    parentSpanId: id(2),
    service: 2n,
    status: 2,
    start: '2026-03-01T10:00:00.2Z',
    durationMs: 1200,
  },
  // Trace 2: fast, of another tenant. Trace 3: an INTERNAL root, slow. Trace 4: an INTERNAL child alone, no request.
  { traceId: trace(2), service: 3n, start: '2026-03-01T10:10:00Z', durationMs: 100 },
  { traceId: trace(3), service: 2n, kind: 1, start: '2026-03-01T10:20:00Z', durationMs: 3000 },
  {
    traceId: trace(4),
    parentSpanId: id(99),
    kind: 1,
    start: '2026-03-01T10:30:00Z',
    durationMs: 9000,
  },
  // Failed by HTTP status: an int, and the attribute's former name as a string. 404 is not a failure of the server.
  {
    traceId: trace(5),
    start: '2026-03-01T10:40:00Z',
    durationMs: 10,
    attributes: '{"http.response.status_code": 503}',
  },
  {
    traceId: trace(6),
    start: '2026-03-01T10:41:00Z',
    durationMs: 20,
    attributes: '{"http.status_code": "500"}',
  },
  {
    traceId: trace(7),
    start: '2026-03-01T10:42:00Z',
    durationMs: 30,
    attributes: '{"http.response.status_code": 404}',
  },
  // Without an end: counted, but no duration. The day before: outside the window.
  { traceId: trace(8), start: '2026-03-01T10:50:00Z', durationMs: null },
  { traceId: trace(9), start: '2026-02-28T10:00:00Z', durationMs: 60_000 },
]

const WINDOW = {
  sinceMs: Date.parse('2026-03-01T10:00:00Z'),
  untilMs: Date.parse('2026-03-01T11:00:00Z'),
}
const ALL = { window: WINDOW, service: null, module: null, tenant: null }

t.test('questions about traces', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, SPANS)
  await seedRollups(pool, SPANS.map(rolled))
  const queries = createTraceQueries(pool)

  t.test('a trace comes in order of start, with names from the dictionaries', async (t) => {
    const { spans, isTruncated } = await queries.readTrace({
      traceId: trace(1),
      tenant: null,
      maxSpans: 10,
    })
    t.equal(isTruncated, false)
    t.match(spans, [
      {
        traceId: trace(1),
        spanId: id(1),
        parentSpanId: null,
        name: 'GET /shop',
        service: 'gateway',
        module: 'http',
        kind: 'server',
        status: 'unset',
        startTime: '2026-03-01T10:00:00.000001000Z',
        startTimeUnixNano: '1772359200000001000',
        endTimeUnixNano: '1772359201500001000',
        durationMs: 1500,
      },
      { spanId: id(2), parentSpanId: id(1), name: 'call orders', kind: 'client' },
      { spanId: id(3), parentSpanId: id(2), service: 'orders', status: 'error' },
    ])
  })

  t.test(
    'a trace longer than asked for is cut after its earliest spans, and says so',
    async (t) => {
      const answer = await queries.readTrace({ traceId: trace(1), tenant: null, maxSpans: 2 })
      t.equal(answer.isTruncated, true)
      t.same(
        answer.spans.map(({ spanId }) => spanId),
        [id(1), id(2)],
      )
      const whole = await queries.readTrace({ traceId: trace(1), tenant: null, maxSpans: 3 })
      t.equal(whole.isTruncated, false)
    },
  )

  t.test('a tenant sees its own spans only', async (t) => {
    const ask = (n: number, tenant: string | null) =>
      queries.readTrace({ traceId: trace(n), tenant, maxSpans: 10 })
    t.equal((await ask(2, null)).spans.length, 1)
    t.equal((await ask(2, 'umbrella')).spans.length, 1)
    t.equal((await ask(2, 'acme')).spans.length, 0)
    t.equal((await ask(1, 'umbrella')).spans.length, 0)
    t.equal((await ask(77, null)).spans.length, 0)
  })

  const slow = (question: object) =>
    queries.readSlowTraces({ ...ALL, thresholdMs: 1000, limit: 10, ...question })

  t.test('slow traces are requests over the threshold, slowest first, one a trace', async (t) => {
    t.match(await slow({}), [
      {
        traceId: trace(3),
        service: 'orders',
        module: 'orders',
        name: 'place order',
        kind: 'internal',
        status: 'unset',
        startTime: '2026-03-01T10:20:00.000000000Z',
        durationMs: 3000,
      },
      { traceId: trace(1), spanId: id(1), service: 'gateway', durationMs: 1500 },
    ])
  })

  t.test('slow traces are narrowed by every filter', async (t) => {
    const found = async (question: object) =>
      (await slow(question)).map(({ traceId }) => Number(`0x${traceId}`))
    t.same(await found({ limit: 1 }), [3])
    t.same(await found({ thresholdMs: 1500 }), [3, 1])
    t.same(await found({ thresholdMs: 1500.000001 }), [3])
    t.same(await found({ thresholdMs: 0, tenant: 'umbrella' }), [2])
    t.same(await found({ service: 'gateway' }), [1])
    t.same(await found({ service: 'orders', tenant: 'umbrella', thresholdMs: 0 }), [2])
    t.same(await found({ module: 'orders' }), [3, 1])
    t.same(await found({ service: 'nobody' }), [])
    t.same(
      await found({ window: { ...WINDOW, sinceMs: WINDOW.sinceMs - 25 * 3_600_000 } }),
      [9, 3, 1],
    )
    const { sinceMs } = WINDOW
    const before = { sinceMs: sinceMs - 3_600_000, untilMs: sinceMs }
    t.same(await found({ window: before, thresholdMs: 0 }), [], 'until is out')
  })

  t.test('statistics count requests, and spans, in all and a service each', async (t) => {
    const statistics = await queries.readTraceStatistics(ALL)
    t.match(statistics, {
      spanCount: 10,
      requestCount: 8,
      errorCount: 3,
      errorRate: 37.5,
      traceCount: 7,
      durationMs: { max: 3000 },
      window: WINDOW,
    })
    // Requests with a duration: 10, 20, 30, 100, 1200, 1500, 3000.
    t.equal(Math.round((statistics.durationMs.avg ?? 0) * 1000), Math.round((5860 / 7) * 1000))
    const { p50, p95, p99 } = statistics.durationMs
    t.ok(Math.abs((p50 ?? 0) / 100 - 1) < 0.022, `p50 is ${p50}`)
    t.ok(Math.abs((p95 ?? 0) / 3000 - 1) < 0.022, `p95 is ${p95}`)
    t.ok(Math.abs((p99 ?? 0) / 3000 - 1) < 0.022, `p99 is ${p99}`)
    t.match(statistics.byService, [
      { service: 'gateway', requestCount: 5, spanCount: 7, errorCount: 2 },
      { service: 'orders', requestCount: 3, spanCount: 3, errorCount: 1 },
    ])
  })

  t.test('statistics are narrowed by every filter', async (t) => {
    const counted = async (question: object) => {
      const { requestCount, byService } = await queries.readTraceStatistics({ ...ALL, ...question })
      return [requestCount, byService.length]
    }
    t.same(await counted({ tenant: 'umbrella' }), [1, 1])
    t.same(await counted({ service: 'orders' }), [3, 1])
    t.same(await counted({ service: 'orders', tenant: 'acme' }), [2, 1])
    t.same(await counted({ module: 'http' }), [5, 1])
    const before = { sinceMs: WINDOW.sinceMs - 3_600_000, untilMs: WINDOW.sinceMs }
    t.same(await counted({ window: before }), [0, 0])
  })

  t.test('without requests there are counts and no rates', async (t) => {
    const none = { avg: null, p50: null, p95: null, p99: null, max: null }
    t.same(await queries.readTraceStatistics({ ...ALL, service: 'nobody' }), {
      requestCount: 0,
      spanCount: 0,
      errorCount: 0,
      errorRate: null,
      durationMs: none,
      traceCount: 0,
      byService: [],
      window: WINDOW,
    })
  })

  t.test('a trace is found through the index of each partition', async (t) => {
    const { rows } = await pool
      .query<{ 'QUERY PLAN': string }>(
        `begin; set local enable_seqscan = off; explain select 1 from sidelight.span where trace_id = '${trace(1)}'; commit`,
      )
      .then(
        (results) =>
          (results as unknown as { rows: { 'QUERY PLAN': string }[] }[])[2] ?? { rows: [] },
      )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    t.match(plan, /trace_id_idx/)
    t.notMatch(plan, /Seq Scan/)
  })

  t.test('a question over its time is Unavailable, and leaves no connection in use', async (t) => {
    const question = { what: 'the test', text: 'select pg_sleep($1)', values: [60] }
    await t.rejects(read(pool, question, 50), {
      name: 'Unavailable',
      message:
        'cannot read the test: it took longer than 0.05 s; ask for a shorter window or one service',
    })
    t.equal(pool.waitingCount, 0)
    t.equal(pool.totalCount - pool.idleCount, 0)
    const settings = await pool.query('show statement_timeout')
    t.match(settings.rows, [{ statement_timeout: '0' }], 'the limit was local')
  })

  t.test('a question that would write is refused', async (t) => {
    const question = { what: 'the test', text: 'delete from sidelight.span', values: [] }
    await t.rejects(read(pool, question), { code: '25006' })
  })

  t.test(
    'a connection lost meanwhile is Unavailable, without an address in the message',
    async (t) => {
      const question = {
        what: 'the test',
        text: 'select pg_terminate_backend(pg_backend_pid())',
        values: [],
      }
      await t.rejects(read(pool, question), {
        name: 'Unavailable',
        message: 'cannot read the test: the database cannot be used now',
      })
      t.equal((await read(pool, { what: 'the test', text: 'select 1', values: [] })).length, 1)
    },
  )
})

t.test('a database that is away is Unavailable', async (t) => {
  const pool = openPool(t, 'postgresql://nobody:secret@127.0.0.1:1/nothing')
  await t.rejects(createTraceQueries(pool).readTraceStatistics(ALL), {
    name: 'Unavailable',
    message: 'cannot read trace statistics: the database cannot be used now',
  })
})

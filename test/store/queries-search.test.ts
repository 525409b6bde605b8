import t from 'tap'
import { createSearchQueries } from '../../collector/store/queries/search'
import { openDatabase } from './database'
import { seed } from './seed'
import { asked, id, MONTH, spans, SPANS, trace, traces } from './span-questions'

t.test('questions about spans', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, SPANS)
  await pool.query(
    `insert into sidelight.operation (id, service_id, module, kind, name) values (99, 1, '', 0, '(overflow)')`,
  )
  await pool.query(`update sidelight.span set operation_id = 99 where span_id = 3`)
  await pool.query(
    `update sidelight.span set status_message = 'card 100% Declined' where span_id = 2`,
  )

  t.test('they come newest first, over empty hours and days, within the window', async (t) => {
    t.strictSame(await spans(pool, {}), [2, 1, 3, 4, 5])
    t.strictSame(await traces(pool, {}), [1, 2, 3, 4])
    t.strictSame(await traces(pool, {}, { window: MONTH }), [1, 2, 3, 4, 5])
    const atMs = Date.parse('2026-03-01T10:00:00Z')
    const until = { window: { sinceMs: atMs - 3_600_000, untilMs: atMs } }
    t.strictSame(await traces(pool, {}, until), [3], 'since is included, until is not')
  })

  t.test('each filter leaves out what it should, and all hold of one span', async (t) => {
    t.strictSame(await spans(pool, { service: 'gateway' }), [1, 3, 5])
    t.strictSame(await spans(pool, { service: 'nobody' }), [])
    t.strictSame(await spans(pool, { operation: 'place order' }), [2, 4])
    t.strictSame(await spans(pool, { operation: 'nightly Import_job' }), [3], 'above the cap')
    t.strictSame(await spans(pool, { operation: '(overflow)' }), [], 'is no name of a span')
    t.strictSame(await spans(pool, { module: 'orders' }), [2, 4])
    t.strictSame(await spans(pool, { module: 'jobs' }), [3], 'above the cap')
    t.strictSame(await spans(pool, { kind: 'server' }), [2, 1, 4])
    t.strictSame(await spans(pool, { kind: 'internal' }), [3, 5], 'or unspecified')
    t.strictSame(await spans(pool, { status: 'error' }), [2])
    t.strictSame(await spans(pool, { status: 'ok' }), [3])
    t.strictSame(await spans(pool, { status: 'unset' }), [1, 4, 5])
    t.strictSame(await spans(pool, { minDurationMs: 300 }), [2, 1, 3])
    t.strictSame(await spans(pool, { minDurationMs: 300, maxDurationMs: 500 }), [2, 1])
    t.strictSame(await spans(pool, { service: 'orders', minDurationMs: 301 }), [])
  })

  t.test(
    'a text is found in name and status message, and stands for nothing but itself',
    async (t) => {
      t.strictSame(await spans(pool, { text: 'PLACE' }), [2, 4])
      t.strictSame(await spans(pool, { text: 'import_JOB' }), [3])
      t.strictSame(await spans(pool, { text: 'declined' }), [2])
      t.strictSame(await spans(pool, { text: '100%' }), [2], 'no wildcard')
      t.strictSame(await spans(pool, { text: '%' }), [2], 'no wildcard')
      t.strictSame(await spans(pool, { text: 'get' }), [1, 5], 'not the name of the overflow')
      t.strictSame(await spans(pool, { text: 'overflow' }), [])
      t.strictSame(await spans(pool, { text: `'; drop table sidelight.span; --` }), [])
    },
  )

  t.test('an attribute is found as text, and as the number it reads as', async (t) => {
    const having = (key: string, value: string) => spans(pool, { attributes: [{ key, value }] })
    t.strictSame(await having('order.id', '7'), [2, 3])
    t.strictSame(await having('region', 'EU'), [2])
    t.strictSame(await having('region', 'eu'), [])
    const both = [
      { key: 'order.id', value: '7' },
      { key: 'region', value: 'EU' },
    ]
    t.strictSame(await spans(pool, { attributes: both }), [2])
  })

  t.test('a tenant’s spans are found alone, and summed up alone', async (t) => {
    t.strictSame(await spans(pool, { tenant: 'umbrella' }), [4])
    t.strictSame(await spans(pool, { tenant: 'umbrella', service: 'gateway' }), [])
    t.strictSame(await traces(pool, { tenant: 'umbrella', operation: 'place order' }), [3])
    await seed(pool, [
      { traceId: trace(3), spanId: id(7), service: 2n, start: '2026-03-01T09:00:00Z' },
    ])
    const { traces: found } = await createSearchQueries(pool).searchTraces(
      asked({ tenant: 'umbrella' }),
    )
    t.match(found, [{ traceId: trace(3), spanCount: 1 }])
    await pool.query('delete from sidelight.span where span_id = 7')
  })

  t.test('a trace says what all of its spans add up to, and which one was found', async (t) => {
    const { traces: found } = await createSearchQueries(pool).searchTraces(
      asked({ status: 'error' }),
    )
    t.strictSame(found, [
      {
        traceId: trace(1),
        rootService: 'gateway',
        rootName: 'GET /shop',
        startTime: '2026-03-01T11:00:00.000000000Z',
        durationMs: 500,
        spanCount: 2,
        errorCount: 1,
        services: ['gateway', 'orders'],
        span: {
          traceId: trace(1),
          spanId: id(2),
          service: 'orders',
          module: 'orders',
          name: 'place order',
          kind: 'server',
          status: 'error',
          statusMessage: 'card 100% Declined',
          startTime: '2026-03-01T11:00:00.100000000Z',
          durationMs: 300,
        },
      },
    ])
  })

  t.test('a trace without a root or an end has none', async (t) => {
    await seed(pool, [
      { traceId: trace(8), spanId: id(8), parentSpanId: id(80), start: '2026-03-01T11:30:00Z' },
    ])
    await pool.query(
      'update sidelight.span set end_time = null, duration_ns = null where span_id = 8',
    )
    const { traces: found } = await createSearchQueries(pool).searchTraces(asked({}, { limit: 1 }))
    t.match(found, [{ rootService: null, rootName: null, durationMs: null, spanCount: 1 }])
    await pool.query('delete from sidelight.span where span_id = 8')
  })

  t.test('a span is a measurement with its attributes', async (t) => {
    const { spans: found } = await createSearchQueries(pool).searchSpans(asked({ module: 'jobs' }))
    t.match(found, [
      {
        operation: 'nightly Import_job',
        module: 'jobs',
        durationMs: 2000,
        attributes: { module: 'jobs', 'order.id': '7' },
      },
    ])
  })
})

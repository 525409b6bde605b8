import t from 'tap'
import type { LogQuestion } from '../../collector/store/queries/logs'
import { openDatabase } from './database'
import { ask, bodies, DAY, Deep, LOGS, MONTH } from './log-questions'
import { seedLogs } from './seed-logs'

const trace = (n: number) => n.toString(16).padStart(32, '0')
const id = (n: number) => n.toString(16).padStart(16, '0')

t.test('questions about log records', async (t) => {
  const pool = await openDatabase(t)
  await seedLogs(pool, LOGS)

  t.test('they come newest first, over empty hours and days, within the window', async (t) => {
    t.strictSame(await bodies(pool, {}), [
      'newest',
      '100% of Cash_Desk \'4\' "open" \\o/',
      '1000 of CashXDesk',
      Deep,
      'Grüße aus KÖLN',
      'oldest of the day',
    ])
    t.equal((await bodies(pool, {}, { window: MONTH })).at(-1), 'month')
    const ascending = await bodies(pool, {}, { window: MONTH, order: 'asc' })
    t.strictSame([ascending[0], ascending.at(-1)], ['month', 'newest'])
    const instant = Date.parse('2026-03-01T11:30:00Z')
    const until = await bodies(
      pool,
      {},
      { window: { sinceMs: instant - 60_000, untilMs: instant } },
    )
    t.strictSame(until, ['1000 of CashXDesk'], 'since is included, until is not')
  })

  t.test('each filter leaves out what it should, and all hold together', async (t) => {
    t.strictSame(await bodies(pool, { service: 'gateway' }), ['newest', Deep, 'Grüße aus KÖLN'])
    t.strictSame(await bodies(pool, { minSeverity: 17 }), [Deep, 'Grüße aus KÖLN'])
    t.strictSame(await bodies(pool, { minSeverity: 18 }), ['Grüße aus KÖLN'])
    t.strictSame(await bodies(pool, { eventName: 'cart.full' }), ['newest'])
    t.strictSame(await bodies(pool, { spanId: id(2) }), ['Grüße aus KÖLN'])
    t.strictSame(await bodies(pool, { service: 'orders', text: '1000' }), ['1000 of CashXDesk'])
    t.strictSame(await bodies(pool, { service: 'nobody' }), [])
  })

  t.test('a text is found whatever its case, and stands for nothing but itself', async (t) => {
    t.strictSame(await bodies(pool, { text: 'NEWEST' }), ['newest'])
    t.strictSame(await bodies(pool, { text: '0% of' }), [LOGS[1]?.body], 'no wildcard')
    t.strictSame(await bodies(pool, { text: 'cash_desk' }), [LOGS[1]?.body], 'no wildcard')
    t.strictSame(await bodies(pool, { text: '\'4\' "open" \\o/' }), [LOGS[1]?.body])
    t.strictSame(await bodies(pool, { text: `'; drop table sidelight.log_record; --` }), [])
    t.strictSame(await bodies(pool, { text: '\\' }), [LOGS[1]?.body])
    t.strictSame(await bodies(pool, { text: '"message": "deep"' }), [Deep], 'in JSON')
    t.strictSame(await bodies(pool, { text: 'Grüße' }), ['Grüße aus KÖLN'])
  })

  t.test('an attribute is found as text, and as the number or boolean it reads as', async (t) => {
    const having = (key: string, value: string) =>
      bodies(pool, { attributes: [{ key, value }] }).then((found) => found.length)
    t.equal(await having('http.route', '/x'), 1)
    t.equal(await having('code', '500'), 2)
    t.equal(await having('code', '500.0'), 1)
    t.equal(await having('ratio', '1.5'), 1)
    t.equal(await having('cached', 'true'), 2)
    t.equal(await having('$own', 'a'), 1)
    t.equal(await having('http.route', '/z'), 0)
    t.equal(await having('code', '1e999'), 0, 'larger than any number')
    t.equal(await having(`'"}\\`, `'"}\\`), 0)
    const both = [
      { key: 'code', value: '500' },
      { key: 'http.route', value: '/y' },
    ]
    t.strictSame(await bodies(pool, { attributes: both }), ['Grüße aus KÖLN'])
  })

  t.test(
    'the records of a trace are found without a window, oldest first when asked so',
    async (t) => {
      const of = (question: Partial<LogQuestion>) =>
        bodies(pool, { traceId: trace(1) }, { window: null, order: 'asc', ...question })
      t.strictSame(await of({}), ['month', 'Grüße aus KÖLN', Deep])
      t.strictSame(await of({ order: 'desc' }), [Deep, 'Grüße aus KÖLN', 'month'])
      t.strictSame(await of({ window: DAY }), ['Grüße aus KÖLN', Deep])
      t.strictSame(await bodies(pool, { traceId: trace(1), spanId: id(1) }, { window: null }), [
        Deep,
      ])
      const first = await ask(pool, { traceId: trace(1) }, { window: null, order: 'asc', limit: 2 })
      t.strictSame(await of({ after: first.next }), [Deep])
    },
  )

  t.test('a tenant’s records are found alone, whatever is asked', async (t) => {
    const umbrella = { tenant: 'umbrella' }
    t.strictSame(await bodies(pool, umbrella), ['1000 of CashXDesk'])
    t.strictSame(await bodies(pool, { ...umbrella, service: 'orders' }), ['1000 of CashXDesk'])
    t.strictSame(await bodies(pool, { ...umbrella, service: 'gateway' }), [])
    t.strictSame(await bodies(pool, { ...umbrella, text: 'cash' }), ['1000 of CashXDesk'])
    t.strictSame(await bodies(pool, { ...umbrella, traceId: trace(1) }, { window: null }), [])
    t.strictSame(await bodies(pool, { ...umbrella, minSeverity: 1 }, { window: MONTH }), [
      '1000 of CashXDesk',
    ])
  })
})

t.test('a record has every field that was stored', async (t) => {
  const pool = await openDatabase(t)
  await seedLogs(pool, [
    {
      time: '2026-03-01T11:00:00.123456Z',
      timeNs: 789,
      observed: '2026-03-01T11:00:01Z',
      traceId: trace(5),
      spanId: 'fedcba9876543210',
      severity: 18,
      sentSeverity: 0,
      severityText: 'Error2',
      eventName: 'e',
      flags: -1,
      body: 'text',
      attributes: '{"big": 9007199254740993, "nan": {"$double": "NaN"}}',
      dropped: 3,
    },
    { time: '2026-03-01T10:00:00Z', timeNs: null, severity: 10, body: null },
    { time: '2026-03-01T09:00:00Z', severity: 0, bodyValue: '9223372036854775807' },
  ])
  const { logs } = await ask(pool, {})
  t.strictSame(logs[0], {
    time: '2026-03-01T11:00:00.123456789Z',
    timeUnixNano: '1772362800123456789',
    observedTime: '2026-03-01T11:00:01.000000000Z',
    observedTimeUnixNano: '1772362801000000000',
    severity: 'error',
    severityNumber: 18,
    severityText: 'Error2',
    sentSeverityNumber: 0,
    sentSeverityText: 'Error2',
    eventName: 'e',
    body: 'text',
    traceId: trace(5),
    spanId: 'fedcba9876543210',
    flags: 4_294_967_295,
    service: 'gateway',
    attributes: { big: '9007199254740993', nan: { $double: 'NaN' } },
    droppedAttributesCount: 3,
    resource: {
      attributes: { 'service.name': 'seed', 'process.pid': '7' },
      droppedAttributesCount: 0,
      entityRefs: [],
      schemaUrl: 'https://example.test/schema',
    },
    scope: {
      name: 'logger',
      version: '1.0',
      attributes: {},
      droppedAttributesCount: 0,
      schemaUrl: '',
    },
  })
  t.match(logs[1], {
    time: '2026-03-01T10:00:00.000000000Z',
    timeUnixNano: null,
    observedTime: null,
    severity: 'info',
    severityText: 'INFO2',
    sentSeverityNumber: 10,
    sentSeverityText: null,
    body: null,
    traceId: null,
    spanId: null,
    flags: 0,
  })
  t.match(logs[2], { severity: null, severityNumber: 0, severityText: null })
  t.equal(logs[2]?.body, '9223372036854775807')
})

t.test('severities are named as the view logs names them', async (t) => {
  const pool = await openDatabase(t)
  const severities = Array.from({ length: 28 }, (_, n) => n - 1)
  await seedLogs(
    pool,
    severities.map((severity) => ({ time: '2026-03-01T11:00:00Z', severity })),
  )
  const { rows } = await pool.query(
    'select severity, severity_text from sidelight.logs order by severity_number',
  )
  const { logs } = await ask(pool, {})
  const read = logs
    .toSorted((a, b) => a.severityNumber - b.severityNumber)
    .map(({ severity, severityText }) => ({ severity, severity_text: severityText }))
  t.strictSame(read, rows)
})

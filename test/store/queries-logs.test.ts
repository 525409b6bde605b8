import type { Pool } from 'pg'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { createLogQueries, readLogs, type LogQuestion } from '../../collector/store/queries/logs'
import { EVERYTHING, type LogFilter } from '../../collector/store/queries/log-filter'
import type { LogPosition } from '../../collector/store/queries/log-statement'
import { partitionName } from '../../collector/store/partitions'
import { openDatabase, type Test } from './database'
import { seedLogs, type SeedLog } from './seed-logs'

const trace = (n: number) => n.toString(16).padStart(32, '0')
const id = (n: number) => n.toString(16).padStart(16, '0')
const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-03-01T12:00:00Z')
const DAY = { sinceMs: NOON_MS - DAY_MS, untilMs: NOON_MS }
const MONTH = { sinceMs: NOON_MS - 30 * DAY_MS, untilMs: NOON_MS }

function ask(pool: Pool, filter: Partial<LogFilter>, question: Partial<LogQuestion> = {}) {
  return createLogQueries(pool).readLogs({
    filter: { ...EVERYTHING, ...filter },
    window: DAY,
    order: 'desc',
    limit: 100,
    after: null,
    ...question,
  })
}

async function bodies(pool: Pool, filter: Partial<LogFilter>, question?: Partial<LogQuestion>) {
  return (await ask(pool, filter, question)).logs.map(({ body }) => body)
}

/** All pages of the question, each asked for where the one before ended; `between` runs after each. */
async function pages(
  pool: Pool,
  question: Partial<LogQuestion>,
  between: (page: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<unknown[][]> {
  const answers: unknown[][] = []
  let after: LogPosition | null = null
  do {
    const { logs, next } = await ask(pool, {}, { ...question, after })
    answers.push(logs.map(({ body }) => body))
    after = next
    await between(answers.length)
  } while (after !== null)
  return answers
}

const LOGS: SeedLog[] = [
  { time: '2026-03-01T11:59:00Z', body: 'newest', severity: 13, eventName: 'cart.full' },
  { time: '2026-03-01T11:30:00Z', body: '100% of Cash_Desk \'4\' "open" \\o/', service: 2n },
  { time: '2026-03-01T11:29:00Z', body: '1000 of CashXDesk', service: 3n },
  {
    time: '2026-03-01T06:00:00Z',
    bodyValue: '{"Message": "Deep", "list": [1, 2.5]}',
    attributes: '{"http.route": "/x", "code": 500, "ratio": 1.50, "cached": true, "$$own": "a"}',
    traceId: trace(1),
    spanId: id(1),
    severity: 17,
  },
  {
    time: '2026-03-01T05:00:00Z',
    body: 'Grüße aus KÖLN',
    attributes: '{"http.route": "/y", "code": "500", "cached": "true"}',
    traceId: trace(1),
    spanId: id(2),
    severity: 21,
  },
  { time: '2026-02-28T13:00:00Z', body: 'oldest of the day', service: 2n },
  { time: '2026-02-03T13:00:00Z', body: 'month', traceId: trace(1) },
]

const Deep = { Message: 'Deep', list: ['1', 2.5] }

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

t.test('pages lose and repeat no record', async (t) => {
  const at = (n: number): SeedLog => ({ time: '2026-03-01T00:00:00.000001Z', body: `same ${n}` })
  const SAME = [1, 2, 3, 4, 5, 6, 7].map(at)

  t.test('of one instant, while newer ones arrive', async (t) => {
    const pool = await openDatabase(t)
    await seedLogs(pool, SAME)
    const arrive = (page: number) =>
      seedLogs(pool, [{ time: '2026-03-01T11:59:59Z', body: `new ${page}` }])
    for (const order of ['desc', 'asc'] as const) {
      await pool.query(`delete from sidelight.log_record where body like 'new%'`)
      const window = { ...DAY, untilMs: Date.parse('2026-03-01T10:00:00Z') }
      const found = await pages(pool, { limit: 2, order, window }, arrive)
      t.strictSame(
        found.map((page) => page.length),
        [2, 2, 2, 1],
      )
      t.strictSame(found.flat().toSorted(), SAME.map(({ body }) => body).toSorted())
    }
  })

  t.test('whose nanoseconds tell them apart, in their order', async (t) => {
    const pool = await openDatabase(t)
    const time = '2026-03-01T10:00:00Z'
    const nanos = [5, null, 999, 0, 5]
    await seedLogs(
      pool,
      nanos.map((timeNs, n) => ({ time, timeNs, body: `${n}` })),
    )
    const down = (await pages(pool, { limit: 1 })).flat()
    t.strictSame(down, ['2', '4', '0', '3', '1'])
    t.strictSame((await pages(pool, { limit: 1, order: 'asc' })).flat(), down.toReversed())
  })

  t.test('over the border of two partitions, and over days without one', async (t) => {
    const pool = await openDatabase(t)
    const times = [
      '2026-03-01T00:00:00.000001Z',
      '2026-03-01T00:00:00Z',
      '2026-02-28T23:59:59.999999Z',
      '2026-02-10T12:00:00Z',
    ]
    await seedLogs(
      pool,
      times.map((time) => ({ time, body: time })),
    )
    for (const limit of [1, 2, 3]) {
      const found = await pages(pool, { limit, window: MONTH })
      t.strictSame(found.flat(), times, `limit ${limit}`)
    }
  })

  t.test('when the partition of the cursor has been dropped', async (t) => {
    const pool = await openDatabase(t)
    await seedLogs(pool, [
      { time: '2026-03-01T01:00:00Z', body: 'dropped 1' },
      { time: '2026-03-01T00:30:00Z', body: 'dropped 2' },
      { time: '2026-02-28T23:00:00Z', body: 'kept' },
    ])
    const { logs, next } = await ask(pool, {}, { limit: 1 })
    t.match(logs, [{ body: 'dropped 1' }])
    const name = partitionName('log_record', Date.parse('2026-03-01') / DAY_MS)
    await pool.query(`alter table sidelight.log_record detach partition sidelight.${name}`)
    t.strictSame(await bodies(pool, {}, { after: next }), ['kept'])
  })
})

t.test('a page says how far it looked', async (t) => {
  const pool = await openDatabase(t)
  await seedLogs(pool, LOGS)
  const us = (time: string) => BigInt(Date.parse(time)) * 1000n
  const searched = async (question: Partial<LogQuestion>) =>
    (await ask(pool, {}, question)).searchedToUs
  t.equal(await searched({}), us('2026-02-28T12:00:00Z'), 'all of the window')
  t.equal(await searched({ order: 'asc' }), us('2026-03-01T12:00:00Z'))
  t.equal(await searched({ limit: 1 }), us('2026-03-01T11:59:00Z'), 'to the last record')
  t.equal((await ask(pool, {}, { limit: 6 })).next, null, 'the last one found fills the limit')
  const { searchedToUs } = await ask(pool, { traceId: trace(1) }, { window: null })
  t.equal(searchedToUs, null)
})

t.test('time that is over', async (t) => {
  const pool = await openDatabase(t)
  await seedLogs(pool, LOGS)
  const question: LogQuestion = {
    filter: EVERYTHING,
    window: DAY,
    order: 'desc',
    limit: 100,
    after: null,
  }
  /** Whoever reads the day waits for a lock; that no other day is read shows that partitions are left out. */
  const lock = async (t: Test, day: string) => {
    const client = await pool.connect()
    t.teardown(async () => client.release(true))
    const name = partitionName('log_record', Date.parse(day) / DAY_MS)
    await client.query(`begin; lock table sidelight.${name} in access exclusive mode`)
    return client
  }

  t.test('leaves what was found, and a place to go on from', async (t) => {
    const client = await lock(t, '2026-02-28')
    const { logs, next, searchedToUs } = await readLogs(pool, question, 500)
    t.strictSame(
      logs.map(({ body }) => body),
      [LOGS[0], LOGS[1], LOGS[2]].map((log) => log?.body),
    )
    t.equal(next?.timeUs, searchedToUs)
    await client.query('rollback')
    t.strictSame(await bodies(pool, {}, { after: next }), [
      Deep,
      'Grüße aus KÖLN',
      'oldest of the day',
    ])
  })

  t.test('before anything was looked through is an error that passes', async (t) => {
    await lock(t, '2026-03-01')
    await t.rejects(readLogs(pool, question, 200), Unavailable)
  })
})

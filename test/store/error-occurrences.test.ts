import type { Pool } from 'pg'
import t from 'tap'
import { createErrorQueries } from '../../collector/store/queries/errors'
import { openDatabase, type Test } from './database'
import { errorId, seedErrors, type SeedThrow } from './seed-errors'

const HOUR_MS = 3_600_000
const NOW_MS = Date.now()
const DAY = { sinceMs: NOW_MS - 24 * HOUR_MS, untilMs: NOW_MS }
const [OWN, MERGED, OTHER, UMBRELLA] = [1, 2, 3, 4].map(errorId) as [string, string, string, string]
const TRACE = 'c'.repeat(32)
const OTHER_TRACE = 'd'.repeat(32)
const THROWS = 40

const ago = (hours: number) => NOW_MS - hours * HOUR_MS
const idOf = (n: number) => errorId(1_000 + n)

/** 40 throws of a group of two hashes, ten at each of four instants over two days, half of them a nanosecond later. */
const OF_GROUP: readonly SeedThrow[] = Array.from({ length: THROWS }, (_, n) => ({
  hash: n % 3 === 0 ? MERGED : OWN,
  timeMs: ago(1 + 10 * Math.floor(n / 10)),
  restNs: n % 2,
  ...(n % 4 === 0 ? { release: '1.0.0' } : {}),
  severity: [5, 9, 13, 17, 21][n % 5]!,
  isHandled: n % 2 === 0,
  occurrence: { id: idOf(n), traceId: n < 20 ? TRACE : OTHER_TRACE, message: `throw ${n}` },
}))

async function openErrors(t: Test): Promise<Pool> {
  const pool = await openDatabase(t)
  const others: SeedThrow[] = [
    { hash: OTHER, timeMs: ago(2), occurrence: { id: idOf(900), traceId: TRACE } },
    {
      hash: UMBRELLA,
      service: 3n,
      timeMs: ago(30),
      occurrence: {
        id: idOf(901),
        traceId: TRACE,
        spanId: 'f'.repeat(16),
        isIncomplete: true,
        source: 'log_exception',
        class: 'PgError',
        code: '23505',
        message: 'twice "quoted"',
        stackTrace: null,
        userId: 'u1',
        correlationId: 'c1',
        requestId: 'r1',
        httpMethod: 'GET',
        httpPath: '/a',
        exceptions: [{ class: 'PgError', frames: [] }],
        attributes: { key: 'value' },
      },
    },
  ]
  await seedErrors(pool, {
    hashes: [
      { id: OWN },
      { id: MERGED, group: OWN },
      { id: OTHER },
      { id: UMBRELLA, tenant: 'umbrella', service: 'orders' },
    ],
    throws: [...OF_GROUP, ...others],
  })
  return pool
}

t.test('occurrences of all hashes of a group come newest first, each on one page', async (t) => {
  const { listOccurrences } = createErrorQueries(await openErrors(t))
  const window = { sinceMs: ago(25), untilMs: NOW_MS }
  const expected = OF_GROUP.filter(({ timeMs }) => timeMs >= window.sinceMs)
  const question = { id: OWN, window, tenant: 'acme' }
  for (const limit of [1, 7, 15, 30, 100]) {
    const found: string[] = []
    const times: string[] = []
    let after: Parameters<typeof listOccurrences>[0]['after'] = null
    do {
      const page = await listOccurrences({ ...question, limit, after })
      if (page === null) throw new Error('the group is there')
      t.ok(page.occurrences.length <= limit)
      found.push(...page.occurrences.map(({ id }) => id))
      times.push(...page.occurrences.map(({ time }) => time))
      after = page.next
    } while (after !== null)
    t.strictSame(times, [...times].sort().reverse(), `in order, ${limit} a page`)
    t.strictSame(
      [...found].sort(),
      expected.map(({ occurrence }) => occurrence?.id),
      'all of the window once',
    )
  }
  const whole = await listOccurrences({ ...question, limit: 100, after: null })
  const merged = await listOccurrences({ ...question, id: MERGED, limit: 100, after: null })
  t.strictSame(merged, whole, 'also by a hash that was merged')
})

t.test('pages go on where they were while throws come in', async (t) => {
  const pool = await openErrors(t)
  const { listOccurrences } = createErrorQueries(pool)
  const question = { id: OWN, window: DAY, tenant: null, limit: 12 }
  const first = await listOccurrences({ ...question, after: null })
  const newer = { hash: OWN, timeMs: NOW_MS - 1, occurrence: { id: idOf(950) } }
  await seedErrors(pool, { hashes: [], throws: [newer] })
  const second = await listOccurrences({ ...question, after: first?.next ?? null })
  const ids = [first, second].flatMap((page) => page?.occurrences.map(({ id }) => id) ?? [])
  t.equal(new Set(ids).size, 24)
  t.notOk(ids.includes(idOf(950)))
})

t.test('occurrences of another tenant, or of no group, are not told', async (t) => {
  const { listOccurrences } = createErrorQueries(await openErrors(t))
  const question = { window: DAY, limit: 5, after: null }
  t.equal(await listOccurrences({ ...question, id: OWN, tenant: 'umbrella' }), null)
  t.equal(await listOccurrences({ ...question, id: MERGED, tenant: 'umbrella' }), null)
  t.equal(await listOccurrences({ ...question, id: errorId(99), tenant: null }), null)
  const none = await listOccurrences({ ...question, id: UMBRELLA, tenant: 'umbrella' })
  t.strictSame(none, { occurrences: [], next: null }, 'there are none in the window')
})

t.test('errors of traces come earliest first, of the tenant alone', async (t) => {
  const { readErrorsOfTraces } = createErrorQueries(await openErrors(t))
  const question = { traceIds: [TRACE], tenant: null, limit: 100 }
  const all = await readErrorsOfTraces(question)
  t.equal(all.length, 22)
  t.strictSame(
    all.map(({ time }) => time),
    all.map(({ time }) => time).sort(),
  )
  t.strictSame(all[0], {
    id: idOf(901),
    groupId: UMBRELLA,
    hash: UMBRELLA,
    time: `${new Date(ago(30)).toISOString().slice(0, -1)}000000Z`,
    service: 'orders',
    environment: all[0]!.environment,
    module: 'orders',
    operation: 'place order',
    release: null,
    severity: 'error',
    isHandled: true,
    isIncomplete: true,
    source: 'log_exception',
    class: 'PgError',
    code: '23505',
    message: 'twice "quoted"',
    stackTrace: null,
    exceptions: [{ class: 'PgError', frames: [] }],
    traceId: TRACE,
    spanId: 'f'.repeat(16),
    userId: 'u1',
    correlationId: 'c1',
    requestId: 'r1',
    httpMethod: 'GET',
    httpPath: '/a',
    attributes: { key: 'value' },
  })
  const acme = await readErrorsOfTraces({ ...question, tenant: 'acme' })
  t.strictSame(acme, all.slice(1))
  t.match(
    acme.find(({ hash }) => hash === MERGED),
    { groupId: OWN },
    'of the group the hash is in',
  )
  t.strictSame(await readErrorsOfTraces({ ...question, limit: 3 }), all.slice(0, 3))
  const both = await readErrorsOfTraces({ ...question, traceIds: [TRACE, OTHER_TRACE] })
  t.equal(both.length, 42)
  t.same(await readErrorsOfTraces({ ...question, tenant: 'nobody' }), [])
  t.same(await readErrorsOfTraces({ ...question, traceIds: [] }), [])
})

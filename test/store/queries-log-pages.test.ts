import type { Pool } from 'pg'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { partitionName } from '../../collector/store/partitions'
import { EVERYTHING } from '../../collector/store/queries/log-filter'
import type { Position } from '../../collector/store/queries/slices'
import { readLogs, type LogQuestion } from '../../collector/store/queries/logs'
import { openDatabase, type Test } from './database'
import { ask, bodies, DAY, DAY_MS, Deep, LOGS, MONTH } from './log-questions'
import { seedLogs, type SeedLog } from './seed-logs'

/** All pages of the question, each asked for where the one before ended; `between` runs after each. */
async function pages(
  pool: Pool,
  question: Partial<LogQuestion>,
  between: (page: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<unknown[][]> {
  const answers: unknown[][] = []
  let after: Position | null = null
  do {
    const { logs, next } = await ask(pool, {}, { ...question, after })
    answers.push(logs.map(({ body }) => body))
    after = next
    await between(answers.length)
  } while (after !== null)
  return answers
}

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
  const { searchedToUs } = await ask(pool, { traceId: '1'.padStart(32, '0') }, { window: null })
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

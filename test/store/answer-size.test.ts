import type { Pool } from 'pg'
import t from 'tap'
import { BadData } from '../../collector/errors'
import { largeAnswers, MAX_ANSWER_BYTES } from '../../collector/store/queries/answer-size'
import { read, readTogether } from '../../collector/store/queries/read'
import { createTraceQueries } from '../../collector/store/queries/traces'
import type { Position } from '../../collector/store/queries/slices'
import { until } from '../helpers/until'
import { openDatabase } from './database'
import { ask } from './log-questions'
import { seedLogs } from './seed-logs'

const MIB = 1024 * 1024
const MIB_OF_TEXT = `select repeat('x', ${MIB}) as text from generate_series(1, $1::int)`
const MAX_MIB = MAX_ANSWER_BYTES / MIB

/** Whether Postgres has an answer that nobody takes. */
async function isHeld(pool: Pool): Promise<boolean> {
  const { rowCount } = await pool.query(
    `select from pg_stat_activity where datname = current_database() and wait_event = 'ClientWrite'`,
  )
  return rowCount === 1
}

t.test('an answer larger than the limit is refused, and the next question answered', async (t) => {
  const pool = await openDatabase(t, { migrated: false, max: 1 })
  const question = { what: 'it', text: MIB_OF_TEXT }
  await t.rejects(read(pool, { ...question, values: [MAX_MIB] }), {
    message: 'cannot read it: it is larger than 32 MiB; ask for less, or for a shorter window',
  })
  t.equal((await read(pool, { ...question, values: [MAX_MIB - 1] })).length, MAX_MIB - 1)
})

t.test('the statements of one question count together', async (t) => {
  const pool = await openDatabase(t, { migrated: false, max: 1 })
  const half = { text: MIB_OF_TEXT, values: [MAX_MIB / 2] }
  const both = readTogether(pool, 'it', async ({ ask }) => {
    await ask(half)
    await ask(half)
  })
  await t.rejects(both, BadData)
})

t.test('large answers come one after the other, small ones pass by', async (t) => {
  const pool = await openDatabase(t, { migrated: false })
  const endTurn = await largeAnswers.take(undefined)
  const large = read(pool, { what: 'it', text: MIB_OF_TEXT, values: [30] })
  await until(() => isHeld(pool), 10_000, 'Postgres to wait with what is large')
  t.equal((await read(pool, { what: 'it', text: MIB_OF_TEXT, values: [1] })).length, 1)
  t.ok(await isHeld(pool), 'it waits still')
  endTurn()
  t.equal((await large).length, 30)
  t.equal((await read(pool, { what: 'it', text: MIB_OF_TEXT, values: [30] })).length, 30)
})

t.test('who gives up waiting holds up nobody', async (t) => {
  const pool = await openDatabase(t, { migrated: false })
  const endTurn = await largeAnswers.take(undefined)
  const question = { what: 'it', text: MIB_OF_TEXT, values: [30] }
  const givenUp = t.rejects(read(pool, question, 1_000), { name: 'Unavailable' })
  await until(() => isHeld(pool), 10_000, 'Postgres to wait with what is large')
  await givenUp
  const next = read(pool, question)
  endTurn()
  t.equal((await next).length, 30)
  t.equal((await read(pool, question)).length, 30)
})

t.test('pages of very large records are shorter, and none is left out', async (t) => {
  const pool = await openDatabase(t)
  const count = 40
  await seedLogs(
    pool,
    Array.from({ length: count }, (_, n) => ({
      time: `2026-03-01T10:00:${String(n).padStart(2, '0')}Z`,
      body: `${n} ${'x'.repeat(MIB)}`,
      traceId: 'f'.repeat(32),
    })),
  )
  const found: number[] = []
  let after: Position | null = null
  do {
    const page = await ask(pool, {}, { order: 'asc', after })
    found.push(...page.logs.map(({ body }) => parseInt(String(body))))
    after = page.next
  } while (after !== null)
  t.strictSame(found, [...Array(count).keys()])

  const question = { traceId: 'f'.repeat(32), tenant: null, maxSpans: 1000 }
  const trace = await createTraceQueries(pool).readTrace(question)
  t.ok(trace.isLogsTruncated)
  t.ok(trace.logs.length > 0 && trace.logs.length < count)
})

import type { Pool } from 'pg'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import {
  type DeadLetter,
  deleteOldDeadLetters,
  keepDeadLetters,
  WHOLE_REQUEST,
} from '../../collector/store/dead-letter'
import { uuidOf } from '../helpers/rows'
import { openDatabase, openPool } from './database'

const RECEIVED_MS = Date.parse('2026-03-04T12:00:00.123Z')

function letter(seed: string, fields: Partial<DeadLetter> = {}): DeadLetter {
  return {
    digest: uuidOf(seed),
    ...WHOLE_REQUEST,
    signal: 'traces',
    tenant: null,
    receivedMs: RECEIVED_MS,
    sqlstate: null,
    message: seed,
    body: Buffer.from(`body of ${seed}`),
    ...fields,
  }
}

async function read(pool: Pool): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<Record<string, unknown>>(
    `select digest, table_name as table, item, signal, tenant, received_at, sqlstate, message, body
     from sidelight.dead_letter order by message, item`,
  )
  return rows
}

t.test('a whole request is kept as it was given, once', async (t) => {
  const pool = await openDatabase(t)
  const given = letter('doubtful', { tenant: 'acme', signal: 'logs' })
  t.same(await keepDeadLetters(pool, [given]), [])
  t.same(await keepDeadLetters(pool, [{ ...given, message: 'again' }]), [])
  t.same(await read(pool), [
    {
      digest: uuidOf('doubtful'),
      table: '',
      item: -1,
      signal: 'logs',
      tenant: 'acme',
      received_at: new Date(RECEIVED_MS),
      sqlstate: null,
      message: 'doubtful',
      body: Buffer.from('body of doubtful'),
    },
  ])
})

t.test('letters of any number and size keep their own bodies', async (t) => {
  const pool = await openDatabase(t)
  const sizes = [...Array<number>(1_200).fill(1), 3_000_000, 0, 3_000_000, 9_000_000, 5]
  const letters = sizes.map((size, item) =>
    letter('many', { item, body: item % 7 === 3 ? null : Buffer.alloc(size, item) }),
  )
  t.same(await keepDeadLetters(pool, letters), [])
  const bodies = (await read(pool)).map(({ body }) => body as Buffer | null)
  t.equal(bodies.length, sizes.length)
  for (const [item, body] of bodies.entries()) {
    const expected = letters[item]?.body ?? null
    const isSame = body === null || expected === null ? body === expected : body.equals(expected)
    if (!isSame) t.fail(`letter ${item}`)
  }
})

t.test('texts that Postgres cannot hold are repaired and long ones are cut', async (t) => {
  const pool = await openDatabase(t)
  await keepDeadLetters(pool, [letter('a', { tenant: 'a\0b', message: `x\0${'y'.repeat(9_000)}` })])
  const texts = (await read(pool)).map(({ tenant, message }) => [tenant, message])
  t.same(texts, [['a\ufffdb', `x\ufffd${'y'.repeat(1_998)}`]])
})

t.test('a letter that is refused itself goes without its body, or is given back', async (t) => {
  const pool = await openDatabase(t)
  await pool.query(`alter table sidelight.dead_letter
    add constraint no_curse check (position('curse' in encode(body, 'escape')) = 0),
    add constraint no_logs check (signal <> 'logs')`)
  const cursed = letter('b', { body: Buffer.from('a curse') })
  const hopeless = letter('c', { signal: 'logs' })
  t.same(await keepDeadLetters(pool, [letter('a'), cursed, hopeless, letter('d')]), [hopeless])
  const kept = (await read(pool)).map(({ message, body }) => [message, body === null])
  t.same(kept, [
    ['a', false],
    ['b', true],
    ['d', false],
  ])
})

t.test('without Postgres letters are unavailable, and none is left half', async (t) => {
  const absent = openPool(t, 'postgresql://nobody@127.0.0.1:1/none')
  await t.rejects(keepDeadLetters(absent, [letter('a')]), Unavailable)
  const pool = await openDatabase(t)
  function* broken() {
    yield* Array.from({ length: 600 }, (_, item) => letter('a', { item }))
    throw new Unavailable('the spool cannot be read')
  }
  await t.rejects(keepDeadLetters(pool, broken()), Unavailable)
  t.same(await read(pool), [])
})

t.test('letters are deleted when they were kept for so many days', async (t) => {
  const pool = await openDatabase(t)
  const old = Array.from({ length: 2_500 }, (_, item) => letter('old', { item }))
  await keepDeadLetters(pool, old)
  await pool.query(
    `update sidelight.dead_letter set dead_at = clock_timestamp() - interval '30 days 1 minute'`,
  )
  await keepDeadLetters(pool, [letter('young')])
  await pool.query(
    `update sidelight.dead_letter set dead_at = clock_timestamp() - interval '29 days 23 hours'
     where message = 'young'`,
  )
  t.equal(await deleteOldDeadLetters(pool, 31), 0)
  t.equal(await deleteOldDeadLetters(pool, 30), 2_500)
  t.match(await read(pool), [{ message: 'young' }])
})

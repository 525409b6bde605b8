import type { Pool, PoolClient } from 'pg'
import t from 'tap'
import { foldErrors } from '../../collector/store/error-folding'
import { inTransaction, withClient } from '../../collector/store/session'
import { MAJORS } from '../helpers/postgres'
import { createRandom } from '../helpers/random'
import { uuidOf } from '../helpers/rows'
import { ensurePartitions, openDatabase } from './database'
import { takeLead } from './leadership'

interface Delta {
  /** How many minutes before the one in which the test began. */
  readonly minutesAgo: number
  readonly fault?: string
  readonly release?: string
  readonly throws?: number
  readonly severe?: number
  readonly users?: readonly (bigint | number)[]
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const BEGAN_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS

const INSERT = `
insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release, occurrence_count,
  severe_count, unhandled_count, first_ns, last_ns, user_hashes)
values ($1, 0, $2, 7, 8, $3, $4, $5, 1, $6, $7, $8)`

async function append(pool: Pool, deltas: readonly Delta[]): Promise<void> {
  for (const delta of deltas) {
    const { minutesAgo, fault = 'a', release = '1', throws = 1, severe = 0, users = [] } = delta
    const ms = BEGAN_MS - minutesAgo * MINUTE_MS
    await pool.query(INSERT, [
      new Date(ms).toISOString(),
      uuidOf(fault),
      release,
      throws,
      severe,
      ms,
      ms + throws,
      users.map(String),
    ])
  }
}

async function openRollups(t: Parameters<typeof openDatabase>[0], major?: (typeof MAJORS)[number]) {
  const pool = await openDatabase(t, major === undefined ? {} : { major })
  const today = Math.floor(Date.now() / 86_400_000)
  await ensurePartitions(pool, 'error_rollup', [
    today - 400,
    today - 30,
    today - 2,
    today,
    today + 1,
  ])
  return { pool, leadership: await takeLead(t, pool) }
}

/** Of each level: how many rows, and what they add up to. */
async function levels(pool: Pool) {
  const { rows } = await pool.query<{ level: number }>(
    `select level, count(*)::int as rows, sum(occurrence_count)::int as throws, sum(severe_count)::int as severe
     from sidelight.error_rollup group by level order by level`,
  )
  return rows
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}, throws of minutes that are over become a row each`, async (t) => {
    const { pool, leadership } = await openRollups(t, major)
    await append(pool, [
      { minutesAgo: 180, throws: 2, severe: 1, users: [5, 9] },
      { minutesAgo: 180, throws: 3, users: [-7n, 5] },
      { minutesAgo: 180, release: '2' },
      { minutesAgo: 180, fault: 'b' },
      { minutesAgo: -2, throws: 100 },
    ])
    const folded: [number, string][] = []
    await foldErrors(leadership, (...about) => folded.push(about))
    t.same(folded, [[4, 'error_rollup']])
    t.same(await levels(pool), [
      { level: 0, rows: 1, throws: 100, severe: 0 },
      { level: 1, rows: 3, throws: 7, severe: 1 },
      { level: 2, rows: 3, throws: 7, severe: 1 },
    ])
    const { rows } = await pool.query(
      `select level, bucket, service_id::int, operation_id::int, occurrence_count::int as throws, severe_count::int as severe,
         unhandled_count::int as unhandled, first_ns::float8, last_ns::float8, user_hashes
       from sidelight.error_rollup where level > 0 and error_hash = $1 and release = '1' order by level`,
      [uuidOf('a')],
    )
    const ms = BEGAN_MS - 180 * MINUTE_MS
    const sums = {
      service_id: 7,
      operation_id: 8,
      throws: 5,
      severe: 1,
      unhandled: 2,
      first_ns: ms,
      last_ns: ms + 3,
      user_hashes: ['-7', '5', '9'],
    }
    t.same(rows, [
      { level: 1, bucket: new Date(ms), ...sums },
      { level: 2, bucket: new Date(Math.floor(ms / HOUR_MS) * HOUR_MS), ...sums },
    ])
  })
}

t.test('what comes late is added to what is there', async (t) => {
  const { pool, leadership } = await openRollups(t)
  for (let round = 0; round < 3; round++) {
    await append(pool, [
      { minutesAgo: 180, throws: 2, users: [round, 100] },
      { minutesAgo: 180, throws: 1, severe: 1 },
    ])
    await foldErrors(leadership, () => undefined)
  }
  t.same(await levels(pool), [
    { level: 1, rows: 1, throws: 9, severe: 3 },
    { level: 2, rows: 1, throws: 9, severe: 3 },
  ])
  const { rows } = await pool.query('select distinct user_hashes from sidelight.error_rollup')
  t.same(rows, [{ user_hashes: ['0', '1', '2', '100'] }])
})

t.test('minutes more than two days old are in their hours alone, also of a year ago', async (t) => {
  const { pool, leadership } = await openRollups(t)
  await append(pool, [
    { minutesAgo: 49 * 60 },
    { minutesAgo: 51 * 60, throws: 4 },
    { minutesAgo: 400 * 24 * 60 },
  ])
  await foldErrors(leadership, () => undefined)
  t.match(await levels(pool), [
    { level: 1, rows: 1, throws: 1 },
    { level: 2, rows: 3, throws: 6 },
  ])
  await pool.query(
    `update sidelight.error_rollup set bucket = bucket - interval '3 hours' where level = 1`,
  )
  await foldErrors(leadership, () => undefined)
  t.match(await levels(pool), [{ level: 2, rows: 3, throws: 6 }])
})

t.test(
  'the 64 least hashes of users tell how many there are, within three times an eighth',
  async (t) => {
    const { pool, leadership } = await openRollups(t)
    const random = createRandom(7)
    for (const users of [40, 1_000, 20_000]) {
      await pool.query('truncate sidelight.error_rollup')
      const hashes = Array.from({ length: users }, () =>
        BigInt.asIntN(64, (BigInt(random.below(2 ** 32)) << 32n) | BigInt(random.below(2 ** 32))),
      )
      const leastOf = (part: readonly bigint[]) =>
        [...new Set(part)].sort((a, b) => (a < b ? -1 : 1)).slice(0, 64)
      await append(
        pool,
        Array.from({ length: 10 }, (_, part) => ({
          minutesAgo: 180,
          // Each user is in two of the parts.
          users: leastOf(hashes.filter((_, i) => i % 10 === part || i % 10 === (part + 1) % 10)),
        })),
      )
      await foldErrors(leadership, () => undefined)
      const { rows } = await pool.query<{ user_hashes: string[] }>(
        'select user_hashes from sidelight.error_rollup where level = 2',
      )
      const least = rows[0]!.user_hashes.map(BigInt)
      t.same(least, leastOf(hashes))
      const told =
        least.length < 64 ? least.length : (63 * 2 ** 64) / Number(least[63]! + 2n ** 63n)
      t.ok(Math.abs(told - users) / users < 3 / 8, `${told} told of ${users}`)
    }
  },
)

t.test('leaders that fold at once, and ingest beside them, count every throw once', async (t) => {
  const { pool } = await openRollups(t)
  const folding = {
    query: pool.query.bind(pool),
    transaction: <T>(work: (client: PoolClient) => Promise<T>) =>
      withClient(pool, undefined, (client) => inTransaction(client, () => work(client))),
  }
  // Two of them have no lease to fence them here: what is left when one is taken over in the middle.
  const leaders = [folding, folding] as unknown as Parameters<typeof foldErrors>[0][]
  let isOver = false
  let appended = 0
  const wrong: unknown[] = []
  const watch = async () => {
    while (!isOver) {
      const atLeast = appended
      const { rows } = await pool.query<{ minutes: number; hours: number }>(
        `select coalesce(sum(occurrence_count) filter (where level in (0, 1)), 0)::int as minutes,
           coalesce(sum(occurrence_count) filter (where level in (0, 2)), 0)::int as hours
         from sidelight.error_rollup`,
      )
      const { minutes, hours } = rows[0]!
      if (minutes !== hours || minutes < atLeast) wrong.push({ ...rows[0], atLeast })
    }
  }
  const watching = watch()
  for (let round = 0; round < 10; round++) {
    await append(
      pool,
      Array.from({ length: 20 }, (_, n) => ({ minutesAgo: 2, fault: `f${n % 4}` })),
    )
    appended += 20
    await Promise.all([
      ...leaders.map((leader) => foldErrors(leader, () => undefined)),
      append(pool, [{ minutesAgo: 2 }]),
    ])
    appended++
  }
  await foldErrors(leaders[0]!, () => undefined)
  isOver = true
  await watching
  t.same(wrong, [], 'nor does a reader see a throw twice, or not at all')
  t.match(await levels(pool), [
    { level: 1, throws: 210 },
    { level: 2, throws: 210 },
  ])
})

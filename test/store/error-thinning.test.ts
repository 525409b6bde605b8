import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import type { Leadership } from '../../collector/store/leadership'
import { createThinning } from '../../collector/store/error-thinning'
import { MAJORS } from '../helpers/postgres'
import { uuidOf } from '../helpers/rows'
import { ensurePartitions, openDatabase } from './database'
import { takeLead } from './leadership'

const DAY_MS = 86_400_000

async function openOccurrences(t: Test, major: (typeof MAJORS)[number] = 18) {
  const pool = await openDatabase(t, { major })
  const today = Math.floor(Date.now() / DAY_MS)
  await ensurePartitions(
    pool,
    'error_occurrence',
    Array.from({ length: 34 }, (_, ago) => today + 1 - ago),
  )
  return { pool, leadership: await takeLead(t, pool) }
}

interface Series {
  readonly fault?: string
  readonly release?: string
  readonly service?: number
  readonly count: number
  /** The last one was so long ago, and between two was so long. */
  readonly ago?: string
  readonly apart: string
}

async function addOccurrences(pool: Pool, series: Series): Promise<void> {
  const { fault = 'fault', release = '1', service = 7, count, ago = '1 second', apart } = series
  await pool.query(
    `insert into sidelight.error_occurrence (time, id, error_hash, service_id, operation_id, resource_id, severity, is_handled,
       is_incomplete, time_ns, source, release, class, message, exceptions)
     select now() - $1::interval - n * $2::interval, gen_random_uuid(), $3, $4, 8, 9, 17, false, false, 0, 'log', $5, 'E', n::text, '[]'
     from generate_series(0, $6::int - 1) as n`,
    [ago, apart, uuidOf(fault), service, release, count],
  )
}

/** Seconds since the occurrences of a fault, the last one first. */
async function readAges(pool: Pool, fault = 'fault', release = '1'): Promise<number[]> {
  const { rows } = await pool.query<{ age: number }>(
    `select extract(epoch from now() - time)::float8 as age from sidelight.error_occurrence
     where error_hash = $1 and release = $2 order by time desc`,
    [uuidOf(fault), release],
  )
  return rows.map(({ age }) => age)
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}, a sample is left of each hash`, async (t) => {
    const { pool, leadership } = await openOccurrences(t, major)
    await addOccurrences(pool, { count: 20_000, apart: '2 minutes' })
    await addOccurrences(pool, { fault: 'rare', count: 25, apart: '1 day' })
    const before = await readAges(pool)
    let deleted = 0
    await createThinning((rows) => (deleted += rows))(leadership)
    const after = await readAges(pool)
    t.equal(deleted, before.length - after.length)
    t.ok(after.length <= 200, `${after.length} are left`)
    const whole = (ages: readonly number[]) => ages.map(Math.round)
    t.same(whole(after.slice(-5)).length, 5)
    const oldest = before[before.length - 1]!
    t.ok(oldest - after[after.length - 5]! < 700, 'the first five')
    t.ok(after[19]! < 20 * 120 + 60, 'the last twenty')
    t.equal(after.filter((age) => age < 3_600).length, 30, 'each minute of the last hour')
    for (const [place, age] of after.entries()) {
      const next = after[place + 1]
      if (next === undefined || age < 3_600) continue
      t.ok(next / age < 1.6, `nothing between ${age} s and ${next} s`)
    }
    t.equal((await readAges(pool, 'rare')).length, 25, 'few are left alone')
  })
}

t.test('thinned again and again, what grows old stays spread', async (t) => {
  const { pool, leadership } = await openOccurrences(t)
  const thin = createThinning(() => undefined)
  for (let day = 0; day < 20; day++) {
    await addOccurrences(pool, { count: 720, apart: '2 minutes' })
    await thin(leadership)
    if (day < 19) {
      await pool.query(`update sidelight.error_occurrence set time = time - interval '1 day'`)
    }
  }
  const ages = await readAges(pool)
  t.ok(ages.length <= 200, `${ages.length} are left`)
  const inDays = (from: number, to: number) =>
    ages.filter((age) => age >= from * 86_400 && age < to * 86_400).length
  t.ok(inDays(1, 2) >= 2)
  t.ok(inDays(2, 4) >= 2)
  t.ok(inDays(4, 8) >= 2)
  t.ok(inDays(8, 16) >= 2)
  t.ok(inDays(19, 21) >= 5, 'the first five ever')
})

t.test('of each release and environment one is kept, of each hash no more than 200', async (t) => {
  const { pool, leadership } = await openOccurrences(t)
  await addOccurrences(pool, { count: 3_000, apart: '10 seconds' })
  for (const [release, service] of [
    ['2', 7],
    ['3', 7],
    ['3', 6],
  ] as const) {
    await addOccurrences(pool, { release, service, count: 3, ago: '100 hours', apart: '1 second' })
  }
  await addOccurrences(pool, { count: 50, ago: '200 hours', apart: '1 hour' })
  for (let release = 0; release < 400; release++) {
    await addOccurrences(pool, {
      fault: 'many',
      release: `r${release}`,
      count: 2,
      ago: `${release} minutes`,
      apart: '1 second',
    })
  }
  await createThinning(() => undefined)(leadership)
  const { rows } = await pool.query(
    `select release, service_id::int as service, count(*)::int from sidelight.error_occurrence
     where error_hash = $1 and release <> '1' group by release, service_id order by 1, 2`,
    [uuidOf('fault')],
  )
  t.match(rows, [
    { release: '2', service: 7 },
    { release: '3', service: 6 },
    { release: '3', service: 7 },
  ])
  const { rows: most } = await pool.query<{ count: number }>(
    'select count(*)::int from sidelight.error_occurrence group by error_hash order by 1',
  )
  t.ok(most.every(({ count }) => count <= 200))
  t.equal(most.at(-1)?.count, 200)
})

t.test('hashes of older throws are looked at once an hour', async (t) => {
  const { pool, leadership } = await openOccurrences(t)
  let ms = 0
  const thin = createThinning(
    () => undefined,
    () => ms,
  )
  await thin(leadership)
  await addOccurrences(pool, { count: 1_000, ago: '5 days', apart: '1 second' })
  await thin(leadership)
  t.equal((await readAges(pool)).length, 1_000)
  ms = 3_600_000
  await thin(leadership)
  t.ok((await readAges(pool)).length < 200)
})

t.test('many hashes are thinned in several transactions', async (t) => {
  const { pool, leadership } = await openOccurrences(t)
  await pool.query(
    `insert into sidelight.error_occurrence (time, id, error_hash, service_id, operation_id, resource_id, severity, is_handled,
       is_incomplete, time_ns, source, release, class, message, exceptions)
     select now() - interval '1 day' - n * interval '1 millisecond', gen_random_uuid(), md5((n % 2000)::text)::uuid, 7, 8, 9, 17,
       false, false, 0, 'log', '1', 'E', '', '[]' from generate_series(1, 120000) as n`,
  )
  let statements = 0
  const counting = {
    ...leadership,
    query: (...args: Parameters<Leadership['query']>) => {
      statements++
      return leadership.query(...args)
    },
  } as Leadership
  await createThinning(() => undefined)(counting)
  t.equal(statements, 4)
  const { rows } = await pool.query(
    'select max(n)::int from (select count(*) as n from sidelight.error_occurrence group by error_hash) as hash',
  )
  t.ok(rows[0].max <= 30, `${rows[0].max} of a hash`)
})

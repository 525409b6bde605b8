import t from 'tap'
import type { Pool } from 'pg'
import { createCollection } from '../../collector/store/collection'
import { createDuties } from '../../collector/store/duties'
import { MAJORS } from '../helpers/postgres'
import { until } from '../helpers/until'
import { request } from '../helpers/rows'
import { countWaiting, never, openDatabase, openWriter, silent, stored } from './database'
import { fillDays, readToday, takeLead } from './leadership'

const RETENTION_DAYS = 7

/** A service a given age of days, named by its id. */
async function addServices(pool: Pool, ages: readonly number[]): Promise<void> {
  await pool.query(
    `insert into sidelight.service (id, tenant, environment, namespace, name, last_seen_day)
     select age, '', '', '', age::text, (now() at time zone 'utc')::date - age from unnest($1::int[]) as age`,
    [ages],
  )
}

async function readServices(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ id: string }>('select id from sidelight.service order by id')
  return rows.map(({ id }) => Number(id))
}

function serviceColumns(id: number) {
  const values = [String(id), '', '', '', String(id)]
  return { dictionary: 'service', id: String(id), values } as const
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}, what nothing refers to any more is collected`, async (t) => {
    const pool = await openDatabase(t, { major })
    await addServices(pool, [0, 9, 10, 11, 500])
    const statements = [
      `insert into sidelight.operation values (1, 1, '', 0, '', '2020-01-01')`,
      `insert into sidelight.resource values (1, '{}', 0, null, '', '2020-01-01')`,
      `insert into sidelight.scope values (1, '', '', '{}', 0, '', '2020-01-01')`,
      `insert into sidelight.catalogue values (1, '', 'webhook', 'w', '', '2020-01-01')`,
    ]
    for (const statement of statements) await pool.query(statement)
    const collected = new Map<string, number>()
    const collect = createCollection(
      () => RETENTION_DAYS,
      (dictionary, rows) => collected.set(dictionary, rows),
    )
    await collect(await takeLead(t, pool))
    t.same(await readServices(pool), [0, 9, 10], 'kept: retention, a day in a spool, and two')
    const others = { operation: 1, resource: 1, scope: 1, catalogue: 1 }
    t.same(Object.fromEntries(collected), { service: 2, ...others })
  })
}

t.test('many rows are collected batch by batch', async (t) => {
  const pool = await openDatabase(t)
  await addServices(
    pool,
    Array.from({ length: 2_500 }, (_, i) => i),
  )
  await createCollection(
    () => RETENTION_DAYS,
    () => undefined,
  )(await takeLead(t, pool))
  t.equal((await readServices(pool)).length, 11)
})

t.test('the dictionaries are looked through once a day', async (t) => {
  const pool = await openDatabase(t)
  const leadership = await takeLead(t, pool)
  const collect = createCollection(
    () => RETENTION_DAYS,
    () => undefined,
  )
  await addServices(pool, [100])
  await collect(leadership)
  await addServices(pool, [200])
  await collect(leadership)
  t.same(await readServices(pool), [200], 'left for tomorrow')
})

t.test('what an older partition may refer to is kept as long as the partition', async (t) => {
  const pool = await openDatabase(t)
  await fillDays(pool, [(await readToday(pool)) - 30])
  await addServices(pool, [20, 30, 31, 32])
  const leadership = await takeLead(t, pool)
  await createCollection(
    () => RETENTION_DAYS,
    () => undefined,
  )(leadership)
  t.same(await readServices(pool), [20, 30, 31])
})

t.test('what rollups refer to is kept as long as the month that holds them', async (t) => {
  const pool = await openDatabase(t)
  await addServices(pool, [50, 74, 75, 500])
  await pool.query(
    `insert into sidelight.catalogue
     select name::int, '', 'webhook', name, '', last_seen_day from sidelight.service`,
  )
  const duties = createDuties({
    retentionDays: () => RETENTION_DAYS,
    rollupRetentionDays: 40,
    maxBytes: null,
    log: silent,
    partition: () => undefined,
    collected: () => undefined,
    thinned: () => undefined,
  })
  await duties.find(({ name }) => name === 'collecting dictionaries')?.run(await takeLead(t, pool))
  t.same(await readServices(pool), [50, 74], '40 days, 31 of a month, and the three of others')
  const { rows } = await pool.query('select subject from sidelight.catalogue order by id')
  t.same(rows, [{ subject: '50' }, { subject: '74' }])
})

t.test('a row that a writer marks as seen meanwhile stays', async (t) => {
  const pool = await openDatabase(t)
  await addServices(pool, [100, 200])
  const leadership = await takeLead(t, pool)
  const marking = await pool.connect()
  await marking.query(
    'begin; update sidelight.service set last_seen_day = current_date where id = 100',
  )
  await createCollection(
    () => RETENTION_DAYS,
    () => undefined,
  )(leadership)
  await marking.query('commit')
  marking.release()
  t.same(await readServices(pool), [100], 'the collector does not wait for it')
})

t.test('a row that is being deleted as a writer needs it is there afterwards', async (t) => {
  const pool = await openDatabase(t)
  await addServices(pool, [100])
  const deleting = await pool.connect()
  await deleting.query('begin; delete from sidelight.service')
  const writing = openWriter(t, pool).write([request('a', [{}], [serviceColumns(100)])], never)
  await until(() => countWaiting(pool), 20_000, 'the writer to wait')
  await deleting.query('commit')
  deleting.release()
  t.same(await writing, [stored])
  t.same(await readServices(pool), [100])
})

t.test('collecting beside writers of the same rows loses none of theirs', async (t) => {
  const pool = await openDatabase(t)
  const leadership = await takeLead(t, pool)
  const ids = Array.from({ length: 50 }, (_, i) => i + 1)
  for (let round = 0; round < 5; round++) {
    await pool.query('delete from sidelight.service')
    await addServices(
      pool,
      ids.map((id) => id + 1_000),
    )
    const dictionary = ids.map((id) => serviceColumns(id + 1_000))
    const writes = [0, 1].map((i) =>
      openWriter(t, pool).write([request(`${round}-${i}`, [{}], dictionary)], never),
    )
    await Promise.all([
      ...writes,
      createCollection(
        () => RETENTION_DAYS,
        () => undefined,
      )(leadership),
    ])
    t.equal((await readServices(pool)).length, ids.length)
  }
})

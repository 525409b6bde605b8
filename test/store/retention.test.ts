import t from 'tap'
import type { Pool } from 'pg'
import pino from 'pino'
import { LeaseLost } from '../../collector/store/lease'
import {
  createPartitionCache,
  listPartitions,
  partitionName,
} from '../../collector/store/partitions'
import { createSizeRetention, dropByAge, type Retention } from '../../collector/store/retention'
import { withClient } from '../../collector/store/session'
import { MAJORS } from '../helpers/postgres'
import { request } from '../helpers/rows'
import { until } from '../helpers/until'
import {
  countSpans,
  countWaiting,
  ensurePartitions,
  never,
  openDatabase,
  openPool,
  openWriter,
  silent,
  stored,
} from './database'
import { daysFromToday, fillDays, readToday, takeLead } from './leadership'

const DAY_MICROS = 86_400_000_000n

function retentionOf(retentionDays: number, more: Partial<Retention> = {}): Retention {
  return {
    retentionDays: () => retentionDays,
    rollupRetentionDays: retentionDays,
    maxBytes: null,
    log: silent,
    dropped: () => undefined,
    ...more,
  }
}

/** One span of the day, as a request. */
function spanOf(day: number, name = `late ${day}`) {
  return request(name, [{ name, startMicros: BigInt(day) * DAY_MICROS }])
}

async function sizeOf(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: number }>(
    `select sum(pg_total_relation_size(oid))::float8 as bytes from pg_class
     where relnamespace = 'sidelight'::regnamespace and relkind = 'r'`,
  )
  return rows[0]?.bytes ?? NaN
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}`, async (t) => {
    t.test('a day is dropped when all of it is older than the retention and a day', async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      await fillDays(
        pool,
        [-20, -9, -8, -7, 0, 2].map((days) => today + days),
      )
      const dropped: string[] = []
      const retention = retentionOf(7, { dropped: (table) => dropped.push(table) })
      const leadership = await takeLead(t, pool)
      await dropByAge(leadership, retention)
      t.same(await daysFromToday(pool), [-8, -7, 0, 2])
      t.equal(await countSpans(pool), 4)
      t.same(dropped, ['span', 'span'])
      await dropByAge(leadership, retention)
      t.same(dropped, ['span', 'span'], 'and only once')
    })

    t.test('an interrupted detach is finished, and what it left behind dropped', async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      await fillDays(
        pool,
        [-4, -3, -2, 0].map((days) => today + days),
      )
      const leadership = await takeLead(t, pool)
      const [orphan, unfinished] = [-4, -3].map((days) => partitionName('span', today + days))
      const detach = (name?: string) =>
        leadership.outside(
          `alter table sidelight.span detach partition sidelight.${name} concurrently`,
          1,
        )
      await detach(orphan)
      const reader = await keepReading(pool)
      await t.rejects(detach(unfinished), { code: '57014' })
      await reader.end()
      t.same(
        (await listPartitions(pool, 'span')).map(({ state }) => state),
        ['detached', 'detaching', 'attached', 'attached'],
      )
      await dropByAge(leadership, retentionOf(1))
      t.same(await daysFromToday(pool), [-2, 0])
    })

    t.test('where a concurrent detach is refused it is done at once', async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      await fillDays(pool, [today - 9, today])
      // Postgres refuses it for a table that has a default partition.
      await pool.query('create table sidelight.span_rest partition of sidelight.span default')
      await dropByAge(await takeLead(t, pool), retentionOf(7))
      t.same(await daysFromToday(pool), [0])
    })

    t.test('a reader that stays delays the dropping, and nobody else', async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      await fillDays(pool, [today - 9, today])
      const leadership = await takeLead(t, pool)
      const writer = openWriter(t, pool)
      const reader = await keepReading(pool)
      const dropping = dropByAge(leadership, retentionOf(7))
      await until(() => countWaiting(pool), 20_000, 'the detach to wait')
      t.same(await writer.write([spanOf(today), spanOf(today + 1)], never), [stored, stored])
      t.equal(await countSpans(pool), 3, 'the old day is not read any more')
      t.equal(await countWaiting(pool), 1, 'the detach alone waits')
      await reader.end()
      await dropping
      t.same(await daysFromToday(pool), [0, 1])
    })

    t.test('a reader that outstays the time-out is passed over and come back to', async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      await fillDays(pool, [today - 9, today])
      const leadership = await takeLead(t, pool)
      const retention = retentionOf(7, { detachLockTimeoutMs: 1 })
      const reader = await keepReading(pool)
      await t.rejects(dropByAge(leadership, retention), { code: '57014' })
      await t.rejects(dropByAge(leadership, retention), { code: '55P03' })
      const writer = openWriter(t, pool)
      t.same(await writer.write([spanOf(today + 1)], never), [stored])
      await reader.end()
      await dropByAge(leadership, retention)
      t.same(await daysFromToday(pool), [0, 1])
    })

    t.test('an interrupted detach is finished among queries that take seconds', async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      await fillDays(pool, [today - 9, today])
      const leadership = await takeLead(t, pool)
      const reader = await keepReading(pool)
      const impatient = retentionOf(7, { detachLockTimeoutMs: 1 })
      await t.rejects(dropByAge(leadership, impatient), { code: '57014' })
      await reader.end()
      const query = pool.query('select pg_sleep(2)')
      const writer = openWriter(t, pool)
      const dropping = dropByAge(leadership, retentionOf(7))
      await until(() => countWaiting(pool), 20_000, 'the detach to wait')
      t.same(await writer.write([spanOf(today)], never), [stored], 'writers do not wait')
      await dropping
      t.same(await daysFromToday(pool), [0])
      await query
    })

    t.test('a day that was dropped is not created again, whoever has rows of it', async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      const gone = today - 9
      await fillDays(pool, [gone, today])
      const cache = createPartitionCache()
      const ensure = (days: number[]) =>
        withClient(pool, undefined, (client) => cache.ensure(client, 'span', days))
      await ensure([gone])
      const writer = openWriter(t, openPool(t, pool.options.connectionString ?? ''))
      await writer.write([spanOf(gone, 'in time')], never)
      await dropByAge(await takeLead(t, pool), retentionOf(7))
      await ensure([gone, gone - 30, today - 1])
      await ensurePartitions(pool, 'span', [gone])
      const [late] = await writer.write([spanOf(gone, 'late')], never)
      t.match(late, { kind: 'stored', poison: [{ sqlstate: '23514', row: 0 }] })
      t.same(await daysFromToday(pool), [-1, 0])
    })
  })
}

t.test('collectors that create the day while it is dropped do not bring it back', async (t) => {
  const pool = await openDatabase(t)
  const today = await readToday(pool)
  const leadership = await takeLead(t, pool)
  let isDropping = true
  const creating = Array.from({ length: 4 }, async () => {
    while (isDropping) await ensurePartitions(pool, 'span', [today - 9, today])
  })
  for (let i = 0; i < 5; i++) await dropByAge(leadership, retentionOf(7))
  await until(() => daysFromToday(pool).then((days) => days.includes(0)), 20_000, 'a partition')
  await dropByAge(leadership, retentionOf(7))
  isDropping = false
  await Promise.all(creating)
  t.same(await daysFromToday(pool), [0])
})

t.test(
  'a longer retention afterwards keeps what is there and does not bring back the rest',
  async (t) => {
    const pool = await openDatabase(t)
    const today = await readToday(pool)
    await fillDays(
      pool,
      [-40, -9, -3].map((days) => today + days),
    )
    const leadership = await takeLead(t, pool)
    await dropByAge(leadership, retentionOf(7))
    t.same(await daysFromToday(pool), [-3])
    await ensurePartitions(pool, 'span', [today - 20, today - 8, today - 2])
    await dropByAge(leadership, retentionOf(90))
    t.same(await daysFromToday(pool), [-8, -3, -2])
  },
)

t.test('a day that a view of somebody else needs keeps no other from going', async (t) => {
  const pool = await openDatabase(t)
  const today = await readToday(pool)
  await fillDays(
    pool,
    [-20, -19, 0].map((days) => today + days),
  )
  const needed = partitionName('span', today - 20)
  await pool.query(`create view public.needed as select * from sidelight.${needed}`)
  const leadership = await takeLead(t, pool)
  await t.rejects(dropByAge(leadership, retentionOf(7)), { code: '2BP01' })
  t.same(
    (await listPartitions(pool, 'span'))
      .map(({ name }) => name)
      .filter((name) => name < partitionName('span', today - 1)),
    [needed],
  )
  await pool.query('drop view public.needed')
  await dropByAge(leadership, retentionOf(7))
  t.notOk((await listPartitions(pool, 'span')).some(({ name }) => name === needed))
})

t.test('above its size the oldest days go first, and only as many as must', async (t) => {
  const pool = await openDatabase(t)
  const today = await readToday(pool)
  await fillDays(
    pool,
    [-5, -4, -3, -1, 0].map((days) => today + days),
  )
  const leadership = await takeLead(t, pool)
  await createSizeRetention(retentionOf(7, { maxBytes: await sizeOf(pool) }))(leadership)
  t.same(await daysFromToday(pool), [-5, -4, -3, -1, 0])
  await pool.query(`insert into sidelight.resource (id, attributes, dropped_attributes_count, schema_url)
    select i, '{}', 0, '' from generate_series(1, 2000) i`)
  await createSizeRetention(retentionOf(7, { maxBytes: (await sizeOf(pool)) - 1 }))(leadership)
  t.same(await daysFromToday(pool), [-4, -3, -1, 0])
})

t.test('today and yesterday are never dropped for their size, which is said once', async (t) => {
  const pool = await openDatabase(t)
  const today = await readToday(pool)
  await fillDays(
    pool,
    [-5, -2, -1, 0, 1].map((days) => today + days),
  )
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
  const retain = createSizeRetention(retentionOf(7, { maxBytes: 1, log }))
  const leadership = await takeLead(t, pool)
  await retain(leadership)
  await retain(leadership)
  t.same(await daysFromToday(pool), [-1, 0, 1])
  t.match(
    lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
    ['dropped a partition', 'dropped a partition', /nothing before yesterday is left/],
  )
})

t.test('a leader that has lost the lease drops nothing', async (t) => {
  const pool = await openDatabase(t)
  const today = await readToday(pool)
  await fillDays(pool, [today - 9, today])
  const leadership = await takeLead(t, pool)
  await pool.query('update sidelight.lease set epoch = epoch + 1')
  await t.rejects(dropByAge(leadership, retentionOf(7)), LeaseLost)
  await ensurePartitions(pool, 'span', [today - 9])
  t.same(await daysFromToday(pool), [-9, 0])
})

/** A transaction that has read the table and stays open. */
async function keepReading(pool: Pool): Promise<{ end(): Promise<void> }> {
  const client = await pool.connect()
  await client.query('begin; select from sidelight.span')
  return {
    async end() {
      await client.query('rollback')
      client.release()
    },
  }
}

import t from 'tap'
import {
  createPartitionCache,
  ensureUpcomingPartitions,
  listPartitions,
  partitionName,
  upcomingDays,
} from '../../collector/store/partitions'
import { PARTITIONED_TABLES } from '../../collector/store/tables'
import { withClient } from '../../collector/store/session'
import { MAJORS } from '../helpers/postgres'
import { ensurePartitions, openDatabase, openPool } from './database'
import type { Pool } from 'pg'

/** 2026-11-24. */
const DAY = 20_781

async function attached(pool: Pool, table = 'span'): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass order by 1`,
    [`sidelight.${table}`],
  )
  return rows.map((row) => row.name)
}

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, twenty collectors create the same partitions at once`,
    async (t) => {
      const pool = await openDatabase(t, { major })
      const pools = Array.from({ length: 20 }, () =>
        openPool(t, pool.options.connectionString ?? '', 1),
      )
      await Promise.all(
        pools.map((each, i) => {
          const days = [DAY, DAY + 1, DAY + 1, DAY + 2]
          return ensurePartitions(each, 'span', i % 2 === 0 ? days : days.reverse())
        }),
      )
      t.same(await attached(pool), ['span_20261124', 'span_20261125', 'span_20261126'])
      const { rows } = await pool.query(
        `select count(*)::int as indexes from pg_indexes
       where schemaname = 'sidelight' and tablename = 'span_20261124'`,
      )
      t.same(rows, [{ indexes: 3 }])
    },
  )

  t.test(
    `on Postgres ${major}, a partition is a day of UTC whatever the time zone of the database`,
    async (t) => {
      const pool = await openDatabase(t, { major })
      const { rows } = await pool.query<{ name: string }>('select current_database() as name')
      await pool.query(`alter database ${rows[0]?.name} set timezone = 'Pacific/Auckland'`)
      const inAuckland = openPool(t, pool.options.connectionString ?? '')
      await ensurePartitions(inAuckland, 'span', [DAY])
      const insert = (time: string) =>
        inAuckland.query(
          `insert into sidelight.span (trace_id, span_id, start_time, service_id, operation_id,
         resource_id, scope_id, flags, kind, status)
         values (gen_random_uuid(), 1, $1, 1, 1, 1, 1, 0, 0, 0)`,
          [time],
        )
      await insert('2026-11-24T00:00:00Z')
      await insert('2026-11-24T23:59:59.999999Z')
      await t.rejects(insert('2026-11-23T23:59:59.999999Z'), { code: '23514' })
      await t.rejects(insert('2026-11-25T00:00:00Z'), { code: '23514' })
    },
  )
}

t.test('rollups have a partition a month, made once for all its days', async (t) => {
  const pool = await openDatabase(t)
  const lastOfJanuary = 19_753
  const days = [lastOfJanuary - 30, lastOfJanuary, lastOfJanuary + 1, lastOfJanuary + 29, DAY]
  await ensurePartitions(pool, 'span_rollup', days)
  await ensurePartitions(pool, 'span_rollup', days)
  t.same(await attached(pool, 'span_rollup'), [
    'span_rollup_202401',
    'span_rollup_202402',
    'span_rollup_202611',
  ])
  const listed = await listPartitions(pool, 'span_rollup')
  t.same(
    listed.map(({ day }) => day),
    [lastOfJanuary - 30, lastOfJanuary + 1, DAY - 23],
  )
  const insert = (time: string) =>
    pool.query(
      `insert into sidelight.edge_rollup (bucket, client_service_id, server_service_id, call_count, error_count,
         adjusted_count, adjusted_error_count, duration_sum_ns) values ($1, 1, 2, 1, 0, 1, 0, 1)`,
      [time],
    )
  await ensurePartitions(pool, 'edge_rollup', [lastOfJanuary + 1])
  await insert('2024-02-01T00:00:00Z')
  await insert('2024-02-29T23:59:59Z')
  await t.rejects(insert('2024-02-29T23:59:59Z'), { code: '23505' }, 'with the index of the table')
  await t.rejects(insert('2024-03-01T00:00:00Z'), { code: '23514' })
})

t.test('neither a reader nor a writer of the table delays a new partition', async (t) => {
  const pool = await openDatabase(t)
  await ensurePartitions(pool, 'span', [DAY])
  const other = await pool.connect()
  await other.query('begin; lock table sidelight.span in row exclusive mode')
  await ensurePartitions(pool, 'span', [DAY + 1])
  t.same(await attached(pool), ['span_20261124', 'span_20261125'])
  await other.query('rollback')
  other.release()
})

t.test('a table locked by others is given up after a second', async (t) => {
  const pool = await openDatabase(t)
  const other = await pool.connect()
  await other.query('begin; lock table sidelight.span in share update exclusive mode')
  await t.rejects(ensurePartitions(pool, 'span', [DAY]), { code: '55P03' })
  await other.query('rollback')
  other.release()
  t.same(await attached(pool), [])
})

t.test('the partitions of yesterday to the day after tomorrow are created ahead', async (t) => {
  const pool = await openDatabase(t)
  const nowMs = Date.parse('2026-11-24T23:59:59.999Z')
  await ensureUpcomingPartitions(pool, nowMs)
  await ensureUpcomingPartitions(pool, nowMs)
  for (const { name } of PARTITIONED_TABLES) {
    const days = ['20261123', '20261124', '20261125', '20261126']
    t.same(
      await attached(pool, name),
      days.map((day) => `${name}_${day}`),
    )
  }
  t.same(upcomingDays(nowMs), [DAY - 1, DAY, DAY + 1, DAY + 2])
})

t.test('what a cache knows is not asked for again until it forgets', async (t) => {
  const pool = await openDatabase(t)
  const cache = createPartitionCache()
  const ensure = (days: number[]) =>
    withClient(pool, undefined, (c) => cache.ensure(c, 'span', days))
  await ensure([DAY])
  await pool.query(`drop table sidelight.${partitionName('span', DAY)}`)
  await ensure([DAY, DAY + 1])
  t.same(await attached(pool), ['span_20261125'])
  cache.forget()
  await ensure([DAY, DAY + 1])
  t.same(await attached(pool), ['span_20261124', 'span_20261125'])
})

t.test('days before 1970 and far ahead have partitions of their own', (t) => {
  t.equal(partitionName('span', -1), 'span_19691231')
  t.equal(partitionName('span', 213_503), 'span_25540721')
  t.end()
})

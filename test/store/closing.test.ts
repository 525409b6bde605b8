import t from 'tap'
import type { Pool } from 'pg'
import { closePartitions } from '../../collector/store/closing'
import { partitionName } from '../../collector/store/partitions'
import { MAJORS } from '../helpers/postgres'
import { request } from '../helpers/rows'
import {
  countSpans,
  ensurePartitions,
  never,
  openDatabase,
  openWriter,
  silent,
  stored,
} from './database'
import { fillDays, readToday, takeLead } from './leadership'

const DAY_MICROS = 86_400_000_000n

/** The names and definitions of the valid GIN indexes of partitions. */
async function readIndexes(pool: Pool): Promise<{ name: string; definition: string }[]> {
  const { rows } = await pool.query<{ name: string; definition: string }>(
    `select c.relname as name, pg_get_indexdef(c.oid) as definition
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
       join pg_class p on p.oid = i.indrelid and p.relispartition
     where a.amname = 'gin' and i.indisvalid order by 1`,
  )
  return rows
}

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, a day that is over is frozen, analyzed and indexed, once`,
    async (t) => {
      const pool = await openDatabase(t, { major })
      const today = await readToday(pool)
      await fillDays(
        pool,
        [-3, -2, 0].map((days) => today + days),
      )
      const leadership = await takeLead(t, pool)
      const closed: string[] = []
      const closing = { log: silent, closed: (table: string) => closed.push(table) }
      await closePartitions(leadership, closing)
      const ended = [-3, -2].map((days) => partitionName('span', today + days))
      t.same(
        (await readIndexes(pool)).map(({ name }) => name),
        ended.map((name) => `${name}_attributes`),
      )
      t.match((await readIndexes(pool))[0]?.definition, /using gin \(attributes jsonb_path_ops\)/i)
      const { rows } = await pool.query(
        `select c.relname as name, c.reltuples::int as rows,
           c.relpages > 0 and c.relallvisible = c.relpages as is_all_visible,
           age(c.relfrozenxid) < 100 as is_frozen
         from pg_class c where c.relname = any($1) order by 1`,
        [ended],
      )
      const frozen = { rows: 1, is_all_visible: true, is_frozen: true }
      t.same(
        rows,
        ended.map((name) => ({ name, ...frozen })),
      )
      t.same(closed, ['span', 'span'])
      await closePartitions(leadership, closing)
      t.same(closed, ['span', 'span'])
      const late = request('late', [{ startMicros: BigInt(today - 2) * DAY_MICROS }])
      t.same(await openWriter(t, pool).write([late], never), [stored])
      t.equal(await countSpans(pool), 4)
    },
  )
}

t.test(
  'no day is closed while a dump keeps its snapshot, and all are when it is done',
  async (t) => {
    const pool = await openDatabase(t)
    const today = await readToday(pool)
    await fillDays(pool, [today - 2])
    const leadership = await takeLead(t, pool)
    const closing = { log: silent, closed: () => undefined, oldSnapshotMs: 0 }
    const dump = await pool.connect()
    await dump.query('begin isolation level repeatable read; select from sidelight.span')
    await closePartitions(leadership, closing)
    t.same(await readIndexes(pool), [])
    await dump.query('commit')
    dump.release()
    await closePartitions(leadership, closing)
    t.equal((await readIndexes(pool)).length, 1)
  },
)

t.test('an index whose build was interrupted is built anew', async (t) => {
  const pool = await openDatabase(t)
  const today = await readToday(pool)
  await fillDays(pool, [today - 3])
  const leadership = await takeLead(t, pool)
  const partition = partitionName('span', today - 3)
  const writer = await pool.connect()
  await writer.query(`begin; lock table sidelight.${partition} in row exclusive mode`)
  await t.rejects(
    leadership.outside(
      `create index concurrently ${partition}_attributes on sidelight.${partition} using gin (attributes jsonb_path_ops)`,
      1,
    ),
    { code: '57014' },
  )
  await writer.query('rollback')
  writer.release()
  const broken = await pool.query('select from pg_index where not indisvalid')
  t.equal(broken.rowCount, 1)
  await closePartitions(leadership, { log: silent, closed: () => undefined })
  t.match(await readIndexes(pool), [{ name: `${partition}_attributes` }])
  t.equal((await pool.query('select from pg_index where not indisvalid')).rowCount, 0)
})

t.test('a partition is closed three hours after its day, by the clock of Postgres', async (t) => {
  const pool = await openDatabase(t)
  const today = await readToday(pool)
  const days = [today - 2, today - 1, today, today + 1]
  await ensurePartitions(pool, 'span', days)
  const { rows } = await pool.query<{ due: boolean }>(
    `select extract(hour from clock_timestamp() at time zone 'utc') >= 3 as due`,
  )
  await closePartitions(await takeLead(t, pool), { log: silent, closed: () => undefined })
  const due = rows[0]?.due === true ? [today - 2, today - 1] : [today - 2]
  t.same(
    (await readIndexes(pool)).map(({ name }) => name),
    due.map((day) => `${partitionName('span', day)}_attributes`),
  )
})

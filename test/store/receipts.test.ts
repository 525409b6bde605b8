import type { Pool } from 'pg'
import t, { type Test } from 'tap'
import { Unavailable } from '../../collector/errors'
import type { GroupRequest } from '../../collector/store/group'
import { logs } from '../helpers/otlp-logs'
import { type Major, MAJORS } from '../helpers/postgres'
import { request, requestOf, translatedRequest, uuidOf } from '../helpers/rows'
import { createLogTranslator } from '../helpers/translator'
import { until } from '../helpers/until'
import {
  countSpans,
  countWaiting,
  never,
  openDatabase,
  openPool,
  openWriter,
  repeated,
  stored,
} from './database'
import { NOON_NS, readLetters, RECEIVED_MS } from './letters'

const translator = createLogTranslator({ retentionMs: 365 * 86_400_000 })

/** Stored behind spans, in the last table of a group. */
function logOf(text: string): GroupRequest {
  const body = logs({ service: 'shop', records: [{ timeUnixNano: NOON_NS, body: text }] })
  const context = { receivedMs: RECEIVED_MS, tenant: null }
  return translatedRequest(body, translator.translate(body, context), { signal: 'logs' })
}

/** Spans of 20 MB. */
function bigRequestOf(seed: string): GroupRequest {
  const attributes = JSON.stringify({ text: 'x'.repeat(10_000) })
  const rows = Array.from({ length: 2_000 }, (_, i) => ({ name: `${seed}-${i}`, attributes }))
  return request(seed, rows)
}

/** A writer of one connection, that has been found to be direct, and a pool beside it. */
async function openWarm(t: Test, major: Major = 18) {
  const pool = await openDatabase(t, { major })
  await pool.query('create table public.seen (statement text)')
  await pool.query(`create function public.note() returns trigger language plpgsql as $$
    begin insert into public.seen values (current_query()); return null; end $$`)
  await pool.query(`create trigger note after insert on sidelight.ingest_receipt
    for each statement execute function public.note()`)
  const connection = openPool(t, pool.options.connectionString ?? '', 1)
  const writer = openWriter(t, connection)
  t.same(await writer.write([requestOf('warm', 1), logOf('warm')], never), [stored, stored])
  return { pool, connection, writer }
}

/** Of every transaction that was committed, whether its receipts came with the rows and the commit. */
async function roundTrips(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ trips: string }>(
    `select case when statement like '%copy sidelight.%commit' then 'one' else 'more' end as trips
     from public.seen`,
  )
  return rows.map(({ trips }) => trips)
}

async function countReceipts(pool: Pool): Promise<number> {
  return (await pool.query('select from sidelight.ingest_receipt')).rowCount ?? -1
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}`, async (t) => {
    t.test('new requests take one round trip, after the first of a connection', async (t) => {
      const { pool, connection, writer } = await openWarm(t, major)
      const backend = async () => (await connection.query('select pg_backend_pid()')).rows
      const before = await backend()
      t.same(await writer.write([requestOf('a', 2), logOf('a')], never), [stored, stored])
      t.same(await writer.write([logOf('b')], never), [stored])
      t.same(await roundTrips(pool), ['more', 'one', 'one'])
      t.equal(await countSpans(pool), 3)
      t.same(await backend(), before)
    })

    t.test(
      'repeats among new requests are no poison, and all of them are stored once',
      async (t) => {
        const { pool, writer } = await openWarm(t, major)
        t.same(await writer.write([requestOf('a', 2), logOf('a')], never), [stored, stored])
        t.same(await writer.write([requestOf('a', 2), logOf('a')], never), [repeated, repeated])
        const group = [requestOf('b', 1), logOf('a'), requestOf('c', 1)]
        t.same(await writer.write(group, never), [stored, repeated, stored])
        t.same(await writer.write([requestOf('d', 1)], never), [stored])
        t.same(await roundTrips(pool), ['more', 'one', 'more', 'more', 'one'])
        t.equal(await countSpans(pool), 6)
        t.same(await readLetters(pool), [])
      },
    )

    for (const table of ['span', 'log_record']) {
      t.test(`poison in ${table} is found, and its neighbours are stored`, async (t) => {
        const { pool, writer } = await openWarm(t, major)
        const column = table === 'span' ? 'name' : 'body'
        await pool.query(
          `alter table sidelight.${table} add constraint no_curse check (${column} not like 'curse%')`,
        )
        const isSpan = table === 'span'
        const bad = isSpan ? requestOf('curse', 1) : logOf('curse')
        const group = [requestOf('a', 2), bad, logOf('b')]
        t.match(await writer.write(group, never), [
          stored,
          { kind: 'stored', poison: [{ table, row: 0, sqlstate: '23514' }] },
          stored,
        ])
        t.equal(await countSpans(pool), 3)
        t.same(await writer.write(group, never), [repeated, repeated, repeated])
      })
    }

    t.test('after a statement that fails in the last table, nothing is committed', async (t) => {
      const { pool, writer } = await openWarm(t, major)
      await pool.query(`create function public.fail() returns trigger language plpgsql as $$
        begin raise 'no' using errcode = 'XX000'; end $$`)
      await pool.query(`create trigger fail before insert on sidelight.log_record
        for each row execute function public.fail()`)
      const group = [requestOf('a', 2), logOf('b')]
      await t.rejects(writer.write(group, never), Unavailable)
      t.equal(await countSpans(pool), 1)
      t.equal(await countReceipts(pool), 2)
      await pool.query('drop trigger fail on sidelight.log_record')
      t.same(await writer.write(group, never), [stored, stored])
    })

    t.test('a partition dropped behind the writer is created', async (t) => {
      const { pool, writer } = await openWarm(t, major)
      await pool.query('drop table sidelight.span_20260304')
      t.same(await writer.write([logOf('a'), requestOf('b', 1)], never), [stored, stored])
      t.same(await roundTrips(pool), ['more', 'one'])
      t.equal(await countSpans(pool), 1)
    })

    t.test('a receipt another transaction holds blocks its request only', async (t) => {
      const { pool, writer } = await openWarm(t, major)
      const holder = await pool.connect()
      await holder.query(
        `begin; insert into sidelight.ingest_receipt (digest) values ('${uuidOf('held')}')`,
      )
      const group = [requestOf('a', 1), requestOf('held', 1), logOf('b')]
      t.same(await writer.write(group, never), [stored, { kind: 'blocked' }, stored])
      const waiting = writer.write(group, never)
      await until(async () => (await countWaiting(pool)) === 1, 10_000, 'the receipt to wait')
      await holder.query('commit')
      holder.release()
      t.same(await waiting, [repeated, repeated, repeated], 'whoever held it has stored it')
    })

    t.test('a group of 60 MB is stored', async (t) => {
      const { pool, writer } = await openWarm(t, major)
      const group = ['a', 'b', 'c'].map(bigRequestOf)
      t.same(await writer.write(group, never), [stored, stored, stored])
      t.equal(await countSpans(pool), 6_001)
      t.same(await roundTrips(pool), ['more', 'one'])
    })

    t.test('a failure before 20 MB does no harm to the connection', async (t) => {
      const { pool, connection, writer } = await openWarm(t, major)
      const backend = async () => (await connection.query('select pg_backend_pid()')).rows
      const before = await backend()
      const bad = request('bad', [{ name: 'bad', attributes: '{' }])
      t.match(await writer.write([bad, bigRequestOf('a')], never), [
        { kind: 'stored', poison: [{ row: 0 }] },
        stored,
      ])
      t.same(await writer.write([bad, bigRequestOf('b')], never), [repeated, stored])
      t.same(await writer.write([bigRequestOf('b')], never), [repeated])
      t.equal(await countSpans(pool), 4_001)
      t.same(await backend(), before)
    })

    t.test('a backend killed while 20 MB are on the way leaves nothing of them', async (t) => {
      const { pool, writer } = await openWarm(t, major)
      const locker = await pool.connect()
      await locker.query('begin; lock table sidelight.span_20260304 in share mode')
      const group = [bigRequestOf('a'), logOf('b')]
      const failed = t.rejects(writer.write(group, never), Unavailable)
      await until(async () => (await countWaiting(pool)) === 1, 10_000, 'the COPY to wait')
      await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      )
      await failed
      await locker.query('rollback')
      locker.release()
      t.equal(await countSpans(pool), 1)
      t.same(await writer.write(group, never), [stored, stored])
    })
  })
}

t.test('a table that stays locked is no receipt that is held', async (t) => {
  const { pool, writer } = await openWarm(t)
  const locker = await pool.connect()
  await locker.query('begin; lock table sidelight.span in exclusive mode')
  const group = [requestOf('a', 1), requestOf('b', 1)]
  await t.rejects(writer.write(group, never), Unavailable)
  await locker.query('rollback')
  locker.release()
  t.equal(await countReceipts(pool), 2)
})

t.test('a unique violation of another table is poison, not a repeat', async (t) => {
  const { pool, writer } = await openWarm(t)
  await pool.query('create unique index on sidelight.log_record_20260304 (body)')
  t.match(await writer.write([requestOf('a', 1), logOf('b'), logOf('b ')], never), [
    stored,
    stored,
    stored,
  ])
  const again = { ...logOf('b'), digest: uuidOf('other') }
  t.match(await writer.write([again], never), [
    { kind: 'stored', poison: [{ table: 'log_record', sqlstate: '23505' }] },
  ])
})

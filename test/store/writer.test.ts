import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { MAJORS } from '../helpers/postgres'
import { request, requestOf, uuidOf } from '../helpers/rows'
import { until } from '../helpers/until'
import {
  countSpans,
  countWaiting,
  names,
  never,
  openDatabase,
  openPool,
  openWriter,
  repeated,
  stored,
} from './database'

for (const major of MAJORS) {
  t.test(`on Postgres ${major}`, async (t) => {
    t.test('a group is stored once, however often and by whom it is sent again', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const group = [requestOf('a', 3), requestOf('empty', 0), requestOf('b', 2)]
      t.same(await writer.write(group, never), [stored, stored, stored])
      t.same(await writer.write(group, never), [repeated, stored, repeated])
      const another = openWriter(t, openPool(t, pool.options.connectionString ?? ''))
      t.same(await another.write([requestOf('c', 1), requestOf('b', 2)], never), [stored, repeated])
      t.same(await names(pool), ['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'c-0'])
    })

    t.test('a duplicate inside a group shares the fate of the first', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const group = [requestOf('a', 2), requestOf('a', 2), requestOf('b', 1), requestOf('a', 2)]
      t.same(await writer.write(group, never), [stored, repeated, stored, repeated])
      t.equal(await countSpans(pool), 3)
    })

    t.test('two writers sent the same request fifty times at once store it once', async (t) => {
      const pool = await openDatabase(t, { major })
      const writers = [
        openWriter(t, pool),
        openWriter(t, openPool(t, pool.options.connectionString ?? '')),
      ]
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, i) => writers[i % 2]!.write([requestOf('same', 20)], never)),
      )
      const kinds = results.flat().map((result) => result.kind)
      t.equal(kinds.filter((kind) => kind === 'stored').length, 1)
      t.equal(kinds.filter((kind) => kind === 'repeated').length, 49)
      t.equal(await countSpans(pool), 20)
    })

    t.test('rows Postgres refuses are found, and their neighbours stored', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const bad = request('bad', [
        { name: 'good-1' },
        { name: 'no json', attributes: '{' },
        { name: 'good-2', attributes: '{"a": 1}' },
        { name: '\0' },
      ])
      const results = await writer.write(
        [requestOf('before', 40), bad, requestOf('after', 40)],
        never,
      )
      t.match(results, [
        stored,
        {
          kind: 'stored',
          poison: [
            {
              table: 'span',
              row: 1,
              sqlstate: '22P02',
              message: /invalid input syntax for type json/,
            },
            { table: 'span', row: 3, sqlstate: '22021', message: /invalid byte sequence/ },
          ],
        },
        stored,
      ])
      t.equal(await countSpans(pool), 82)
      t.same(
        await writer.write([bad], never),
        [repeated],
        'the receipt was stored with the good rows',
      )
    })

    t.test('a row that does not decode at all is found too', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const broken = requestOf('broken', 5)
      const [copy] = broken.translated.copies
      copy!.bytes.fill(0x7f, copy!.offsets[2], copy!.offsets[3])
      const [result] = await writer.write([broken], never)
      t.match(result, { kind: 'stored', poison: [{ table: 'span', row: 2, sqlstate: '22P04' }] })
      t.same(await names(pool), ['broken-0', 'broken-1', 'broken-3', 'broken-4'])
    })

    t.test('a missing partition is created, also one dropped behind the writer', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      t.same(await writer.write([requestOf('a', 1)], never), [stored])
      await pool.query('drop table sidelight.span_20260304')
      t.same(await writer.write([requestOf('b', 1)], never), [stored])
      t.same(await names(pool), ['b-0'])
    })

    t.test('a receipt another transaction holds blocks its request only', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await writer.write([requestOf('warm', 1)], never)
      const holder = await pool.connect()
      await holder.query(
        `begin; insert into sidelight.ingest_receipt (digest) values ('${uuidOf('held')}')`,
      )
      const group = [
        requestOf('a', 1),
        requestOf('held', 1),
        requestOf('held', 1),
        requestOf('b', 1),
      ]
      t.same(await writer.write(group, never), [
        stored,
        { kind: 'blocked' },
        { kind: 'blocked' },
        stored,
      ])
      await holder.query('rollback')
      holder.release()
      t.same(await writer.write(group, never), [repeated, stored, repeated, repeated])
      t.equal(await countSpans(pool), 4)
    })

    t.test(
      'a backend killed while it copies leaves nothing, and the same group is stored after it',
      async (t) => {
        const pool = await openDatabase(t, { major })
        const writer = openWriter(t, pool)
        await writer.write([requestOf('warm', 1)], never)
        const locker = await pool.connect()
        await locker.query('begin; lock table sidelight.span_20260304 in share mode')
        const group = [requestOf('a', 2_000)]
        const failed = t.rejects(writer.write(group, never), Unavailable)
        await until(
          async () => (await countWaiting(pool)) === 1,
          10_000,
          'the COPY to wait for the lock',
        )
        await pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
        )
        await failed
        await locker.query('rollback')
        locker.release()
        t.equal(await countSpans(pool), 1)
        t.same(await writer.write(group, never), [stored])
        t.equal(await countSpans(pool), 2_001)
      },
    )

    t.test('a deadlock is tried again', async (t) => {
      const pool = await openDatabase(t, { major })
      const { rows } = await pool.query<{ name: string }>('select current_database() as name')
      await pool.query(`alter database ${rows[0]?.name} set deadlock_timeout = '600ms'`)
      const writer = openWriter(t, openPool(t, pool.options.connectionString ?? ''))
      await writer.write([requestOf('warm', 1)], never)
      const provoke = async (seed: string) => {
        const rival = await pool.connect()
        // The rival looks for deadlocks late, so that the writer is the one that finds it.
        await rival.query(
          `begin; set local deadlock_timeout = '10s'; lock table sidelight.span_20260304 in share mode`,
        )
        const written = writer.write([requestOf(seed, 1)], never)
        await until(async () => (await countWaiting(pool)) === 1, 10_000, 'the COPY to wait')
        await rival.query(
          `insert into sidelight.ingest_receipt (digest) values ('${uuidOf(seed)}')`,
        )
        await rival.query('rollback')
        rival.release()
        t.same(await written, [stored])
      }
      const deadlocks = `select from pg_stat_database
        where datname = current_database() and deadlocks > 0`
      let provoked = 0
      // On a busy machine the rival may come after the writer has looked for deadlocks, and there is none.
      await until(
        async () => {
          await provoke(`a${provoked++}`)
          return (await pool.query(deadlocks)).rowCount === 1
        },
        60_000,
        'Postgres to count a deadlock',
      )
      t.equal(await countSpans(pool), 1 + provoked)
    })
  })
}

t.test(
  'a table locked against writing makes the whole group unavailable, not poison',
  async (t) => {
    const pool = await openDatabase(t)
    const writer = openWriter(t, pool)
    await writer.write([requestOf('warm', 1)], never)
    const locker = await pool.connect()
    await locker.query('begin; lock table sidelight.span in exclusive mode')
    await t.rejects(writer.write([requestOf('a', 1), requestOf('b', 1)], never), Unavailable)
    await locker.query('rollback')
    locker.release()
    t.equal(await countSpans(pool), 1)
  },
)

t.test('aborting destroys the connection at once, whatever it waits for', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  await writer.write([requestOf('warm', 1)], never)
  const locker = await pool.connect()
  await locker.query('begin; lock table sidelight.span_20260304 in share mode')
  const abort = new AbortController()
  const failed = t.rejects(writer.write([requestOf('a', 1)], abort.signal), Unavailable)
  await until(async () => (await countWaiting(pool)) === 1, 10_000, 'the COPY to wait')
  abort.abort()
  await failed
  t.equal(pool.idleCount + 1, pool.totalCount, 'only the locker is still lent')
  await locker.query('rollback')
  locker.release()
  await t.rejects(writer.write([requestOf('b', 1)], AbortSignal.abort()), Unavailable)
})

t.test('what is no uuid never reaches a statement', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  const forged = { ...requestOf('a', 1), digest: `'); drop schema sidelight cascade; --` }
  await t.rejects(writer.write([forged], never), TypeError)
  t.equal(await countSpans(pool), 0)
})

t.test('a closed writer and an absent Postgres are unavailable', async (t) => {
  const absent = openPool(t, 'postgresql://nobody@127.0.0.1:1/none')
  await t.rejects(openWriter(t, absent).write([requestOf('a', 1)], never), Unavailable)
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  const writing = writer.write([requestOf('a', 1)], never)
  await writer.close()
  t.same(await writing, [stored])
  await t.rejects(writer.write([requestOf('b', 1)], never), Unavailable)
})

t.test('acknowledged rows are durable whatever the database prefers', async (t) => {
  const pool = await openDatabase(t, { max: 2 })
  await pool.query(`create table public.seen (setting text)`)
  await pool.query(`create function public.note() returns trigger language plpgsql as $$
    begin insert into public.seen values (current_setting('synchronous_commit')); return new; end $$`)
  await pool.query(`create trigger note before insert on sidelight.ingest_receipt
    for each row execute function public.note()`)
  const { rows } = await pool.query<{ name: string }>('select current_database() as name')
  await pool.query(`alter database ${rows[0]?.name} set synchronous_commit = off`)
  const writer = openWriter(t, openPool(t, pool.options.connectionString ?? ''))
  await writer.write([requestOf('a', 1)], never)
  t.same((await pool.query('select setting from public.seen')).rows, [{ setting: 'on' }])
})

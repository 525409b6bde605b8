import t, { type Test } from 'tap'
import { Unavailable } from '../../collector/errors'
import { decodeMessage, ExportTraceServiceRequest, traces } from '../helpers/otlp'
import { MAJORS } from '../helpers/postgres'
import { request, requestOf } from '../helpers/rows'
import { countSpans, never, openDatabase, openWriter, repeated, stored } from './database'
import {
  curse,
  type Letter,
  namesIn,
  NOON_NS,
  readLetters,
  RECEIVED_MS,
  spansOf,
  translated,
} from './letters'

const DAY_NS = 86_400_000_000_000n

async function start(t: Test, major?: (typeof MAJORS)[number]) {
  const pool = await openDatabase(t, major === undefined ? {} : { major })
  return { pool, writer: openWriter(t, pool) }
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major} what is refused becomes a letter to be sent again`, async (t) => {
    const { pool, writer } = await start(t, major)
    await curse(pool)
    const input = spansOf(['a', 'curse', 'b'])
    const body = traces(input)
    const group = [requestOf('x', 2), translated(body, { tenant: 'acme' }), requestOf('y', 1)]
    const refused = { table: 'span', row: 1, sqlstate: '23514', isKept: true }
    const results = await writer.write(group, never)
    t.match(results, [stored, { kind: 'stored', poison: [refused] }, stored])
    t.equal(await countSpans(pool), 5, 'its neighbours are stored')

    const { rows } = await pool.query<Record<string, unknown> & Letter>(
      `select *, clock_timestamp() - dead_at < interval '1 minute' as is_new
       from sidelight.dead_letter`,
    )
    t.match(rows, [
      {
        digest: group[1]?.digest,
        table_name: 'span',
        item: 1,
        signal: 'traces',
        tenant: 'acme',
        received_at: new Date(RECEIVED_MS),
        sqlstate: '23514',
        message: /no_curse/,
        is_new: true,
      },
    ])
    const letter = rows[0]?.body ?? Buffer.alloc(0)
    const alone = traces({ ...input, spans: input.spans.slice(1, 2) })
    const decode = (bytes: Buffer) => decodeMessage(ExportTraceServiceRequest, bytes)
    t.same(decode(letter), decode(alone), 'just that span, with its resource and scope')

    t.same(await writer.write(group, never), [repeated, repeated, repeated])
    t.equal((await readLetters(pool)).length, 1, 'a repeated request adds no letter')
    await pool.query('delete from sidelight.ingest_receipt')
    t.match(await writer.write(group.slice(1, 2), never), [{ kind: 'stored' }])
    t.equal((await readLetters(pool)).length, 1, 'nor does one whose receipt is too old to be kept')

    await pool.query('alter table sidelight.span drop constraint no_curse')
    t.same(await writer.write([translated(letter)], never), [stored])
    t.same(await writer.write([translated(letter)], never), [repeated])
    const { rows: spans } = await pool.query(
      `select name, service, resource_attributes ->> 'host.name' as host, resource_schema_url,
         scope_name, scope_schema_url, status_message
       from sidelight.spans where name = 'curse'`,
    )
    t.same(spans, [
      {
        name: 'curse',
        service: 'shop',
        host: 'pod',
        resource_schema_url: 'https://resource',
        scope_name: 'lib',
        scope_schema_url: 'https://scope',
        status_message: 'curse',
      },
    ])
  })
}

t.test('the only span of a request is stored when its letter is sent again at once', async (t) => {
  const { pool, writer } = await start(t)
  await curse(pool)
  const only = translated(traces(spansOf(['curse'])))
  t.match(await writer.write([only], never), [{ kind: 'stored', poison: [{ row: 0 }] }])
  const [first] = await readLetters(pool)
  const again = translated(first?.body ?? Buffer.alloc(0))
  t.match(await writer.write([again], never), [{ kind: 'stored', poison: [{ row: 0 }] }])
  t.equal((await readLetters(pool)).length, 2, 'too early, it is a letter of its own')
  await pool.query('alter table sidelight.span drop constraint no_curse')
  const second = (await readLetters(pool)).find(({ digest }) => digest === again.digest)
  t.same(await writer.write([translated(second?.body ?? Buffer.alloc(0))], never), [stored])
  t.equal(await countSpans(pool), 1)
})

t.test('a span whose dictionary row is refused becomes a letter', async (t) => {
  const { pool, writer } = await start(t)
  await pool.query(`alter table sidelight.service add constraint no_curse check (name <> 'curse')`)
  const cursed = { ...spansOf(['c', 'd']), service: 'curse' }
  const group = [translated(traces([spansOf(['a']), cursed])), requestOf('y', 1)]
  t.match(await writer.write(group, never), [
    { kind: 'stored', poison: [{ row: 1, sqlstate: '23514', isKept: true }, { row: 2 }] },
    stored,
  ])
  t.equal(await countSpans(pool), 2)
  const letters = await readLetters(pool)
  t.same(letters.map(namesIn), [['c'], ['d']])
  t.match(letters, [{ item: 1, message: /no_curse/ }, { item: 2 }])
})

t.test('spans of a day whose partition cannot be had become letters', async (t) => {
  const { pool, writer } = await start(t)
  const names = ['a', 'old-1', 'b', 'old-2', 'c', 'older']
  const daysBack: Record<string, bigint> = { 'old-1': 90n, 'old-2': 90n, older: 91n }
  const past = translated(
    traces(
      spansOf(names, (name) => ({ startTimeUnixNano: NOON_NS - (daysBack[name] ?? 0n) * DAY_NS })),
    ),
  )
  // The day is not asked for, as that of a partition below the retention is not.
  const copies = past.translated.copies.map((copy) => ({ ...copy, days: copy.days.slice(0, 1) }))
  const group = [{ ...past, translated: { ...past.translated, copies } }, requestOf('y', 300)]
  const tooOld = { sqlstate: '23514', message: /^older than what is kept: the partition/ }
  const refused = [1, 3, 5].map((row) => ({ row, ...tooOld }))
  t.match(await writer.write(group, never), [{ kind: 'stored', poison: refused }, stored])
  t.equal(await countSpans(pool), 303)
  const letters = await readLetters(pool)
  t.same(letters.map(namesIn), [['old-1'], ['old-2'], ['older']])
  t.match(
    letters,
    refused.map(() => tooOld),
  )
})

t.test('a partition that can be had is created, also when other rows are refused', async (t) => {
  const { pool, writer } = await start(t)
  await writer.write([requestOf('warm', 1)], never)
  await pool.query('drop table sidelight.span_20260304')
  // Postgres finds the first row at fault before it looks for a partition.
  const group = [request('a', [{ attributes: '{' }, { name: 'good' }]), requestOf('y', 5)]
  const refused = { row: 0, sqlstate: '22P02' }
  t.match(await writer.write(group, never), [{ kind: 'stored', poison: [refused] }, stored])
  t.equal(await countSpans(pool), 6)
  t.match(
    await readLetters(pool),
    [refused].map(({ row: item, sqlstate }) => ({ item, sqlstate })),
  )
})

t.test('a transaction that fails leaves no letter, and its second try just one', async (t) => {
  const { pool, writer } = await start(t)
  await curse(pool)
  await writer.write([requestOf('warm', 1)], never)
  const group = [translated(traces(spansOf(['curse', 'a'])))]
  const locker = await pool.connect()
  await locker.query('begin; lock table sidelight.dead_letter in exclusive mode')
  await t.rejects(writer.write(group, never), Unavailable, 'a locked table is no poison')
  await locker.query('rollback')
  locker.release()
  t.equal(await countSpans(pool), 1)
  t.equal((await readLetters(pool)).length, 0)
  t.match(await writer.write(group, never), [{ kind: 'stored', poison: [{ row: 0 }] }])
  t.equal((await readLetters(pool)).length, 1)
})

t.test('a transaction that Postgres wants tried again has one letter in the end', async (t) => {
  const { pool, writer } = await start(t)
  await curse(pool)
  // A sequence counts on when its transaction is rolled back.
  await pool.query(`create sequence public.attempt;
    create function public.deadlock() returns trigger language plpgsql as $$
    begin
      if nextval('public.attempt') = 1 then
        raise exception 'deadlock detected' using errcode = '40P01';
      end if;
      return null;
    end $$;
    create trigger deadlock after insert on sidelight.dead_letter
      for each statement execute function public.deadlock()`)
  const group = [translated(traces(spansOf(['curse', 'a']))), requestOf('y', 1)]
  t.match(await writer.write(group, never), [{ kind: 'stored', poison: [{ row: 0 }] }, stored])
  t.same((await pool.query('select last_value::int from public.attempt')).rows, [{ last_value: 2 }])
  t.equal((await readLetters(pool)).length, 1)
  t.equal(await countSpans(pool), 2)
})

t.test('a letter Postgres refuses does not hold up what is well, and is told', async (t) => {
  const { pool, writer } = await start(t)
  await curse(pool)
  await pool.query(`alter table sidelight.dead_letter add constraint odd check (item % 2 = 1)`)
  const group = [translated(traces(spansOf(['curse', 'curse', 'a'])))]
  t.match(await writer.write(group, never), [
    {
      poison: [
        { row: 0, isKept: false },
        { row: 1, isKept: true },
      ],
    },
  ])
  t.equal(await countSpans(pool), 1)
  t.match(await readLetters(pool), [{ item: 1 }])
})

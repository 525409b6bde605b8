import t from 'tap'
import { createGroupWriter } from '../../collector/store/writer'
import type { Sightings } from '../../collector/store/group'
import { SEVERITY } from '../../collector/translate/error-throw'
import { MAJORS } from '../helpers/postgres'
import { request, requestOf, uuidOf } from '../helpers/rows'
import { countSpans, never, openDatabase, openPool, openWriter, repeated, stored } from './database'
import { errorHash, figures, readErrors, requestWith, throwOf } from './throws'

for (const major of MAJORS) {
  t.test(`on Postgres ${major}`, async (t) => {
    t.test('what is rolled back leaves nothing', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await writer.write([requestWith('warm', [throwOf('t0')])], never)
      await pool.query(`create function public.fail() returns trigger language plpgsql as $$
        begin raise 'no' using errcode = 'XX000'; end $$`)
      await pool.query(`create trigger fail before insert on sidelight.error_occurrence
        for each row execute function public.fail()`)
      const group = [requestWith('a', [throwOf('t1')]), requestOf('b', 1)]
      await t.rejects(writer.write(group, never), /cannot write to Postgres: no/)
      t.same(await readErrors(pool), [figures('fault', 1)])
      t.equal(await countSpans(pool), 1)
      await pool.query('drop trigger fail on sidelight.error_occurrence')
      t.same(await writer.write(group, never), [stored, stored])
      t.same(await readErrors(pool), [figures('fault', 2)])
    })

    t.test('what Postgres refuses of errors is left out, and the items are stored', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await pool.query(
        `alter table sidelight.error_occurrence add constraint no_curse check (message <> 'curse')`,
      )
      const cursed = throwOf('t1', 'fault', { occurrence: { message: 'curse' } })
      for (const seed of ['a', 'b']) {
        const group = [
          requestWith(`${seed}1`, [{ ...cursed, scope: uuidOf(`curse ${seed}`) }]),
          requestWith(`${seed}2`, [throwOf(`t2 ${seed}`)]),
        ]
        t.same(await writer.write(group, never), [stored, stored])
      }
      t.same(await readErrors(pool), [figures('fault', 4, { occurrences: 2 })])
      await pool.query(
        `alter table sidelight.error_rollup add constraint no_release check (release <> 'bad')`,
      )
      const bad = throwOf('t5', 'fault', { release: 'bad' })
      const mixed = [requestWith('c', [bad]), requestWith('d', [throwOf('t6')])]
      t.same(await writer.write(mixed, never), [stored, stored])
      t.match(await readErrors(pool), [figures('fault', 5, { occurrences: 4, seen: 6 })])
      await pool.query(
        `alter table sidelight.error_seen add constraint no_claim check (severity <> 21)`,
      )
      const fatal = throwOf('t7', 'fault', { severity: SEVERITY.fatal })
      t.same(await writer.write([requestWith('e', [fatal])], never), [stored])
      t.match(await readErrors(pool), [figures('fault', 5, { occurrences: 4, seen: 6 })])
      t.equal(await countSpans(pool), 7)
    })

    t.test('of a request with poison, the throws of what is left are counted', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      const rows = [{ name: 'ill', attributes: '{' }, { name: 'well' }]
      const left = requestWith('left', [throwOf('t1', 'nearer', { hash: uuidOf('new hash') })])
      const hashRow = errorHash('new hash')
      const translated = { ...left.translated, dictionary: [hashRow] }
      const whole = request('bad', rows)
      const bad = {
        ...whole,
        retranslate: () => translated,
        translated: { ...whole.translated, throws: [throwOf('t1'), throwOf('t2')] },
      }
      const group = [requestWith('a', [throwOf('t3')]), bad, requestWith('b', [throwOf('t1')])]
      t.match(await writer.write(group, never), [stored, { poison: { length: 1 } }, stored])
      const byHash = [figures('fault', 2), figures('new hash', 1)]
      byHash.sort((a, b) => (a.hash < b.hash ? -1 : 1))
      t.same(await readErrors(pool), byHash)
      const { rows: known } = await pool.query('select id from sidelight.error_group_hash')
      t.same(known, [{ id: uuidOf('new hash') }], 'with what they refer to')
      t.same(await writer.write(group, never), [repeated, repeated, repeated])
    })

    t.test('throws whose hash Postgres refuses are left out', async (t) => {
      const pool = await openDatabase(t, { major })
      const writer = openWriter(t, pool)
      await pool.query(
        `alter table sidelight.error_group_hash add constraint no_class check (class <> 'bad')`,
      )
      const of = (hash: string, kind: string) => {
        const one = requestWith(hash, [throwOf('t1', hash)])
        const dictionary = [errorHash(hash, kind)]
        return { ...one, translated: { ...one.translated, dictionary } }
      }
      const group = [of('refused', 'bad'), of('taken', 'good')]
      t.same(await writer.write(group, never), [stored, stored])
      t.same(await readErrors(pool), [figures('taken', 1)])
    })
  })
}

t.test('groups with throws take two round trips, the others one', async (t) => {
  const pool = await openDatabase(t)
  const own = openPool(t, pool.options.connectionString ?? '', 1)
  const writer = openWriter(t, own)
  await writer.write([requestWith('warm', [throwOf('t0')])], never)
  const client = await own.connect()
  let trips = 0
  const query = client.query.bind(client) as (...args: unknown[]) => unknown
  const counting = (...args: unknown[]) => {
    trips++
    return query(...args)
  }
  Object.assign(client, { query: counting })
  client.release()
  const tripsOf = async (request: ReturnType<typeof requestOf>) => {
    trips = 0
    t.same(await writer.write([request], never), [stored])
    return trips
  }
  t.equal(await tripsOf(requestOf('plain', 1)), 1)
  t.equal(await tripsOf(requestWith('thrown', [throwOf('t1')])), 2)
  t.equal(await tripsOf(requestWith('seen', [throwOf('t1')])), 2)
})

t.test('the writer tells what was seen, once it is committed', async (t) => {
  const pool = await openDatabase(t)
  const told: Sightings[] = []
  const writer = createGroupWriter({ pool, sighted: (sightings) => told.push(sightings) })
  t.teardown(() => writer.close())
  const group = [
    requestWith('a', [throwOf('t1'), throwOf('t2', 'fault', { severity: SEVERITY.warning })]),
    requestWith('b', [throwOf('t1')]),
  ]
  await writer.write(group, never)
  await writer.write([...group, requestWith('c', [throwOf('t2')])], never)
  t.same(told, [
    { added: [17, 13], repeated: 1 },
    { added: [], repeated: 1 },
  ])
})

t.test('what is no uuid never reaches a statement', async (t) => {
  const pool = await openDatabase(t)
  const writer = openWriter(t, pool)
  for (const forged of [
    { scope: `'); drop schema sidelight cascade; --` },
    { innermost: 'x' },
    { hash: uuidOf('x').toUpperCase() },
    { severity: 1.5 },
  ]) {
    const thrown = { ...throwOf('t1'), ...forged }
    await t.rejects(writer.write([requestWith('a', [thrown])], never), TypeError)
  }
  t.equal(await countSpans(pool), 0)
})

t.test('over a pooler throws are counted in statements of their own', async (t) => {
  const pool = await openDatabase(t)
  const pooled = openPool(t, pool.options.connectionString ?? '', 1)
  // A pooler tells of another backend than the one that answers.
  pooled.on('connect', (client) => Object.assign(client, { processID: -1 }))
  const writer = openWriter(t, pooled)
  for (const seed of ['a', 'b', 'c']) {
    const throws = [throwOf('t1'), throwOf(`t ${seed}`, 'other')]
    t.same(await writer.write([requestWith(seed, throws), requestOf(`${seed} 2`, 1)], never), [
      stored,
      stored,
    ])
    t.same(await writer.write([requestWith(seed, throws)], never), [repeated])
  }
  const counted = (await readErrors(pool)).sort((a, b) => a.throws - b.throws)
  t.same(counted, [figures('fault', 1), figures('other', 3)])
})

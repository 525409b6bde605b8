import t from 'tap'
import { Unavailable } from '../../collector/errors'
import type { GroupRequest } from '../../collector/store/group'
import { createGroupWriter } from '../../collector/store/writer'
import type { DictionaryRow } from '../../collector/translate/rows'
import { request, requestOf } from '../helpers/rows'
import { names, never, openDatabase, openPool, openWriter, stored } from './database'

function service(id: string, name: string): DictionaryRow {
  return { dictionary: 'service', id, values: [id, '', '', '', name] }
}

function resource(id: string, attributes: string): DictionaryRow {
  return { dictionary: 'resource', id, values: [id, attributes, '0', null, ''] }
}

t.test('dictionary rows are written once a day, and again on a new connection', async (t) => {
  const pool = await openDatabase(t, { max: 1 })
  let nowMs = Date.now()
  const writer = createGroupWriter({ pool, nowMs: () => nowMs })
  t.teardown(() => writer.close())
  const dictionary = [service('-9', 'shop'), service('8', 'till')]
  const write = (seed: string) => writer.write([request(seed, [{}], dictionary)], never)
  const read = async () =>
    (await pool.query('select id, name from sidelight.service order by id')).rows
  await write('a')
  const both = [
    { id: '-9', name: 'shop' },
    { id: '8', name: 'till' },
  ]
  t.same(await read(), both)
  await pool.query('delete from sidelight.service')
  await write('b')
  t.same(await read(), [], 'what is known is not written again')
  nowMs += 86_400_000
  await write('c')
  t.same(await read(), both, 'but the next day')
  await pool.query('delete from sidelight.service')
  await pool.query('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined)
  await write('d')
  t.same(await read(), both, 'and after the connection was lost')
  await pool.query(`update sidelight.service set last_seen_day = '2020-01-01'`)
  nowMs += 86_400_000
  await write('e')
  const { rows } = await pool.query(
    'select from sidelight.service where last_seen_day < current_date - 1',
  )
  t.equal(rows.length, 0, 'and they are marked as seen')
})

t.test('what is known is forgotten with a failure, also on connections that stay', async (t) => {
  const pool = await openDatabase(t, { max: 2 })
  const writer = openWriter(t, pool)
  const warm = await Promise.all([pool.connect(), pool.connect()])
  for (const client of warm) client.release()
  let connects = 0
  pool.on('connect', () => connects++)
  const dictionary = [service('8', 'till')]
  await writer.write([request('a', [{}], dictionary)], never)
  await pool.query('delete from sidelight.service')
  const locker = await openPool(t, pool.options.connectionString ?? '').connect()
  await locker.query('begin; lock table sidelight.span in exclusive mode')
  const group = [request('b', [{}], dictionary)]
  await t.rejects(writer.write(group, never), Unavailable)
  await locker.query('rollback')
  locker.release()
  t.same(await writer.write(group, never), [stored])
  t.equal(connects, 0)
  const { rows } = await pool.query('select id from sidelight.service')
  t.same(rows, [{ id: '8' }])
})

t.test('many writers of the same dictionary rows do not deadlock', async (t) => {
  const pool = await openDatabase(t)
  const ids = Array.from({ length: 200 }, (_, i) => String(i - 100))
  const writes = Array.from({ length: 8 }, (_, i) => {
    const dictionary = ids.map((id) => service(id, `service ${id}`))
    if (i % 2 === 1) dictionary.reverse()
    return openWriter(t, pool).write([request(`w${i}`, [{}], dictionary)], never)
  })
  t.same((await Promise.all(writes)).flat(), Array(8).fill(stored))
  const { rows } = await pool.query('select count(*)::int as n from sidelight.service')
  t.same(rows, [{ n: 200 }])
})

t.test(
  'a dictionary row Postgres refuses costs the rows that refer to it and no others',
  async (t) => {
    const pool = await openDatabase(t)
    const writer = openWriter(t, pool)
    const dictionary = [resource('3', '{"a": 1}'), resource('4', '{'), resource('5', '{}')]
    const rows = [
      { name: 'a', resourceId: 3n },
      { name: 'b', resourceId: 4n },
      { name: 'c', resourceId: 5n },
      { name: 'd', resourceId: 4n },
    ]
    const group: GroupRequest[] = [request('x', rows, dictionary), requestOf('y', 1)]
    t.match(await writer.write(group, never), [
      {
        kind: 'stored',
        poison: [
          { row: 1, sqlstate: '22P02' },
          { row: 3, sqlstate: '22P02' },
        ],
      },
      stored,
    ])
    t.same(await names(pool), ['a', 'c', 'y-0'])
  },
)

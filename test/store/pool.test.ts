import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t from 'tap'
import { Unavailable } from '../../collector/errors'
import { createPool } from '../../collector/store/pool'
import { withClient } from '../../collector/store/session'
import { until } from '../helpers/until'
import { openDatabase } from './database'

t.test('a connection sets nothing that a pooler would hand to others', async (t) => {
  const pool = await openDatabase(t, { migrated: false })
  const { rows } = await pool.query<{ name: string }>(
    `select name from pg_settings where source in ('client', 'session') order by name`,
  )
  const set = rows.map((row) => row.name)
  t.same(set, ['application_name', 'client_encoding'])
})

t.test('64-bit integers and numerics are strings', async (t) => {
  const pool = await openDatabase(t, { migrated: false })
  const { rows } = await pool.query('select 9223372036854775807 as big, 1.50 as exact')
  t.same(rows, [{ big: '9223372036854775807', exact: '1.50' }])
})

t.test('a connection killed while idle is reported and replaced', async (t) => {
  const { options } = await openDatabase(t, { migrated: false })
  const errors: Error[] = []
  const pool = createPool({
    connectionString: options.connectionString ?? '',
    max: 2,
    applicationName: 'test',
    onIdleError: (error) => errors.push(error),
  })
  t.teardown(() => pool.end())
  const [one, two] = [await pool.connect(), await pool.connect()]
  const { rows } = await one.query<{ pid: number }>('select pg_backend_pid() as pid')
  one.release()
  await two.query('select pg_terminate_backend($1)', [rows[0]?.pid])
  await until(() => errors.length > 0, 10_000, 'the pool to notice')
  two.release()
  t.same((await pool.query('select 1 as one')).rows, [{ one: 1 }])
})

t.test('whatever a borrower throws, its transaction does not return to the pool', async (t) => {
  const pool = await openDatabase(t, { migrated: false, max: 1 })
  const failed = withClient(pool, undefined, async (client) => {
    await client.query('begin; create table public.half (id int)')
    throw new Error('half way')
  })
  await t.rejects(failed, { message: 'half way' })
  const { rows } = await pool.query(`select to_regclass('public.half') is null as absent`)
  t.same(rows, [{ absent: true }])
})

t.test('a server that accepts and says nothing is given up', async (t) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await once(server.close(), 'close')
  })
  const pool = createPool({
    connectionString: `postgresql://nobody@127.0.0.1:${(server.address() as AddressInfo).port}/none`,
    max: 1,
    applicationName: 'test',
    connectionTimeoutMs: 50,
  })
  t.teardown(() => pool.end())
  const used = withClient(pool, undefined, () => Promise.resolve())
  await t.rejects(used, Unavailable)
})

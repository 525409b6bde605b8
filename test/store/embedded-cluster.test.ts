import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import t from 'tap'
import { findFreePort } from '../../collector/store/embedded/cluster'
import { MAJORS, startCluster, withDatabase } from '../helpers/postgres'
import { isProcess, runScript } from '../helpers/process'
import { until } from '../helpers/until'

t.test('the database of a killed test process ends with it', async (t) => {
  const child = runScript(t, join(__dirname, '..', 'helpers', 'cluster-child.ts'))
  const { pid, folder } = JSON.parse(await child.line()) as { pid: number; folder: string }
  t.ok(isProcess(pid))
  await child.end('SIGKILL')
  await until(() => !isProcess(pid) && !existsSync(dirname(folder)), 30_000, 'the end of it all')
})

t.test('every major has a database of its own', async (t) => {
  for (const major of MAJORS) {
    const client = new Client(await withDatabase(t, { major, migrated: false }))
    await client.connect()
    const { rows } = await client.query<{ version: string }>('show server_version')
    t.match(rows, [{ server_version: new RegExp(`^${major}\\.`) }])
    await client.end()
  }
})

t.test('a cluster of a test is killed and comes back with its data', async (t) => {
  const cluster = await startCluster(t)
  const query = async (statement: string) => {
    const client = new Client(cluster.connectionString())
    await client.connect()
    return client.query(statement).finally(() => client.end())
  }
  await query('create table kept as select 7 as value')
  await cluster.stop('SIGKILL')
  await t.rejects(query('select 1'), { code: 'ECONNREFUSED' })
  await cluster.restart()
  t.same((await query('select value from kept')).rows, [{ value: 7 }])
})

t.test('a free port is none that connections are given, and can be listened on', async (t) => {
  const servers: Server[] = []
  for (let found = 0; found < 20; found++) {
    const port = await findFreePort()
    t.ok(port < 32_768, String(port))
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
  }
  for (const server of servers) await once(server.close(), 'close')
})

import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readEmbeddedConnection } from '../../collector/store/embedded/connection'
import { collector, query, start } from '../helpers/embedded'
import { dataDirectory, isProcess } from '../helpers/process'
import { until } from '../helpers/until'

t.test('the first start makes a durable database, the second finds its data', async (t) => {
  const dataDir = dataDirectory(t)
  const first = await start(t, dataDir)
  t.equal(first.adopted, false)
  t.match(first.version, /^18\./)
  t.same(
    await query(
      first.connectionString,
      `select current_database() as database, current_setting('fsync') as fsync,
        current_setting('synchronous_commit') as commit, current_setting('data_checksums') as checksums,
        current_setting('server_encoding') as encoding, upper('é') as upper`,
    ),
    [
      {
        database: 'sidelight',
        fsync: 'on',
        commit: 'on',
        checksums: 'on',
        encoding: 'UTF8',
        upper: 'É',
      },
    ],
  )
  await query(first.connectionString, 'create table kept as select 7 as value')
  t.equal(await readEmbeddedConnection(dataDir), first.connectionString)
  await first.stop()
  await first.exited
  t.notOk(isProcess(first.pid), 'stop leaves no process')
  await t.rejects(readEmbeddedConnection(dataDir), /start the collector on it first/)

  const second = await start(t, dataDir)
  t.equal(second.adopted, false)
  t.same(await query(second.connectionString, 'select value from kept'), [{ value: 7 }])
})

t.test('nobody gets in without the password, which only its owner can read', async (t) => {
  const dataDir = dataDirectory(t)
  const { connectionString } = await start(t, dataDir)
  const url = new URL(connectionString)
  t.equal(url.hostname, '127.0.0.1')
  t.equal(statSync(join(dataDir, 'postgres', 'sidelight.password')).mode & 0o077, 0)
  t.equal(statSync(join(dataDir, 'postgres')).mode & 0o077, 0)
  url.password = 'guessed'
  await t.rejects(query(url.href, 'select 1'), { code: '28P01' })
})

t.test('a second collector on the same folder is told who runs on it', async (t) => {
  const dataDir = dataDirectory(t)
  const owner = await collector(t, dataDir)
  await t.rejects(start(t, dataDir), {
    name: 'FolderInUse',
    message: `cannot use ${dataDir}: another sidelight (pid ${owner.child.pid}) runs on it; set SIDELIGHT_DATA_DIR to another folder`,
  })
  t.equal(await owner.child.end('SIGTERM'), 0)
  t.notOk(isProcess(owner.pid), 'SIGTERM stops Postgres with its collector')
  t.equal((await start(t, dataDir)).adopted, false)
})

t.test('a database larger than its cap is refused more data, in words', async (t) => {
  const postgres = await start(t, dataDirectory(t), 1)
  const refusal = await until(() => postgres.refusal(), 30_000, 'the first measurement')
  t.match(refusal, /the embedded database is at its cap/)
})

t.test('data of another major is refused with the ways to go on', async (t) => {
  const dataDir = dataDirectory(t)
  await (await start(t, dataDir)).stop()
  writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '17\n')
  await t.rejects(
    start(t, dataDir),
    /data was made by Postgres 17, and this is Postgres 18; .*DATABASE_URL/,
  )
  rmSync(join(dataDir, 'postgres', 'PG_VERSION'))
  await t.rejects(start(t, dataDir), /holds no Postgres database/)
})

t.test('a data folder that cannot be made is refused with the reason', async (t) => {
  const dataDir = dataDirectory(t)
  writeFileSync(join(dataDir, 'file'), '')
  await t.rejects(start(t, join(dataDir, 'file', 'data')), {
    name: 'EmbeddedPostgresError',
    message: /a file is in the way .*SIDELIGHT_DATA_DIR/,
  })
})

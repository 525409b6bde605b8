import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { startEmbeddedPostgres } from '../../collector/store/embedded/server'
import { CHILD, collector, isPartial, query, start } from '../helpers/embedded'
import { dataDirectory, isProcess, runScript } from '../helpers/process'
import { until } from '../helpers/until'

t.test('the Postgres of a killed collector runs on and is adopted with its data', async (t) => {
  const dataDir = dataDirectory(t)
  const killed = await collector(t, dataDir)
  await query(killed.connectionString, 'create table kept as select 7 as value')
  await killed.child.end('SIGKILL')
  t.ok(isProcess(killed.pid), 'Postgres outlives the collector')

  const next = await start(t, dataDir)
  t.equal(next.adopted, true)
  t.equal(next.pid, killed.pid)
  t.equal(next.connectionString, killed.connectionString)
  t.same(await query(next.connectionString, 'select value from kept'), [{ value: 7 }])
  await next.stop()
  t.notOk(isProcess(killed.pid), 'an adopted server is stopped too')
})

t.test('killed together with its Postgres, a collector finds its data again', async (t) => {
  const dataDir = dataDirectory(t)
  const killed = await collector(t, dataDir)
  await query(killed.connectionString, 'create table kept as select 7 as value')
  await killed.child.end('SIGKILL')
  process.kill(killed.pid, 'SIGKILL')
  await until(() => !isProcess(killed.pid), 10_000, 'the end of Postgres')

  const next = await start(t, dataDir)
  t.equal(next.adopted, false)
  t.same(await query(next.connectionString, 'select value from kept'), [{ value: 7 }])
})

t.test(
  'a stale postmaster.pid that names another live process does not stop a start',
  async (t) => {
    const dataDir = dataDirectory(t)
    const first = await start(t, dataDir)
    await first.stop()
    const lines = [process.pid, join(dataDir, 'postgres'), 1, 1, '', '127.0.0.1', '', 'ready']
    writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), `${lines.join('\n')}\n`)
    const second = await start(t, dataDir)
    t.equal(second.adopted, false)
  },
)

t.test('a Postgres that dies is started again under the same address', async (t) => {
  const dataDir = dataDirectory(t)
  const postgres = await start(t, dataDir)
  await query(postgres.connectionString, 'create table kept as select 7 as value')
  const before = postgres.pid
  process.kill(before, 'SIGKILL')
  await until(() => postgres.pid !== before, 30_000, 'another postmaster')
  t.same(await query(postgres.connectionString, 'select value from kept'), [{ value: 7 }])
  await postgres.stop()
  t.notOk(isProcess(postgres.pid))
})

t.test('a collector killed while it makes the database leaves a usable folder', async (t) => {
  const dataDir = dataDirectory(t)
  const killed = runScript(t, CHILD, [dataDir])
  const isBeingMade = (name: string) =>
    isPartial(name) && existsSync(join(dataDir, name, 'PG_VERSION'))
  await until(() => readdirSync(dataDir).some(isBeingMade), 30_000, 'initdb at work')
  await killed.end('SIGKILL')
  t.notOk(existsSync(join(dataDir, 'postgres')), 'no half made database is in place')

  const next = await start(t, dataDir)
  t.same(await query(next.connectionString, 'select 1 as value'), [{ value: 1 }])
  t.notOk(readdirSync(dataDir).some(isPartial), 'the remains are gone')
})

t.test('a start that is given up ends what it started', async (t) => {
  const dataDir = dataDirectory(t)
  const giveUp = new AbortController()
  const starting = startEmbeddedPostgres({
    dataDir,
    explicitDataDir: true,
    maxSizeBytes: 1024 ** 3,
    log: pino({ level: 'silent' }),
    signal: giveUp.signal,
  })
  await until(() => readdirSync(dataDir).some(isPartial), 30_000, 'initdb at work')
  giveUp.abort()
  await t.rejects(starting, { name: 'AbortError' })
  t.notOk(existsSync(join(dataDir, 'postgres')))
  t.equal((await start(t, dataDir)).adopted, false, 'the folder is free again')
  t.notOk(readdirSync(dataDir).some(isPartial), 'the remains are gone')
})

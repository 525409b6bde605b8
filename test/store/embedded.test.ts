import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { readEmbeddedConnection } from '../../collector/store/embedded/connection'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../collector/store/embedded/server'
import { dataDirectory, isProcess, runScript } from '../helpers/process'
import { until } from '../helpers/until'

const CHILD = join(__dirname, '..', 'helpers', 'embedded-child.ts')

async function start(
  t: Test,
  dataDir: string,
  maxSizeBytes = 1024 ** 3,
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({
    dataDir,
    explicitDataDir: true,
    maxSizeBytes,
    log: pino({ level: 'silent' }),
  })
  t.teardown(() => postgres.stop())
  return postgres
}

function isPartial(name: string): boolean {
  return name.includes('.partial-')
}

async function query<T extends object>(connectionString: string, statement: string): Promise<T[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query<T>(statement)).rows
  } finally {
    await client.end()
  }
}

async function collector(t: Test, dataDir: string) {
  const child = runScript(t, CHILD, [dataDir])
  const started = JSON.parse(await child.line()) as {
    connectionString: string
    pid: number
    adopted: boolean
  }
  return { child, ...started }
}

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

t.test('a second collector on the same folder is told who runs on it', async (t) => {
  const dataDir = dataDirectory(t)
  const owner = await collector(t, dataDir)
  await t.rejects(start(t, dataDir), {
    name: 'EmbeddedPostgresError',
    message: `cannot use ${dataDir}: another sidelight (pid ${owner.child.pid}) runs on it; set SIDELIGHT_DATA_DIR to another folder`,
  })
  t.equal(await owner.child.end('SIGTERM'), 0)
  t.notOk(isProcess(owner.pid), 'SIGTERM stops Postgres with its collector')
  t.equal((await start(t, dataDir)).adopted, false)
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

import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, realpathSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { pino } from 'pino'
import {
  type Account,
  chooseAccount,
  firstClosedFolder,
} from '../../collector/store/embedded/account'
import {
  type Binaries,
  locateBinaries,
  reachableBinaries,
} from '../../collector/store/embedded/binaries'
import {
  type Cluster,
  createCluster,
  launchPostgres,
  PASSWORD_FILE,
  SUPERUSER,
} from '../../collector/store/embedded/cluster'
import { migrate } from '../../collector/store/migrate'
import { findPort } from './ports'
import { until } from './until'

export type Major = 15 | 16 | 17 | 18
export const MAJORS: readonly Major[] = [15, 16, 17, 18]

export interface TestDatabase {
  readonly connectionString: string
  readonly name: string
}

/** A running cluster of a test's own, for tests that stop or kill Postgres. */
export interface TestCluster {
  readonly port: number
  /** The data folder. */
  readonly folder: string
  /** The postmaster. */
  pid(): number
  connectionString(database?: string): string
  /** SIGINT: fast shutdown; SIGQUIT: immediate; SIGKILL: as a crash. Resolves when the postmaster has ended. */
  stop(signal?: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Starts it again on the same data and port, and waits until it answers. */
  restart(): Promise<void>
}

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

const READY_TIMEOUT_MS = 30_000

/**
 * A fresh database, dropped at teardown, `migrated` unless told otherwise. It lives in a cluster of this test process,
 * one a major, started by the first call and ended with the process, however that ends; or, for the newest major, on the
 * server of TEST_DATABASE_URL.
 */
export async function withDatabase(
  t: Teardown,
  { major = 18, migrated = true }: { major?: Major; migrated?: boolean } = {},
): Promise<TestDatabase> {
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`
  const given = process.env['TEST_DATABASE_URL']
  if (given !== undefined && given !== '' && major === 18)
    return onGivenServer(t, given, name, migrated)
  const { cluster, template } = await sharedCluster(major)
  const from = migrated ? ` template ${await template()}` : ''
  await runOn(cluster.connectionString(), `create database ${name}${from}`)
  t.teardown(() =>
    runOn(cluster.connectionString(), `drop database if exists ${name} with (force)`),
  )
  return { connectionString: cluster.connectionString(name), name }
}

/** A cluster of the test's own; ended at teardown, or with the process. `durable: false` turns fsync off. */
export async function startCluster(
  t: Teardown,
  { major = 18, durable = true }: { major?: Major; durable?: boolean } = {},
): Promise<TestCluster> {
  const { cluster, dispose } = await makeCluster(major, durable)
  t.teardown(dispose)
  return cluster
}

interface Shared {
  readonly cluster: TestCluster
  /** The name of a migrated database nobody is connected to. */
  template(): Promise<string>
}

const shared = new Map<Major, Promise<Shared>>()

function sharedCluster(major: Major): Promise<Shared> {
  const known = shared.get(major)
  if (known !== undefined) return known
  const made = makeCluster(major, false).then(({ cluster }): Shared => {
    let template: Promise<string> | undefined
    return { cluster, template: () => (template ??= makeTemplate(cluster)) }
  })
  shared.set(major, made)
  return made
}

async function makeTemplate(cluster: TestCluster): Promise<string> {
  await runOn(cluster.connectionString(), 'create database migrated')
  await migrateDatabase(cluster.connectionString('migrated'))
  return 'migrated'
}

async function onGivenServer(
  t: Teardown,
  url: string,
  name: string,
  migrated: boolean,
): Promise<TestDatabase> {
  try {
    await runOn(url, `create database ${name}`)
  } catch (cause) {
    throw new Error(
      `cannot use the server of TEST_DATABASE_URL (${(cause as Error).message}); unset it to let the tests start their own, or correct it`,
      { cause },
    )
  }
  t.teardown(() => runOn(url, `drop database if exists ${name} with (force)`))
  const own = new URL(url)
  own.pathname = `/${name}`
  if (migrated) await migrateDatabase(own.href)
  return { connectionString: own.href, name }
}

async function migrateDatabase(connectionString: string): Promise<void> {
  const pool = new Pool({ connectionString, max: 2 })
  try {
    await migrate(pool, { mode: 'auto', log: pino({ level: 'silent' }) })
  } finally {
    await pool.end()
  }
}

async function runOn(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

async function makeCluster(
  major: Major,
  durable: boolean,
): Promise<{ cluster: TestCluster; dispose: () => Promise<void> }> {
  const account = chooseAccount()
  const folder = mkdtempSync(join(temporaryFolder(account), 'sidelight-postgres-'))
  chmodSync(folder, 0o711)
  const watchdog = watch(folder)
  const cluster: Cluster = {
    binaries: reachableBinaries(binariesOf(major), account, folder),
    account,
    folder: join(folder, 'data'),
  }
  await createCluster(cluster, { durable })
  const running = await run(cluster, join(folder, 'log'), durable)
  return {
    cluster: running,
    async dispose() {
      const ended = once(watchdog, 'exit')
      watchdog.ref()
      watchdog.stdin?.end()
      await ended
    },
  }
}

function binariesOf(major: Major): Binaries {
  if (major === 18) return locateBinaries()
  const from = join(__dirname, '..', 'majors', 'package.json')
  try {
    return locateBinaries(from, `postgres-${major}-${process.platform}-${process.arch}`)
  } catch (cause) {
    throw new Error(`Postgres ${major} is not installed; run: npm ci --prefix test/majors`, {
      cause,
    })
  }
}

function temporaryFolder(account: Account | null): string {
  for (const candidate of [tmpdir(), '/tmp', '/var/tmp']) {
    const folder = realpathSync(candidate)
    if (account === null) return folder
    if (firstClosedFolder(account, folder) === null) return folder
  }
  throw new Error('no temporary folder that the user of Postgres can reach; set TMPDIR to one')
}

async function run(cluster: Cluster, logFile: string, durable: boolean): Promise<TestCluster> {
  const port = await findPort()
  const password = readFileSync(join(cluster.folder, PASSWORD_FILE), 'utf8')
  const connectionString = (database = 'postgres') =>
    `postgresql://${SUPERUSER}:${password}@127.0.0.1:${port}/${database}`
  let child = await start()

  async function start(): Promise<ChildProcess> {
    // After a kill the old server's children may hold its shared memory for a moment, and a start then gives up.
    return until(
      async () => {
        const started = await launchPostgres(cluster, port, settingsOf(durable), logFile)
        return (await isReady(started, connectionString())) ? started : null
      },
      READY_TIMEOUT_MS,
      `Postgres on ${cluster.folder} (see ${logFile})`,
    )
  }

  return {
    port,
    folder: cluster.folder,
    pid: () => child.pid ?? -1,
    connectionString,
    async stop(signal = 'SIGINT') {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.ref()
      child.kill(signal)
      await ended
    },
    async restart() {
      child = await start()
    },
  }
}

async function isReady(child: ChildProcess, connectionString: string): Promise<boolean> {
  return until(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) return 'ended'
      const client = new Client({ connectionString })
      try {
        await client.connect()
        await client.end()
        return 'ready'
      } catch {
        return null
      }
    },
    READY_TIMEOUT_MS,
    'an answer from Postgres',
  ).then((outcome) => outcome === 'ready')
}

function settingsOf(durable: boolean): Record<string, string> {
  return {
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    shared_buffers: '64MB',
    max_connections: '100',
    wal_level: 'minimal',
    max_wal_senders: '0',
  }
}

/**
 * Ends the cluster and removes its folder when the pipe to it closes: at teardown, and when this process ends in any way,
 * SIGKILL included.
 */
function watch(folder: string): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'sh', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watchdog.unref()
  const pipe: Socket | null = watchdog.stdin as Socket | null
  pipe?.unref()
  return watchdog
}

const WATCHDOG = `
cat > /dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null)
runs() {
  { tr '\\000' ' ' < "/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2> /dev/null | grep -qF -- "$1/data"
}
if [ -n "$pid" ] && runs "$1"; then
  kill -QUIT "$pid"
  tries=0
  while runs "$1" && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
fi
rm -rf "$1"
`

import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { closeSync, fsyncSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { randomBytes, randomInt } from 'node:crypto'
import { dirname, join } from 'node:path'
import type { Account } from './account'
import type { Binaries } from './binaries'
import { EmbeddedPostgresError } from './error'

/** The superuser of the clusters made here. */
export const SUPERUSER = 'sidelight'
/** Where a cluster keeps its superuser's password, inside its folder: the two always travel together. */
export const PASSWORD_FILE = 'sidelight.password'

const FIRST_PORT = 10_000
const END_OF_PORTS = 32_000
const PORT_ATTEMPTS = 50
/** Windows keeps some ports to itself. */
const TAKEN = new Set<string | undefined>(['EADDRINUSE', 'EACCES'])

export interface Cluster {
  readonly binaries: Binaries
  /** Null: Postgres runs as this process's own user. */
  readonly account: Account | null
  /** The folder Postgres keeps its data in. */
  readonly folder: string
}

/**
 * Makes a new cluster: beside `folder` first, renamed into place when it is complete and on disk, so that an end at any
 * moment leaves either nothing or a whole cluster. `durable: false` skips the syncing (tests).
 */
export async function createCluster(
  cluster: Cluster,
  { durable = true, signal }: { durable?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  const partial = `${cluster.folder}.partial-${process.pid}-${randomBytes(4).toString('hex')}`
  const password = randomBytes(24).toString('hex')
  const passwordFile = `${partial}.password`
  try {
    mkdirSync(partial, { mode: 0o700 })
    writeFileSync(passwordFile, password, { mode: 0o600 })
    giveTo(cluster.account, partial, passwordFile)
    await runInitdb(cluster, partial, passwordFile, durable, signal)
    renameSync(passwordFile, join(partial, PASSWORD_FILE))
    if (durable) for (const name of [PASSWORD_FILE, '.']) sync(join(partial, name))
    renameSync(partial, cluster.folder)
    if (durable) sync(dirname(cluster.folder))
  } catch (error) {
    rmSync(partial, { recursive: true, force: true, maxRetries: 5 })
    rmSync(passwordFile, { force: true })
    throw error
  }
}

/**
 * Starts Postgres on a cluster, in a process group of its own so that neither Ctrl-C in a terminal nor this process's
 * end reaches it, listening on 127.0.0.1 only. Its log is appended to `logFile`. It is not ready yet.
 */
export async function launchPostgres(
  cluster: Cluster,
  port: number,
  settings: Readonly<Record<string, string>>,
  logFile: string,
): Promise<ChildProcess> {
  const fixed = {
    ...settings,
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
  }
  const log = openSync(logFile, 'a', 0o600)
  try {
    const child = spawn(
      join(cluster.binaries.folder, 'bin', 'postgres'),
      ['-D', cluster.folder, ...Object.entries(fixed).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
      {
        ...identityOf(cluster.account),
        cwd: cluster.folder,
        env: ENVIRONMENT,
        detached: true,
        stdio: ['ignore', log, log],
      },
    )
    await spawned(child)
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/**
 * A TCP port of 127.0.0.1 nobody listened on a moment ago, below those that Linux, macOS and Windows give to connections: such
 * a one could be taken by any of these until it is listened on, or while what listens there is started again.
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 1; attempt <= PORT_ATTEMPTS; attempt++) {
    try {
      return await listenOnce(randomInt(FIRST_PORT, END_OF_PORTS))
    } catch (error) {
      if (!TAKEN.has((error as NodeJS.ErrnoException).code)) throw error
    }
  }
  return listenOnce(0)
}

async function listenOnce(wanted: number): Promise<number> {
  const server = createServer()
  await once(server.listen(wanted, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

/** None of ours: PGPORT, PGDATA or a locale of the caller must not leak into the server. */
const ENVIRONMENT: NodeJS.ProcessEnv = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' }

async function runInitdb(
  { binaries, account }: Cluster,
  folder: string,
  passwordFile: string,
  durable: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The built-in provider (17 on) knows Unicode's letter cases and, unlike ICU and libc, never changes its sort order.
  const locale =
    binaries.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []
  const child = spawn(
    join(binaries.folder, 'bin', 'initdb'),
    [
      `--pgdata=${folder}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      ...locale,
      '--data-checksums',
      ...(durable ? [] : ['--no-sync']),
    ],
    {
      ...identityOf(account),
      cwd: folder,
      env: ENVIRONMENT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  await spawned(child)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0)
    throw new EmbeddedPostgresError(`cannot create a database in ${folder}: ${explain(output)}`)
}

function identityOf(account: Account | null): { uid?: number; gid?: number } {
  return account === null ? {} : { uid: account.uid, gid: account.gid }
}

function giveTo(account: Account | null, ...paths: readonly string[]): void {
  if (account === null) return
  for (const path of paths) chownSync(path, account.uid, account.gid)
}

async function spawned(child: ChildProcess): Promise<void> {
  try {
    await once(child, 'spawn')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why =
      // The file is there, so it is the loader it names that is missing.
      code === 'ENOENT'
        ? 'these binaries need the GNU C library, which this system (Alpine, musl) has not; set DATABASE_URL, or use an image with glibc'
        : code === 'EPERM'
          ? 'this process is root but may not become another user; start it as an ordinary user, or set DATABASE_URL'
          : (cause as Error).message
    throw new EmbeddedPostgresError(`cannot run the embedded Postgres: ${why}`, { cause })
  }
}

/** The likely reason in the last words of initdb or of the server's log. */
export function explain(output: string): string {
  const text = output.trim()
  if (/No space left on device/.test(text)) {
    return 'no space left on the disk; make room or set SIDELIGHT_DATA_DIR to a folder on another one'
  }
  if (/Read-only file system/.test(text)) {
    return 'the file system is read-only; set SIDELIGHT_DATA_DIR to a folder that can be written'
  }
  if (/Permission denied/.test(text)) {
    return `permission denied (${lastLine(text)}); set SIDELIGHT_DATA_DIR to a folder that can be written`
  }
  if (/could not look up effective user ID/.test(text)) {
    return 'the user it runs as has no entry in /etc/passwd, which Postgres asks for; run as a user that has, or set DATABASE_URL'
  }
  return lastLine(text)
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return (
    lines.findLast((line) => /FATAL|PANIC|error:/.test(line)) ??
    lines.at(-1) ??
    'no reason given'
  ).trim()
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

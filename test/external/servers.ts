import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseAccount } from '../../collector/store/embedded/account'
import { findPort } from '../helpers/ports'
import { until } from '../helpers/until'

export interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

/** A MariaDB of the test's own with an empty database `shop`; ended at teardown. Needs Debian's mariadb-server. */
export async function startMariadb(t: Teardown) {
  const { folder, account } = makeFolder(t, 'mariadb')
  const data = join(folder, 'data')
  execFileSync(
    'mariadb-install-db',
    [`--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'],
    { ...account, stdio: 'pipe' },
  )
  const port = await findPort()
  const socket = join(folder, 'socket')
  await startServer(
    t,
    'mariadbd',
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--socket=${socket}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--pid-file=${join(folder, 'pid')}`,
    ],
    { account, port },
  )
  const statement =
    "create database shop; create user app@'127.0.0.1' identified by 'password-of-app'; grant all on shop.* to app@'127.0.0.1'"
  execFileSync('mariadb', ['--no-defaults', `--socket=${socket}`, '-uroot', '-e', statement])
  return { host: '127.0.0.1', port, user: 'app', password: 'password-of-app', database: 'shop' }
}

/** A Redis of the test's own; ended at teardown. Needs Debian's redis-server. Returns its URL. */
export async function startRedisServer(t: Teardown): Promise<string> {
  const { folder, account } = makeFolder(t, 'redis')
  const port = await findPort()
  const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  await startServer(t, 'redis-server', flags, { account, port })
  return `redis://127.0.0.1:${port}`
}

export interface Account {
  readonly uid?: number
  readonly gid?: number
}

/** A folder in the temporary one that belongs to who runs the server: not root, if we are. */
export function makeFolder(t: Teardown, name: string): { folder: string; account: Account } {
  const folder = mkdtempSync(join(tmpdir(), `sidelight-${name}-`))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const chosen = chooseAccount()
  if (chosen === null) return { folder, account: {} }
  const account = { uid: chosen.uid, gid: chosen.gid }
  chmodSync(folder, 0o755)
  chownSync(folder, account.uid, account.gid)
  return { folder, account }
}

/** Starts a server and waits until it answers on its port; ended at teardown. */
export async function startServer(
  t: Teardown,
  program: string,
  flags: readonly string[],
  { account, port }: { account: Account; port: number },
): Promise<void> {
  const child = spawn(program, flags, { ...account, stdio: 'ignore' })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  await until(() => answers(port), 60_000, `an answer from ${program}`)
}

/** Whether something accepts connections at a port of 127.0.0.1. */
export async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

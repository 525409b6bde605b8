import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { chooseAccount } from '../../collector/store/embedded/account'
import { findFreePort, SUPERUSER } from '../../collector/store/embedded/cluster'
import { until } from '../helpers/until'

/** Starts Debian's pgbouncer in transaction mode in front of a server; ended at teardown. Returns the connection string to use instead. */
export async function startPgbouncer(
  t: { teardown(fn: () => Promise<void>): void },
  connectionString: string,
): Promise<string> {
  const server = new URL(connectionString)
  const port = await findFreePort()
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-pgbouncer-'))
  chmodSync(folder, 0o755)
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]
* = host=${server.hostname} port=${server.port} user=${SUPERUSER} password=${server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
`,
  )
  const account = chooseAccount()
  const child = spawn('pgbouncer', [file], {
    stdio: ['ignore', 'ignore', 'inherit'],
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })
  const pooled = `postgresql://${SUPERUSER}@127.0.0.1:${port}${server.pathname}`
  await until(() => answers(pooled), 10_000, 'an answer through pgbouncer')
  return pooled
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString })
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

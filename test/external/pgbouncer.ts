import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { chooseAccount } from '../../collector/store/embedded/account'
import { SUPERUSER } from '../../collector/store/embedded/cluster'
import { ROOT } from '../deploy/objects'
import { findPort } from '../helpers/ports'
import { until } from '../helpers/until'

const EXAMPLE = join(ROOT, 'deploy', 'kubernetes', 'pgbouncer', 'pgbouncer.ini')

/**
 * Starts Debian's pgbouncer with the configuration that is deployed in front of a server, but for the places; with
 * `poolSize` connections to the server, if not those that the file says. Ended at teardown. Returns the connection string to
 * use instead.
 */
export async function startPgbouncer(
  t: { teardown(fn: () => Promise<void>): void },
  connectionString: string,
  poolSize: number | null = null,
): Promise<string> {
  const server = new URL(connectionString)
  const port = await findPort()
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-pgbouncer-'))
  chmodSync(folder, 0o755)
  const users = join(folder, 'userlist.txt')
  writeFileSync(users, `"${SUPERUSER}" "${server.password}"\n`)
  const changes: [string | RegExp, string][] = [
    ['host=sidelight-postgres port=5432', `host=${server.hostname} port=${server.port}`],
    ['listen_addr = 0.0.0.0', 'listen_addr = 127.0.0.1'],
    ['listen_port = 6432', `listen_port = ${port}`],
    ['/etc/pgbouncer/secret/userlist.txt', users],
  ]
  if (poolSize !== null)
    changes.push([/default_pool_size = \d+/, `default_pool_size = ${poolSize}`])
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(file, changes.reduce(changed, readFileSync(EXAMPLE, 'utf8')))
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
  const pooled = `postgresql://${SUPERUSER}:${server.password}@127.0.0.1:${port}${server.pathname}`
  await until(() => answers(pooled), 60_000, 'an answer through pgbouncer')
  return pooled
}

/** Throws when the file does not have what is to be changed. */
function changed(text: string, [from, to]: [string | RegExp, string]): string {
  const result = text.replace(from, to)
  if (result === text) throw new Error(`${EXAMPLE} has no ${from}`)
  return result
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

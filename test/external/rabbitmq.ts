import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseAccount } from '../../collector/store/embedded/account'
import { findFreePort } from '../../collector/store/embedded/cluster'
import { until } from '../helpers/until'

/**
 * A RabbitMQ of the test's own, with a name server of its own, or it would start one that stays; both are ended at
 * teardown. Needs Debian's rabbitmq-server. Returns its URL.
 */
export async function startRabbitmq(t: {
  teardown(fn: () => Promise<void> | void): void
}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-rabbitmq-'))
  const chosen = chooseAccount()
  const account = chosen === null ? {} : { uid: chosen.uid, gid: chosen.gid }
  chmodSync(folder, 0o755)
  if (chosen !== null) chownSync(folder, chosen.uid, chosen.gid)
  const [port, distributionPort] = [await findFreePort(), await findFreePort()]
  const namePort = String(await findFreePort())
  const names = spawn('epmd', ['-port', namePort, '-address', '127.0.0.1'], {
    ...account,
    stdio: 'ignore',
  })
  let log = ''
  const child = spawn('/usr/lib/rabbitmq/bin/rabbitmq-server', {
    ...account,
    // A group of its own, for its scripts start the virtual machine as a child.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      LANG: 'C.UTF-8',
      RABBITMQ_NODENAME: `sidelight${port}@localhost`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_CONFIG_FILE: join(folder, 'none'),
      ERL_EPMD_PORT: namePort,
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1',
    },
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => (log += text.toString()))
  }
  t.teardown(async () => {
    const ended = once(child, 'close')
    const namesEnded = names.exitCode === null ? once(names, 'close') : undefined
    names.kill('SIGKILL')
    await namesEnded
    if (child.pid !== undefined && child.exitCode === null) {
      process.kill(-child.pid, 'SIGKILL')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  })
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`RabbitMQ does not start: ${log}`)
      return log.includes('Starting broker... completed') || undefined
    },
    90_000,
    'RabbitMQ',
  )
  return `amqp://guest:guest@127.0.0.1:${port}`
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { findPort } from '../helpers/ports'
import { until } from '../helpers/until'
import { type Account, answers, makeFolder, startServer, type Teardown } from './servers'

/**
 * A RabbitMQ of the test's own, with a name server of its own, or it would start one that stays; both are ended at
 * teardown. Needs Debian's rabbitmq-server. Returns its URL.
 */
export async function startRabbitmq(t: Teardown): Promise<string> {
  const { folder, account } = makeFolder(t, 'rabbitmq')
  const [port, distributionPort, namePort] = [await findPort(), await findPort(), await findPort()]
  const flags = ['-port', String(namePort), '-address', '127.0.0.1']
  await startServer(t, 'epmd', flags, { account, port: namePort })
  const { output, ended } = spawnServer(t, account, {
    HOME: folder,
    RABBITMQ_NODENAME: `sidelight${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_CONFIG_FILE: join(folder, 'none'),
    ERL_EPMD_PORT: String(namePort),
  })
  await until(
    async () => {
      if (ended()) throw new Error(`RabbitMQ does not start: ${output()}`)
      return output().includes('Starting broker... completed') && (await answers(port))
    },
    90_000,
    'RabbitMQ',
  )
  return `amqp://guest:guest@127.0.0.1:${port}`
}

function spawnServer(t: Teardown, account: Account, env: NodeJS.ProcessEnv) {
  let output = ''
  const child = spawn('/usr/lib/rabbitmq/bin/rabbitmq-server', {
    ...account,
    // A group of its own, for its scripts start the virtual machine as a child.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1',
      ...env,
    },
  })
  const ended = () => child.exitCode !== null || child.signalCode !== null
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => (output += text.toString()))
  }
  t.teardown(async () => {
    if (child.pid === undefined || ended()) return
    const closed = once(child, 'close')
    process.kill(-child.pid, 'SIGKILL')
    await closed
  })
  return { output: () => output, ended }
}

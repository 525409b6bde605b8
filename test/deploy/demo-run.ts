import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ADMIN_TOKEN, collectors, dataFolder, freePorts } from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'

const ROOT = join(__dirname, '..', '..')
/** Where the demo is. */
export const DEMO = join(ROOT, 'deploy', 'demo')

/** A collector of its own, and the environment in which the demo finds it. */
export async function collectorFor(
  t: Parameters<typeof withDatabase>[0] & Parameters<typeof dataFolder>[0],
) {
  const { connectionString } = await withDatabase(t, { migrated: false })
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const dataDir = dataFolder(t)
  const collector = await collectors(t).start({
    databaseUrl: connectionString,
    otlpPort,
    apiPort,
    dataDir,
  })
  return {
    collector,
    apiUrl: collector.apiUrl,
    databaseUrl: connectionString,
    dataDir,
    env: {
      DATABASE_URL: connectionString,
      SIDELIGHT_DATA_DIR: dataDir,
      SIDELIGHT_OTLP_HTTP_ADDR: `127.0.0.1:${otlpPort}`,
      SIDELIGHT_API_ADDR: `127.0.0.1:${apiPort}`,
      SIDELIGHT_ADMIN_TOKEN: ADMIN_TOKEN,
      // Where this collector looks: what a service cannot send in its last two seconds is not left to another one.
      SIDELIGHT_HANDOVER_DIR: join(dataDir, 'handover'),
    },
  }
}

/** Runs the demo as `npm run demo` does; it is ended at teardown. */
export function startDemo(
  t: { teardown(fn: () => Promise<void>): void },
  args: readonly string[],
  env: Record<string, string>,
) {
  const { PATH = '', HOME = '' } = process.env
  const variables = Object.entries({ PATH, HOME, ...env }).map(
    ([name, value]) => `${name}=${value}`,
  )
  // Given no other way, the test runner loads itself into every child, with a signal handler of its own.
  const command = ['-i', ...variables, process.execPath, join(DEMO, 'run.mjs'), ...args]
  const child = spawn('env', command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  t.teardown(async () => {
    // It ends its services itself.
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  })
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  /** Waits for what it prints. Throws when it ends before, or takes longer, with all that it did print. */
  const prints = async (text: string, timeoutMs: number): Promise<void> => {
    const isThere = () => output.includes(text)
    const why = await until(() => isThere() || isOver(), timeoutMs, JSON.stringify(text)).then(
      () => 'it ended',
      ({ message }: Error) => message,
    )
    if (!isThere()) throw new Error(`${why}, and the demo printed:\n${output}`)
  }
  return { child, output: () => output, prints, ended }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPort } from './ports'
import { until } from './until'

const ROOT = join(__dirname, '..', '..')
const MAIN = join(ROOT, 'dist', 'collector', 'main.js')

/** As `npm start` runs it: a small young generation, and an old one without room for much that is dead. */
const NODE_FLAGS = ['--max-semi-space-size=2', '--heap-growing-percent=120']

/** What is run, and as a process group of its own or not. */
const LAUNCHES = {
  node: { command: process.execPath, args: [...NODE_FLAGS, MAIN, 'start'], detached: false },
  // Without scripts before it, which build while others run what was built.
  npm: { command: 'npm', args: ['start', '--ignore-scripts'], detached: true },
} as const

export interface RunningCollector {
  readonly pid: number
  readonly otlpUrl: string
  /** Of `otlpGrpcPort`. */
  readonly otlpGrpcUrl: string
  readonly apiUrl: string
  readonly child: ChildProcess
  /** What it printed so far. */
  output(): string
  /** Its exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>
  /** Sends the signal and waits for the end; returns the exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

export interface CollectorOptions {
  readonly databaseUrl: string | null
  readonly otlpPort: number
  /** Left out, a free port that is told in the log alone. */
  readonly otlpGrpcPort?: number
  readonly apiPort: number
  readonly dataDir: string
  readonly env?: NodeJS.ProcessEnv
  /** By whom it is started; npm is then the leader of a process group. */
  readonly launch?: keyof typeof LAUNCHES
}

export const ADMIN_TOKEN = 'admin-token-of-the-tests'

/** Ends at teardown what is started through it; the collector is the built one, a process of its own. */
export function collectors(t: { teardown(fn: () => Promise<void>): void }) {
  const running = new Map<RunningCollector, CollectorOptions>()
  t.teardown(async () => {
    for (const [collector, { databaseUrl }] of running) {
      // A collector with a Postgres of its own is asked to end it.
      await collector.end(databaseUrl === null ? 'SIGTERM' : 'SIGKILL')
    }
  })
  return {
    /** Starts a collector and waits until it is ready, or only `live`: its doors are open, its database may be away. */
    async start(
      options: CollectorOptions,
      state: 'ready' | 'live' = 'ready',
    ): Promise<RunningCollector> {
      const collector = spawnCollector(options)
      running.set(collector, options)
      collector.child.once('exit', () => running.delete(collector))
      try {
        await until(() => isIn(state, collector), 60_000, `a ${state} collector`)
        return collector
      } catch (error) {
        await collector.end('SIGKILL')
        throw error
      }
    },
  }
}

/** A figure of the collector's own metrics; labels as they are written, in braces. */
export async function readMetric(collector: RunningCollector, name: string): Promise<number> {
  const response = await fetch(`${collector.apiUrl}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const line = (await response.text()).split('\n').find((text) => text.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

/** Until what was acknowledged is in Postgres: on a busy machine some of it is so a moment later, by way of the disk. */
export async function untilStored(collector: RunningCollector): Promise<void> {
  const isStored = async () => (await readMetric(collector, 'sidelight_spool_records')) === 0
  await until(isStored, 60_000, 'an empty spool')
}

/** Different ports nobody listened on a moment ago, and no connection is given. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) ports.add(await findPort())
  return [...ports]
}

/** A data folder every user can reach, removed at teardown. */
export function dataFolder(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-test-'))
  chmodSync(folder, 0o755)
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

function spawnCollector(options: CollectorOptions): RunningCollector {
  const { command, args, detached } = LAUNCHES[options.launch ?? 'node']
  const child = spawn(command, args, {
    cwd: ROOT,
    detached,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      // Of the tests, for which Node runs applications.
      SIDELIGHT_TEST_NODE: undefined,
      DATABASE_URL: options.databaseUrl ?? '',
      SIDELIGHT_DATA_DIR: options.dataDir,
      SIDELIGHT_OTLP_HTTP_ADDR: `127.0.0.1:${options.otlpPort}`,
      SIDELIGHT_OTLP_GRPC_ADDR: `127.0.0.1:${options.otlpGrpcPort ?? 0}`,
      SIDELIGHT_API_ADDR: `127.0.0.1:${options.apiPort}`,
      SIDELIGHT_ADMIN_TOKEN: ADMIN_TOKEN,
      // Nothing but what a test sends is counted.
      SIDELIGHT_HOST_METRICS: 'off',
      // Nothing that another test left.
      SIDELIGHT_HANDOVER_DIR: join(options.dataDir, 'handover'),
      ...options.env,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // Its streams too, for what it said last.
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    pid: child.pid ?? -1,
    child,
    otlpUrl: `http://127.0.0.1:${options.otlpPort}`,
    otlpGrpcUrl: `http://127.0.0.1:${options.otlpGrpcPort ?? 0}`,
    apiUrl: `http://127.0.0.1:${options.apiPort}`,
    output: () => output,
    ended,
    end(signal) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      return ended
    },
  }
}

async function isIn(state: 'ready' | 'live', collector: RunningCollector): Promise<boolean> {
  if (collector.child.exitCode !== null) {
    throw new Error(`the collector ended at its start:\n${collector.output()}`)
  }
  try {
    return (await fetch(`${collector.apiUrl}/health/${state}`)).status === 200
  } catch {
    return false
  }
}

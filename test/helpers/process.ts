import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseAccount, firstClosedFolder } from '../../collector/store/embedded/account'
import { clusterFolder } from '../../collector/store/embedded/place'
import { endPostmaster, findPostmaster } from '../../collector/store/embedded/postmaster'
import { identifyProcess } from '../../collector/process'
import { until } from './until'

const LINE_TIMEOUT_MS = 60_000

interface Teardown {
  teardown(fn: () => Promise<void>): void
}

export interface RunningChild {
  readonly pid: number
  readonly child: ChildProcess
  /** What it printed so far, on both streams. */
  output(): string
  /** The next line of its standard output; fails if it ends before. */
  line(): Promise<string>
  /** Sends the signal unless it has ended; resolves with its exit code, null when a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Runs a TypeScript file in a process of its own, killed at teardown. Its standard input is a pipe, closed when this process ends. */
export function runScript(
  t: Teardown,
  file: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): RunningChild {
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // The loaders of the test runner are not for it.
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  })
  let [printed, complained, read] = ['', '', 0]
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complained += text))
  const closed = once(child, 'close') as Promise<[number | null]>
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const running: RunningChild = {
    pid: child.pid ?? -1,
    child,
    output: () => printed + complained,
    async line() {
      const end = await until(
        () => {
          const found = printed.indexOf('\n', read)
          if (found < 0 && hasEnded()) throw new Error(`${file} ended:\n${printed}${complained}`)
          return found + 1
        },
        LINE_TIMEOUT_MS,
        `a line of ${file}`,
      )
      const line = printed.slice(read, end - 1)
      read = end
      return line
    },
    async end(signal) {
      if (!hasEnded()) child.kill(signal)
      return (await closed)[0]
    },
  }
  t.teardown(async () => {
    await running.end('SIGKILL')
  })
  return running
}

/** Whether a process with this number runs. */
export function isProcess(pid: number): boolean {
  return identifyProcess(pid) !== null
}

/** A folder the user of an embedded Postgres can reach. At teardown a Postgres left on it is ended and it is removed. */
export function dataDirectory(t: Teardown): string {
  const account = chooseAccount()
  const parent = [tmpdir(), '/tmp', '/var/tmp']
    .map((folder) => realpathSync(folder))
    .find((folder) => account === null || firstClosedFolder(account, folder) === null)
  if (parent === undefined) throw new Error('no temporary folder every user can reach; set TMPDIR')
  const folder = mkdtempSync(join(parent, 'sidelight-test-'))
  chmodSync(folder, 0o755)
  t.teardown(async () => {
    await endPostgresOn(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return folder
}

/** Ends the embedded Postgres that a killed collector left on its data folder, if there is one. */
export async function endPostgresOn(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return
  const left = findPostmaster(clusterFolder(realpathSync(dataDir)))
  if (left !== null) await endPostmaster(left)
}

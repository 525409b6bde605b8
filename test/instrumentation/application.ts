import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const ROOT = join(__dirname, '..', '..')
export const APPS = join(__dirname, '..', 'fixtures', 'applications')

/** The program applications run on; `npm run test:nodes` names other versions than the one of the tests. */
export const NODE = process.env['SIDELIGHT_TEST_NODE'] ?? process.execPath

/** Its version, as `22.1.0`. */
export const NODE_RELEASE = execFileSync(NODE, ['-p', 'process.versions.node'], {
  encoding: 'utf8',
}).trim()

/** Its major version. */
export const NODE_VERSION = Number.parseInt(NODE_RELEASE, 10)

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Application {
  readonly child: ChildProcess
  /** What it printed on stdout so far. */
  stdout(): string
  readonly ended: Promise<Ended>
}

export interface LaunchOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly args?: readonly string[]
  /** Flags for Node; by default the bootstrap is required. */
  readonly flags?: readonly string[]
  readonly cwd?: string
}

interface Teardown {
  teardown(fn: () => Promise<void> | void): void
}

/** Starts an application with Node; the environment is clean of what the test runner and OpenTelemetry put there. */
export function launch(t: Teardown, file: string, options: LaunchOptions = {}): Application {
  const { env = {}, args = [], flags = ['--require', 'sidelight/bootstrap'], cwd = ROOT } = options
  const { PATH, HOME } = process.env
  // The folder of this machine may be there, with a collector that takes what tests leave.
  const variables = Object.entries({ PATH, HOME, SIDELIGHT_HANDOVER_DIR: 'off', ...env }).map(
    ([name, value]) => `${name}=${value}`,
  )
  // Given no other way, the test runner loads itself into every child, with a signal handler of its own.
  const command = ['-i', ...variables, NODE, ...flags, file, ...args]
  const child = spawn('env', command, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...output }
  })
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return { child, stdout: () => output.stdout, ended }
}

/** Runs one of the applications in test/fixtures/applications to its end. */
export function run(t: Teardown, app: string, options: LaunchOptions = {}): Promise<Ended> {
  return launch(t, join(APPS, app), options).ended
}

/** The bootstrap as built, for applications that do not have this package among their own. */
export const BOOTSTRAP = join(ROOT, 'dist', 'instrumentation', 'bootstrap.js')

/**
 * Lays out a copy of an application beside the instrumented libraries of test/libraries, `current` or `older`. Returns the
 * path of the copy, to be started with the flags `--require` and `BOOTSTRAP`.
 */
export function stage(t: Teardown, app: string, libraries: 'current' | 'older'): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sidelight-app-')))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  cpSync(join(APPS, app), join(folder, app))
  cpSync(join(APPS, 'package.json'), join(folder, 'package.json'))
  link(join(ROOT, 'test', 'libraries', libraries, 'node_modules'), join(folder, 'node_modules'))
  return join(folder, app)
}

/** Lays out a copy of an application the way a user has it: this package in its own node_modules. Returns its folder. */
export function install(t: Teardown, app: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sidelight-app-')))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  cpSync(join(APPS, app), join(folder, app))
  cpSync(join(APPS, 'package.json'), join(folder, 'package.json'))
  link(ROOT, join(folder, 'node_modules', 'sidelight'))
  return folder
}

/** Makes a package of ours resolvable from a folder. */
export function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path)
}

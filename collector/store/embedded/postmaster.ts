import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Cluster, explain, launchPostgres } from './cluster'
import { answers } from './database'
import { EmbeddedPostgresError } from './error'
import { logSize, readLogFrom } from './logfile'
import { identifyProcess, isRunning, readCommandLine } from '../../process'
import { serverSettings } from './settings'

const POLL_MS = 20
const SECOND = 1000
/** A fast shutdown ends every session and writes a checkpoint; an immediate one is repaired by the next start. */
const FAST_SHUTDOWN_MS = 20 * SECOND
const IMMEDIATE_SHUTDOWN_MS = 5 * SECOND
/** Recovery after a crash reads at most max_wal_size again, which takes seconds, on bad disks minutes. */
const START_LIMIT_MS = 300 * SECOND
/** How long the remains of a killed server may hold its memory or port. */
const REMAINS_MS = 15 * SECOND
const REMAINS =
  /shared memory block|lock file "postmaster\.pid"|could not bind|Address already in use/

/** A postmaster, started by this process or found. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** False once it has ended, whoever ended it. */
  isAlive(): boolean
}

/** The postmaster that runs on the cluster now, or null. It may be starting or stopping. */
export function findPostmaster(folder: string): Postmaster | null {
  const file = join(folder, 'postmaster.pid')
  if (!existsSync(file)) return null
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n')
  const found = describe(Number(pid), Number(port))
  return found !== null && readCommandLine(found.pid).includes(folder) ? found : null
}

/** Starts Postgres on the cluster and returns when it answers. Throws EmbeddedPostgresError when it does not start. */
export async function startPostmaster(
  cluster: Cluster,
  port: number,
  logFile: string,
  signal: AbortSignal,
): Promise<Postmaster> {
  const deadline = performance.now() + REMAINS_MS
  for (;;) {
    dropForeignPidFile(cluster.folder)
    const from = logSize(logFile)
    const child = await launchPostgres(cluster, port, serverSettings(), logFile)
    const started = describe(child.pid ?? -1, port)
    if (started !== null && (await awaitOrEnd(cluster, started, signal)) !== null) return started
    const said = readLogFrom(logFile, from)
    if (!REMAINS.test(said) || performance.now() > deadline) {
      throw new EmbeddedPostgresError(
        `cannot start Postgres on ${cluster.folder}: ${explain(said)} (log: ${logFile})`,
      )
    }
    await wait(POLL_MS * 10, undefined, { signal })
  }
}

/**
 * Waits until the postmaster answers as the server of this cluster, and returns it with the port it has by then; null
 * when it ends before it does. Throws when another server answers, or none for minutes. An aborted wait leaves it running.
 */
export async function awaitAnswer(
  cluster: Cluster,
  postmaster: Postmaster,
  signal: AbortSignal,
): Promise<Postmaster | null> {
  const deadline = performance.now() + START_LIMIT_MS
  while (postmaster.isAlive()) {
    // A postmaster that is only just starting writes its port some time after its pid.
    const now = findPostmaster(cluster.folder)
    if (now?.pid === postmaster.pid && now.port > 0 && (await answers(cluster.folder, now.port))) {
      return now
    }
    if (performance.now() > deadline) {
      throw new EmbeddedPostgresError(
        `cannot reach the Postgres (pid ${postmaster.pid}) that runs on ${cluster.folder}: it does not answer; end it with kill -INT ${postmaster.pid} and start again`,
      )
    }
    await wait(POLL_MS, undefined, { signal })
  }
  return null
}

/** Ends the postmaster: fast, after a limit immediately, at last by force. Resolves when it has ended. */
export async function endPostmaster(postmaster: Postmaster): Promise<void> {
  const steps = [
    ['SIGINT', FAST_SHUTDOWN_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
    ['SIGKILL', IMMEDIATE_SHUTDOWN_MS],
  ] as const
  for (const [signal, limitMs] of steps) {
    if (!postmaster.isAlive()) return
    sendSignal(postmaster.pid, signal)
    const deadline = performance.now() + limitMs
    while (postmaster.isAlive() && performance.now() < deadline) await wait(POLL_MS)
  }
  if (postmaster.isAlive()) {
    throw new EmbeddedPostgresError(`cannot end Postgres (pid ${postmaster.pid})`)
  }
}

/** A postmaster we started is not left behind by a start that was given up. */
async function awaitOrEnd(
  cluster: Cluster,
  started: Postmaster,
  signal: AbortSignal,
): Promise<Postmaster | null> {
  try {
    return await awaitAnswer(cluster, started, signal)
  } catch (error) {
    await endPostmaster(started)
    throw error
  }
}

function describe(pid: number, port: number): Postmaster | null {
  const identity = Number.isInteger(pid) && pid > 0 ? identifyProcess(pid) : null
  if (identity === null) return null
  return { pid, port, isAlive: () => isRunning(pid, identity) }
}

/** Postgres refuses to start while the pid in its file exists, even when that is some other program after a reboot. */
function dropForeignPidFile(folder: string): void {
  if (findPostmaster(folder) !== null) return
  const file = join(folder, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  if (identifyProcess(pid) !== null) rmSync(file, { force: true })
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

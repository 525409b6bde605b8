import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { nameOf } from './account'
import type { Cluster } from './cluster'
import { connectionStringOf, measureDatabaseBytes } from './database'
import { createSizeGuard, measureFreeBytes, type SizeGuard } from './guard'
import { boundLog } from './logfile'
import { endPostmaster, findPostmaster, type Postmaster } from './postmaster'

const WATCH_INTERVAL_MS = 250
const LOG_CHECK_INTERVAL_MS = 60_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 30_000

/** A Postgres of our own. */
export interface EmbeddedPostgres {
  /** Stays the same when the server is restarted after a crash. */
  readonly connectionString: string
  /** The data folder, or the one used instead. */
  readonly dataDirUsed: string
  /** The system user it runs as. */
  readonly runsAs: string
  /** It was running already, left behind by a collector that was killed. */
  readonly adopted: boolean
  /** As in "18.4". */
  readonly version: string
  /** The postmaster's; changes when it is restarted. */
  readonly pid: number
  /** Resolves when Postgres has ended for good, that is after `stop`: a server that dies is started again. */
  readonly exited: Promise<void>
  /** Why nothing more may be written now (at its cap, disk nearly full), or null. */
  refusal(): string | null
  /** Shuts Postgres down and resolves when it has ended. */
  stop(): Promise<void>
}

export interface StartedServer {
  readonly postmaster: Postmaster
  readonly adopted: boolean
  readonly version: string
}

export interface SupervisorOptions {
  readonly log: Logger
  readonly maxSizeBytes: number
  /** Starts a server on the same cluster and port, in place of one that ended. */
  readonly restart: (port: number, signal: AbortSignal) => Promise<Postmaster>
  /** Gives the data folder back. */
  readonly release: () => void
}

/** Keeps a server running, its log bounded and its size watched, until it is stopped. */
export class Supervisor implements EmbeddedPostgres {
  readonly connectionString: string
  readonly dataDirUsed: string
  readonly runsAs: string
  readonly adopted: boolean
  readonly version: string
  readonly exited: Promise<void>
  readonly #cluster: Cluster
  readonly #options: SupervisorOptions
  readonly #guard: SizeGuard
  readonly #stopping = new AbortController()
  readonly #timers: NodeJS.Timeout[]
  #postmaster: Postmaster
  #restarting: Promise<void> | null = null
  #stopped: Promise<void> | null = null
  #exit: () => void = () => undefined

  constructor(cluster: Cluster, started: StartedServer, options: SupervisorOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#postmaster = started.postmaster
    this.connectionString = connectionStringOf(cluster.folder, started.postmaster.port)
    this.dataDirUsed = dirname(cluster.folder)
    this.runsAs = nameOf(cluster.account)
    this.adopted = started.adopted
    this.version = started.version
    this.exited = new Promise((resolve) => {
      this.#exit = resolve
    })
    this.#guard = createSizeGuard({
      measureBytes: () => measureDatabaseBytes(this.connectionString),
      freeBytes: () => measureFreeBytes(cluster.folder),
      maxSizeBytes: options.maxSizeBytes,
      log: options.log,
    })
    void this.#guard.check()
    this.#timers = [
      setInterval(() => this.#watch(), WATCH_INTERVAL_MS).unref(),
      setInterval(() => this.#boundLog(), LOG_CHECK_INTERVAL_MS).unref(),
    ]
  }

  get pid(): number {
    return this.#postmaster.pid
  }

  refusal(): string | null {
    return this.#guard.refusal()
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  async #stop(): Promise<void> {
    this.#stopping.abort()
    for (const timer of this.#timers) clearInterval(timer)
    this.#guard.stop()
    try {
      await this.#restarting
      await endPostmaster(findPostmaster(this.#cluster.folder) ?? this.#postmaster)
    } finally {
      this.#options.release()
    }
    this.#options.log.info('Postgres has ended')
    this.#exit()
  }

  #watch(): void {
    if (this.#restarting !== null || this.#postmaster.isAlive()) return
    this.#restarting = this.#restart().finally(() => {
      this.#restarting = null
    })
  }

  async #restart(): Promise<void> {
    const { log, restart } = this.#options
    const { signal } = this.#stopping
    const since = performance.now()
    log.error({ pid: this.pid }, 'Postgres ended unexpectedly, starting it again')
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !signal.aborted;
      pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
    ) {
      try {
        this.#postmaster = await restart(this.#postmaster.port, signal)
        const tookMs = Math.round(performance.now() - since)
        log.info({ pid: this.pid, tookMs }, `Postgres is back after ${tookMs} ms`)
        return
      } catch (error) {
        if (signal.aborted) return
        log.error({ err: error }, 'cannot start Postgres again yet')
      }
      await wait(pauseMs, undefined, { signal }).catch(ignoreAbort)
    }
  }

  #boundLog(): void {
    try {
      boundLog(logFileOf(this.#cluster))
    } catch (error) {
      this.#options.log.warn({ err: error }, "cannot shorten Postgres's log")
    }
  }
}

/** The log of the server, beside its data. */
export function logFileOf(cluster: Cluster): string {
  return `${cluster.folder}.log`
}

/** The loop's own condition sees the abort. */
function ignoreAbort(error: unknown): void {
  if ((error as Error).name !== 'AbortError') throw error
}

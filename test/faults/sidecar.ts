import { ADMIN_TOKEN, type CollectorOptions, type RunningCollector } from '../helpers/collector'
import { until } from '../helpers/until'
import { type MemoryWatch, type RssSample, watchMemory } from './memory'

const AUTHORIZED = { authorization: `Bearer ${ADMIN_TOKEN}` }
const DRAIN_MS = 300_000
const NOTICE_MS = 60_000
/** Six times its own deadline. */
const END_MS = 60_000

/** The part of the answer of /health/ready that is looked at. */
interface Readiness {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, string>>
}

type Start = (options: CollectorOptions, state?: 'ready' | 'live') => Promise<RunningCollector>

/** One place a collector runs at, ports and data folder, through the deaths and starts of its processes. */
export class Sidecar {
  readonly otlpUrl: string
  readonly apiUrl: string
  readonly dataDir: string
  readonly #options: CollectorOptions
  readonly #start: Start
  readonly #memory: MemoryWatch[] = []
  #running: RunningCollector | null = null
  #ended = ''

  constructor(options: CollectorOptions, start: Start) {
    this.otlpUrl = `http://127.0.0.1:${options.otlpPort}`
    this.apiUrl = `http://127.0.0.1:${options.apiPort}`
    this.dataDir = options.dataDir
    this.#options = options
    this.#start = start
  }

  /** Without Postgres a collector is never `ready`, but soon `live`. */
  async start(state: 'ready' | 'live' = 'ready'): Promise<void> {
    this.#running = await this.#start(this.#options, state)
    this.#memory.push(watchMemory(this.#running.pid))
  }

  /** The running process; throws when there is none. */
  pid(): number {
    if (this.#running === null) throw new Error(`no collector runs on ${this.dataDir}`)
    return this.#running.pid
  }

  isRunning(): boolean {
    return this.#running !== null && this.#running.child.exitCode === null
  }

  /**
   * Ends the process and waits until it is gone; its exit code, null when a signal ended it or none ran. Throws when it does
   * not heed SIGTERM for a minute, and kills it then.
   */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const running = this.#running
    if (running === null) return null
    const tooLate = setTimeout(() => running.child.kill('SIGKILL'), END_MS)
    const code = await running.end(signal)
    clearTimeout(tooLate)
    this.#running = null
    this.#memory.at(-1)?.stop()
    this.#ended = running.output()
    if (signal === 'SIGTERM' && running.child.signalCode === 'SIGKILL') {
      throw new Error(`a collector did not end within ${END_MS} ms of SIGTERM`)
    }
    return code
  }

  /** The last lines of the log, of the process that ended last when none runs. */
  lastWords(): string {
    return (this.#running?.output() ?? this.#ended).trim().split('\n').slice(-5).join('\n')
  }

  /** A metric's value, of all its labels together; null when the collector does not have it or does not answer. */
  async metric(name: string): Promise<number | null> {
    try {
      const text = await (await fetch(`${this.apiUrl}/metrics`, { headers: AUTHORIZED })).text()
      const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))]
      if (values.length === 0) return null
      return values.reduce((sum, [, value]) => sum + Number(value), 0)
    } catch {
      return null
    }
  }

  /** What readiness says; null when there is no answer. */
  async readiness(): Promise<Readiness | null> {
    try {
      return (await (await fetch(`${this.apiUrl}/health/ready`)).json()) as Readiness
    } catch {
      return null
    }
  }

  /** Waits until it knows that Postgres cannot be used. */
  async noticed(): Promise<void> {
    await until(
      async () => (await this.metric('sidelight_database_available')) === 0,
      NOTICE_MS,
      'a collector that knows Postgres cannot be used',
    )
  }

  /** Waits until it is ready and nothing is left in its spool. */
  async drained(): Promise<void> {
    await until(
      async () => (await this.readiness())?.ready === true && (await this.spoolRecords()) === 0,
      DRAIN_MS,
      `a drained spool of ${this.dataDir}`,
    )
  }

  /** The records in the spool; a metric that is missing counts as an empty one, and what was not drained shows as lost. */
  async spoolRecords(): Promise<number> {
    return (await this.metric('sidelight_spool_records')) ?? 0
  }

  rssSamples(): RssSample[] {
    return this.#memory.flatMap((watch) => watch.samples())
  }

  peakRssMib(): number {
    return Math.max(0, ...this.#memory.map((watch) => watch.peakMib()))
  }
}

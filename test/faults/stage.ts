import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import { SIGNALS } from '../../collector/translate/rows'
import { collectors, dataFolder, freePorts } from '../helpers/collector'
import { type ClientPlan, type LedgerClient, settle, startLedgerClient } from '../helpers/ledger'
import type { TestCluster } from '../helpers/postgres'
import type { Random } from '../helpers/random'
import { rollupDifferences } from '../helpers/recount'
import { countThrows, errorDifferences } from '../helpers/recount-errors'
import { countEvents, eventDifferences } from '../helpers/recount-events'
import { until } from '../helpers/until'
import { type Row, summarize } from './report'
import { Sidecar } from './sidecar'

const FLOW_MS = 60_000

/** The load unless a scenario asks for another: 1,000 items a second in 63 requests, of the three signals in turn. */
const LOAD = { itemsPerSecond: 1_000, itemsPerRequest: 16, concurrency: 8 } as const

export interface StageOptions {
  readonly name: string
  readonly times: number
  readonly isShort: boolean
  readonly random: Random
  readonly cluster: TestCluster
  /** The scenario's own database on the cluster. */
  readonly database: string
  readonly log: (line: string) => void
}

export interface SidecarOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly dataDir?: string
  /** Instead of the scenario's database itself, such as a proxy to it. */
  readonly databaseUrl?: string
}

/** What a scenario plays on: Postgres, collectors, clients, chance, and its judgement. */
export class Stage {
  readonly times: number
  readonly isShort: boolean
  readonly random: Random
  readonly cluster: TestCluster
  readonly database: string
  readonly databaseUrl: string
  readonly #options: StageOptions
  readonly #startedAt = performance.now()
  readonly #sidecars: Sidecar[] = []
  readonly #clients: LedgerClient[] = []
  readonly #cleanups: (() => unknown)[] = []
  readonly #broken: string[] = []
  readonly #notes: string[] = []
  readonly #startCollector = collectors(this).start

  constructor(options: StageOptions) {
    this.#options = options
    this.times = options.times
    this.isShort = options.isShort
    this.random = options.random
    this.cluster = options.cluster
    this.database = options.database
    this.databaseUrl = options.cluster.connectionString(options.database)
  }

  /** Done at the end, however the scenario ends, the last one first. */
  teardown(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup)
  }

  /** A collector on the scenario's database, with a data folder of its own; to be started. */
  async sidecar(options: SidecarOptions = {}): Promise<Sidecar> {
    const [otlpPort = 0, apiPort = 0] = await freePorts(2)
    const sidecar = new Sidecar(
      {
        databaseUrl: options.databaseUrl ?? this.databaseUrl,
        otlpPort,
        apiPort,
        dataDir: options.dataDir ?? dataFolder(this),
        ...(options.env === undefined ? {} : { env: options.env }),
      },
      this.#startCollector,
    )
    this.#sidecars.push(sidecar)
    return sidecar
  }

  /** A running collector and a client that sends to it. */
  async play(
    load: Partial<ClientPlan> = {},
    options: SidecarOptions = {},
  ): Promise<{ sidecar: Sidecar; client: LedgerClient }> {
    const sidecar = await this.sidecar(options)
    await sidecar.start()
    const client = this.client(sidecar.otlpUrl, load)
    await this.flow()
    return { sidecar, client }
  }

  /** A client that exports to the door from now on. */
  client(otlpUrl: string, load: Partial<ClientPlan> = {}): LedgerClient {
    const number = this.#clients.length + 1
    const client = startLedgerClient(this, otlpUrl, join(dataFolder(this), 'ledger'), {
      ...LOAD,
      ...load,
      client: number,
    })
    this.#clients.push(client)
    return client
  }

  /** A session of the harness's own, which may be killed like any other. */
  async connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.databaseUrl,
      application_name: 'faults',
    })
    // What breaks it is the fault; whoever uses it next is told.
    client.on('error', () => undefined)
    await client.connect()
    this.teardown(() => client.end().catch(() => undefined))
    return client
  }

  /** Waits until every client has had another export of each signal acknowledged. */
  async flow(): Promise<void> {
    const before = this.#acknowledged()
    await until(
      () => this.#acknowledged().every((now, index) => now > (before[index] ?? 0)),
      FLOW_MS,
      'another acknowledged export of each signal',
    )
  }

  /** A random while. */
  async pause(minMs: number, maxMs: number): Promise<void> {
    await wait(minMs + this.random.below(maxMs - minMs + 1))
  }

  /** Injects the fault as often as asked, saying how far it is. */
  async repeat(inject: (round: number) => Promise<void>): Promise<void> {
    for (let round = 0; round < this.times; round++) {
      if (round % 10 === 0) this.say(`${round} of ${this.times}`)
      await inject(round)
    }
  }

  say(text: string): void {
    this.#options.log(`${this.#options.name}: ${text}`)
  }

  /** What the scenario asserts beside lost = 0 and duplicated = 0; the run fails, naming it, unless it holds. */
  claim(holds: boolean, text: string): void {
    if (holds || this.#broken.includes(text)) return
    this.#broken.push(text)
    this.say(`DOES NOT HOLD: ${text}`)
  }

  /** The claims that did not hold so far. */
  broken(): readonly string[] {
    return this.#broken
  }

  /** No export was given up: for faults that no client may notice. */
  claimNoFailure(client: LedgerClient): void {
    const failed = client.entries().filter(({ outcome }) => outcome !== 'acknowledged').length
    this.claim(failed === 0, `${failed} exports failed or timed out`)
  }

  /** A figure for the report. */
  note(text: string): void {
    this.#notes.push(text)
    this.say(text)
  }

  /** Ends the clients, lets the spools drain, ends the collectors, and counts. */
  async conclude(): Promise<Row> {
    const stopped = await Promise.all(this.#clients.map((client) => client.stop()))
    const partial = stopped.reduce((sum, one) => sum + one.partial, 0)
    this.claim(partial === 0, `${partial} answers rejected something`)
    await Promise.all(this.#sidecars.map((sidecar) => this.#endInPeace(sidecar)))
    const database = await this.connect()
    const settlement = await settle(database, this.#clients)
    const different = (await rollupDifferences(database)).length
    this.claim(different === 0, `${different} minutes of operations differ from their spans`)
    const miscounted = (await errorDifferences(database)).length
    this.claim(miscounted === 0, `${miscounted} errors differ from their spans and log records`)
    this.claim((await countThrows(database)) > 0, 'errors were counted')
    const untold = (await eventDifferences(database)).length
    this.claim(untold === 0, `${untold} hours or rows of events differ from their log records`)
    this.claim((await countEvents(database)) > 0, 'events were counted')
    const entries = this.#clients.flatMap((one) =>
      one.entries().map((entry) => ({ ...entry, items: one.itemsPerRequest })),
    )
    return {
      name: this.#options.name,
      times: this.times,
      ...summarize(entries, settlement),
      retries: stopped.reduce((sum, one) => sum + one.retries, 0),
      peakRssMib: Math.max(...this.#sidecars.map((sidecar) => sidecar.peakRssMib())),
      broken: this.#broken,
      notes: this.#notes,
      seconds: (performance.now() - this.#startedAt) / 1_000,
    }
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) {
      try {
        await cleanup()
      } catch (error) {
        this.say(`cleaning up: ${(error as Error).message}`)
      }
    }
  }

  #acknowledged(): number[] {
    return this.#clients.flatMap((client) => SIGNALS.map((signal) => client.acknowledged(signal)))
  }

  async #endInPeace(sidecar: Sidecar): Promise<void> {
    try {
      if (!sidecar.isRunning()) await sidecar.start()
      await sidecar.drained()
      const code = await sidecar.end('SIGTERM')
      this.claim(code === 0, `a collector ended with ${code ?? 'a signal'}`)
    } catch (error) {
      this.claim(false, (error as Error).message)
      this.say(`the collector's log ends:\n${sidecar.lastWords()}`)
      await sidecar.end('SIGKILL')
    }
  }
}

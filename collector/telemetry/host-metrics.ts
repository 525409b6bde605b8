import type { Logger } from 'pino'
import type { Counters } from './counters'
import { HostExporter, type Moment } from './host/exporter'
import type { Point } from './host/instruments'
import type { HostReading } from './host/reader'

export interface HostMetricsParts {
  readonly intervalMs: number
  /** Reads the machine and the container; never throws. */
  readonly read: () => Promise<HostReading>
  readonly resource: Point['attributes']
  readonly version: string
  /**
   * Hands an ExportMetricsServiceRequest to the ingest; throws when it is refused. `onReleased` is called when nobody uses the
   * body any more.
   */
  readonly accept: (
    body: Buffer,
    receivedMs: number,
    onReleased: () => void,
  ) => Promise<{ readonly rejected: number; readonly message: string }>
  readonly counters: Pick<Counters, 'hostMetricsExports'>
  readonly log: Logger
  readonly now?: () => Moment
  /** Calls `run` over and over; returns what ends that. */
  readonly repeat?: (run: () => void, intervalMs: number) => () => void
}

/**
 * Exports the metrics of the host at every interval: one at a time, and what is refused is dropped and counted. The first
 * reading, at the start, is what the next one is compared with.
 */
export class HostMetrics {
  readonly #parts: HostMetricsParts
  readonly #exporter: HostExporter
  readonly #now: () => Moment
  readonly #end: () => void
  #isBusy = false
  #isStopped = false
  #isTrouble = false

  constructor(parts: HostMetricsParts) {
    this.#parts = parts
    this.#exporter = new HostExporter(parts.resource, parts.version)
    this.#now = parts.now ?? readClocks
    void this.#begin()
    this.#end = (parts.repeat ?? repeatUnreferenced)(() => this.#tick(), parts.intervalMs)
  }

  /** Nothing is handed to the ingest from now on. */
  stop(): void {
    this.#isStopped = true
    this.#end()
  }

  async #begin(): Promise<void> {
    this.#isBusy = true
    try {
      await this.#read()
      this.#isBusy = false
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The one before may wait for a Postgres that hangs, with its body still in memory. */
  #tick(): void {
    if (this.#isBusy) this.#count('skipped')
    else void this.#export()
  }

  async #export(): Promise<void> {
    this.#isBusy = true
    let body: Buffer
    try {
      body = await this.#read()
    } catch (error) {
      return this.#fail(error)
    }
    if (this.#isStopped) return
    const { accept } = this.#parts
    const release = () => (this.#isBusy = false)
    try {
      const { rejected, message } = await accept(body, this.#now().unixMs, release)
      if (rejected > 0) this.#report('rejected', { rejected, reason: message })
      else this.#report('accepted')
    } catch (error) {
      this.#report('refused', { err: error })
    }
  }

  async #read(): Promise<Buffer> {
    const reading = await this.#parts.read()
    return this.#exporter.encode(reading, this.#now())
  }

  #fail(error: unknown): void {
    this.#isBusy = false
    this.#report('failed', { err: error })
  }

  /** The first trouble and the recovery are told, all outcomes are counted. */
  #report(outcome: 'accepted' | 'rejected' | 'refused' | 'failed', why: object = {}): void {
    this.#count(outcome)
    if (this.#isStopped) return
    const isTrouble = outcome !== 'accepted'
    if (isTrouble && !this.#isTrouble) this.#parts.log.warn(why, `host metrics are ${outcome}`)
    if (!isTrouble && this.#isTrouble) this.#parts.log.info('host metrics are accepted again')
    this.#isTrouble = isTrouble
  }

  #count(outcome: string): void {
    this.#parts.counters.hostMetricsExports.inc({ outcome })
  }
}

function readClocks(): Moment {
  return { unixMs: Date.now(), monotonicMs: performance.now() }
}

/** Keeps no process from ending. */
function repeatUnreferenced(run: () => void, intervalMs: number): () => void {
  const timer = setInterval(run, intervalMs).unref()
  return () => clearInterval(timer)
}

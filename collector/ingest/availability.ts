import type { Logger } from 'pino'

const SECOND_MS = 1_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = SECOND_MS

/**
 * Whether Postgres is known to be usable. It is not while it is lost (one probe after the other asks until it is back), nor
 * while a transaction takes too long.
 */
export interface Availability {
  /** Why it is not usable, null when it is. */
  reason(): string | null
  /** Declares it lost; the probe takes over. */
  lose(reason: string): void
  /** Declares that a transaction takes too long, until the returned function is called. */
  slow(): () => void
  /** Says that a transaction was committed: what a probe found usable really is. */
  confirm(): void
  stop(): void
}

export interface AvailabilityOptions {
  /** Resolves when Postgres can be used. */
  readonly probe: () => Promise<void>
  /** Told each time it came to be usable, and each time it went. */
  readonly onChange: (isAvailable: boolean) => void
  readonly log: Logger
}

/** Starts lost, so that nothing is written before the first probe succeeded. */
export function createAvailability(options: AvailabilityOptions): Availability {
  return new ProbedAvailability(options)
}

class ProbedAvailability implements Availability {
  readonly #options: AvailabilityOptions
  #lost: string | null = 'the database was not asked yet'
  #slowTransactions = 0
  #isStopped = false
  #timer: NodeJS.Timeout | null = null
  #pauseMs = FIRST_PAUSE_MS
  /** Since when nothing was committed and something was lost; null while all is well. */
  #outageAtMs: number | null = null
  /** When a probe succeeded last; null before the first. */
  #answeredAtMs: number | null = null

  constructor(options: AvailabilityOptions) {
    this.#options = options
    void this.#probe()
  }

  reason(): string | null {
    if (this.#lost !== null) return this.#lost
    return this.#slowTransactions > 0 ? 'Postgres is slow' : null
  }

  lose(reason: string): void {
    if (this.#lost !== null || this.#isStopped) return
    const wasAvailable = this.reason() === null
    this.#lost = reason
    if (wasAvailable) this.#options.onChange(false)
    const isNew = this.#outageAtMs === null
    this.#beginOutage(reason)
    // One that answers and yet cannot store, as with a full disk, is not hammered.
    if (isNew) void this.#probe()
    else this.#askLater()
  }

  slow(): () => void {
    const { onChange } = this.#options
    const wasAvailable = this.reason() === null
    this.#slowTransactions++
    if (wasAvailable) onChange(false)
    return () => {
      this.#slowTransactions--
      if (this.reason() === null && !this.#isStopped) onChange(true)
    }
  }

  confirm(): void {
    if (this.#outageAtMs === null) return
    // Until the answer from which on it was usable, however late the first request came.
    const endedAtMs = Math.max(this.#answeredAtMs ?? 0, this.#outageAtMs)
    const seconds = (endedAtMs - this.#outageAtMs) / SECOND_MS
    this.#options.log.info(`the database takes data again after ${seconds.toFixed(1)} s`)
    this.#outageAtMs = null
    this.#pauseMs = FIRST_PAUSE_MS
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  async #probe(): Promise<void> {
    const { probe, onChange, log } = this.#options
    try {
      await probe()
    } catch (error) {
      if (this.#isStopped) return
      this.#lost = error instanceof Error ? error.message : String(error)
      this.#beginOutage(this.#lost)
      this.#askLater()
      return
    }
    if (this.#answeredAtMs === null) log.info('the database is usable')
    this.#answeredAtMs = performance.now()
    this.#lost = null
    if (this.reason() === null && !this.#isStopped) onChange(true)
  }

  #askLater(): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => void this.#probe(), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  #beginOutage(reason: string): void {
    if (this.#outageAtMs !== null) return
    this.#outageAtMs = performance.now()
    this.#options.log.warn(
      `the database cannot be used: ${reason}; until it can, requests go to the spool`,
    )
  }
}

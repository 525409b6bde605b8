import type { Logger } from 'pino'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000

/** Whether Postgres is known to be usable. Away, one probe after the other asks until it is back. */
export interface Availability {
  /** Why it is not usable, null when it is. */
  reason(): string | null
  /** Declares it away; the probe takes over. */
  lose(reason: string): void
  stop(): void
}

export interface AvailabilityOptions {
  /** Resolves when Postgres can be used. */
  readonly probe: () => Promise<void>
  /** Told each time it came to be usable, and each time it went. */
  readonly onChange: (isAvailable: boolean) => void
  readonly log: Logger
}

/** Starts away, so that nothing is written before the first probe succeeded. */
export function createAvailability({ probe, onChange, log }: AvailabilityOptions): Availability {
  let reason: string | null = null
  let sinceMs = 0
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  const ask = async (pauseMs: number): Promise<void> => {
    try {
      await probe()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (pauseMs === FIRST_PAUSE_MS) log.warn(`database unreachable: ${message}`)
      reason = message
      if (stopped) return
      timer = setTimeout(() => void ask(Math.min(pauseMs * 2, LONGEST_PAUSE_MS)), pauseMs)
      return
    }
    log.info(`database usable after ${((performance.now() - sinceMs) / 1000).toFixed(1)} s`)
    reason = null
    if (!stopped) onChange(true)
  }
  const lose = (why: string) => {
    if (reason !== null) return
    reason = why
    sinceMs = performance.now()
    onChange(false)
    void ask(FIRST_PAUSE_MS)
  }
  lose('the database was not asked yet')
  return {
    reason: () => reason,
    lose,
    stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}

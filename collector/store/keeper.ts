import type { Logger } from 'pino'
import type { Pool } from 'pg'
import {
  createUpcomingPartitions,
  deleteOldReceipts,
  forgetSidecars,
  heartbeat,
  registerSidecar,
  reportDrained,
  type Sidecar,
} from './maintenance'
import { migrate } from './migrate'

const SECOND_MS = 1_000
const HEARTBEAT_MS = 30 * SECOND_MS
const MAINTENANCE_MS = 3_600 * SECOND_MS

/** What a collector does for its database beside writing to it. */
export interface Keeper {
  /**
   * Brings the schema up to date, creates the partitions of the days around today, announces this process, and from then
   * on keeps it so. To be done again whenever the database came back, for it may be another one. Throws MigrationError for
   * what only people can mend; anything else may pass.
   */
  prepare(): Promise<void>
  /** Says that nothing of this process waits any more, if the database listens. */
  stop(): Promise<void>
}

export interface KeeperOptions {
  readonly pool: Pool
  readonly sidecar: Sidecar
  readonly migrate: 'auto' | 'off'
  readonly log: Logger
  /** Unix milliseconds. */
  readonly nowMs: () => number
}

/** All of it is harmless when several collectors do it at once. */
export function createKeeper({ pool, sidecar, migrate: mode, log, nowMs }: KeeperOptions): Keeper {
  const timers: NodeJS.Timeout[] = []
  const keep = (what: string, everyMs: number, work: () => Promise<unknown>) => {
    const run = () =>
      work().catch((error: unknown) =>
        log.warn({ err: error }, `${what} failed; tried again later`),
      )
    timers.push(setInterval(() => void run(), everyMs).unref())
  }
  return {
    async prepare() {
      await migrate(pool, { mode, log })
      await createUpcomingPartitions(pool, nowMs())
      await registerSidecar(pool, sidecar)
      if (timers.length > 0) return
      keep('the heartbeat', HEARTBEAT_MS, async () => {
        if (!(await heartbeat(pool, sidecar.id, null))) await registerSidecar(pool, sidecar)
      })
      if (!sidecar.roles.includes('leader')) return
      keep('the hourly maintenance', MAINTENANCE_MS, async () => {
        await createUpcomingPartitions(pool, nowMs())
        await deleteOldReceipts(pool)
        await forgetSidecars(pool)
      })
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      try {
        await reportDrained(pool, sidecar.id)
      } catch (error) {
        log.debug({ err: error }, 'cannot tell the database of this stop')
      }
    },
  }
}

import { once } from 'node:events'
import type { Logger } from 'pino'
import type { Pool } from 'pg'
import { heartbeat, registerSidecar, reportDrained, type Sidecar } from './maintenance'
import { ensureUpcomingPartitions } from './partitions'
import { migrate, MigrationError, verifySchema } from './migrate'
import { type Limit, withClient } from './session'
import { Busy } from './turns'

const SECOND_MS = 1_000
export const HEARTBEAT_MS = 30 * SECOND_MS
/** What takes longer goes over a connection that is stuck: it is destroyed, for the pool has few. */
const ATTEMPT_MS = 5 * SECOND_MS
/** Where the pool has one connection for everything, until the question before is over. */
const WAIT_MS = 15 * SECOND_MS
/** Of a stop, which a Postgres that hangs must not keep. */
const LAST_WORD_MS = SECOND_MS

/** What a collector does for its database beside writing to it. */
export interface Keeper {
  /**
   * Brings the schema up to date, creates the partitions of the days around today, announces this process, and from then
   * on keeps it so. To be done again whenever the database came back, for it may be another one. Throws MigrationError for
   * what only people can mend; anything else may pass.
   */
  prepare(): Promise<void>
  /** Says for the last time what of this process waits to be stored, or that nothing does, if the database listens. */
  stop(): Promise<void>
}

export interface KeeperOptions {
  readonly pool: Pool
  readonly sidecar: Sidecar
  readonly migrate: 'auto' | 'off'
  readonly log: Logger
  /** Unix milliseconds. */
  readonly nowMs: () => number
  /** How old the oldest record is that this process, or its successor, would store again or for the first time; null when there is none. */
  readonly oldestUndrainedAgeMs: () => number | null
  /** Told by a heartbeat that the schema is not one that this build may go on with. */
  readonly onMisfit: (error: MigrationError) => void
  /** Told by a heartbeat, which may be the only one to ask, why the database cannot be used. */
  readonly onLost: (reason: string) => void
  /** Default 30 s. */
  readonly heartbeatMs?: number
  /** Default 5 s; what takes longer is given up, but for migrations. */
  readonly attemptMs?: number
}

/** All of it is harmless when several collectors do it at once. */
export function createKeeper({
  pool,
  sidecar,
  migrate: mode,
  log,
  nowMs,
  oldestUndrainedAgeMs,
  onMisfit,
  onLost,
  heartbeatMs = HEARTBEAT_MS,
  attemptMs = ATTEMPT_MS,
}: KeeperOptions): Keeper {
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> | undefined
  let isFailing = false
  const limit: Limit = { waitMs: WAIT_MS, useMs: attemptMs, isUrgent: true }
  async function beat(): Promise<void> {
    try {
      await verifySchema(pool, limit)
      const isKnown = await heartbeat(pool, sidecar.id, oldestUndrainedAgeMs(), limit)
      if (!isKnown) await registerSidecar(pool, sidecar, oldestUndrainedAgeMs(), limit)
      if (isFailing) log.info('the heartbeat reaches the database again')
      isFailing = false
    } catch (error) {
      if (error instanceof MigrationError) return onMisfit(error)
      if (!isFailing) log.warn({ err: error }, 'the heartbeat failed; tried again every 30 s')
      isFailing = true
      if (!(error instanceof Busy)) onLost(messageOf(error))
    }
  }
  /** None while the one before is under way. */
  function beatOnce(): void {
    beating ??= beat().finally(() => (beating = undefined))
  }
  return {
    async prepare() {
      // A migration may take its time. Over a connection that just answered it is not lost in one that is stuck.
      await withClient(pool, limit, (client) => client.query('select'))
      await migrate(pool, { mode, log })
      await ensureUpcomingPartitions(pool, nowMs(), limit)
      await registerSidecar(pool, sidecar, oldestUndrainedAgeMs(), limit)
      timer ??= setInterval(beatOnce, heartbeatMs).unref()
    },
    async stop() {
      clearInterval(timer)
      const last = AbortSignal.timeout(LAST_WORD_MS)
      // Coming after the last word, it would take that back.
      await Promise.race([beating, once(last, 'abort')])
      try {
        const ageMs = oldestUndrainedAgeMs()
        if (ageMs === null) await reportDrained(pool, sidecar.id, last)
        else await heartbeat(pool, sidecar.id, ageMs, last)
      } catch (error) {
        log.debug({ err: error }, 'cannot tell the database of this stop')
      }
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Pool } from 'pg'
import type { Duty } from './duties'
import { createLeadership, type Leadership } from './leadership'
import { acquireLease, LEADER, type Lease, releaseLease, renewLease } from './lease'
import type { Limit } from './session'

const SECOND_MS = 1_000
/** A renewal that takes longer goes over a connection that is stuck. */
const ATTEMPT_MS = 5 * SECOND_MS

/** A candidate for the lease `leader`, and the leader while it holds it. */
export interface Leader {
  /** Stands from now on, once the schema is there. */
  start(): void
  /** Gives up what is under way and lets the next candidate have the lease at once. */
  stop(): Promise<void>
}

export interface LeaderOptions {
  /** For the duties. Where it has but one connection, quick duties wait for each transaction and statement of the others. */
  readonly pool: Pool
  /** For the quick duties; default `pool`. */
  readonly quickPool?: Pool
  /** For the lease, which must not wait behind duties, and for giving up statements of theirs; default `pool`. */
  readonly leasePool?: Pool
  /** The sidecar's id. */
  readonly owner: string
  readonly duties: readonly Duty[]
  /** Those that are soon done and often due; they go on beside the others. */
  readonly quickDuties?: readonly Duty[]
  readonly log: Logger
  /** Called when this process becomes the leader and when it is it no longer. */
  readonly leading: (isLeading: boolean) => void
  /**
   * Default 45 s; after that long without a renewal another candidate takes over. A renewal may have to wait for the only
   * connection until a refresh of the views is over, 32 s.
   */
  readonly ttlMs?: number
  /** Default 10 s; between two renewals, and between two tries of a candidate. */
  readonly renewEveryMs?: number
  /** Default 5 minutes; between two rounds of the duties, so that a size limit is passed by little at most. */
  readonly workEveryMs?: number
  /** Default 10 s; between two rounds of the quick duties. */
  readonly quickEveryMs?: number
}

type Timing = Required<
  Pick<LeaderOptions, 'ttlMs' | 'renewEveryMs' | 'workEveryMs' | 'quickEveryMs'>
>

export function createLeader(options: LeaderOptions): Leader {
  const timing: Timing = {
    ttlMs: options.ttlMs ?? 45 * SECOND_MS,
    renewEveryMs: options.renewEveryMs ?? 10 * SECOND_MS,
    workEveryMs: options.workEveryMs ?? 300 * SECOND_MS,
    quickEveryMs: options.quickEveryMs ?? 10 * SECOND_MS,
  }
  const stopping = new AbortController()
  const faults = createFaults(options.log)
  let standing: Promise<void> | undefined
  return {
    start() {
      standing ??= stand(options, timing, faults, stopping.signal)
    },
    async stop() {
      stopping.abort()
      await standing
    },
  }
}

/** Tries for the lease, leads while it has it, and tries again. */
async function stand(
  options: LeaderOptions,
  timing: Timing,
  faults: Faults,
  signal: AbortSignal,
): Promise<void> {
  const { pool, leasePool = pool, owner } = options
  const { ttlMs, renewEveryMs } = timing
  while (!signal.aborted) {
    const askedAt = performance.now()
    const lease = await faults.watch('trying for the lead', signal, () =>
      acquireLease(leasePool, { name: LEADER, owner, ttlMs }, limitOf(ttlMs, ttlMs, signal)),
    )
    if (lease !== null) await lead(options, timing, { faults, lease, askedAt, signal })
    await pause(renewEveryMs, signal)
  }
}

interface Term {
  readonly faults: Faults
  readonly lease: Lease
  /** When the lease was asked for, by performance.now(): it lasts from then at least. */
  readonly askedAt: number
  readonly signal: AbortSignal
}

async function lead(options: LeaderOptions, timing: Timing, term: Term): Promise<void> {
  const { lease } = term
  const { pool, leasePool = pool, quickPool = pool, duties, quickDuties = [], log } = options
  const { leading } = options
  const ended = new AbortController()
  leading(true)
  log.info({ epoch: lease.epoch }, 'became the leader')
  const leadershipOn = (own: Pool) => createLeadership(own, lease, ended.signal, leasePool)
  const working = Promise.all([
    work(duties, leadershipOn(pool), timing.workEveryMs, term.faults),
    work(quickDuties, leadershipOn(quickPool), timing.quickEveryMs, term.faults),
  ])
  const loss = await renewUntilLost(leasePool, timing, term)
  ended.abort()
  await working
  leading(false)
  if (loss !== null) {
    log.warn({ epoch: lease.epoch }, `no longer the leader: ${loss}`)
    return
  }
  await releaseLease(leasePool, lease, AbortSignal.timeout(SECOND_MS)).then(
    () => log.info({ epoch: lease.epoch }, 'gave up the lead'),
    (error: unknown) => log.debug({ err: error }, 'cannot release the lead; it expires'),
  )
}

/** Returns why the lease is lost, or null when it is to be given up. */
async function renewUntilLost(
  pool: Pool,
  { ttlMs, renewEveryMs }: Timing,
  { lease, askedAt, signal }: Term,
): Promise<string | null> {
  let renewedAt = askedAt
  for (;;) {
    await pause(renewEveryMs, signal)
    if (signal.aborted) return null
    const sentAt = performance.now()
    const leftMs = renewedAt + ttlMs - sentAt
    if (leftMs <= 0) return 'the lease could not be renewed in time'
    try {
      const limit = limitOf(leftMs, Math.min(leftMs, ATTEMPT_MS), signal)
      const isOurs = await renewLease(pool, lease, ttlMs, limit)
      if (!isOurs) return 'another collector took over'
      renewedAt = sentAt
    } catch {
      // Tried again for as long as the lease lasts.
    }
  }
}

/** Does all duties at once and then once every `everyMs`, each whatever becomes of the others. */
async function work(
  duties: readonly Duty[],
  leadership: Leadership,
  everyMs: number,
  faults: Faults,
): Promise<void> {
  const { signal } = leadership
  while (!signal.aborted) {
    for (const duty of duties) {
      if (!signal.aborted) await faults.watch(duty.name, signal, () => duty.run(leadership))
    }
    await pause(everyMs, signal)
  }
}

/** Tells of the first failure of each kind of work and of its recovery. */
interface Faults {
  /** Never throws, but returns null; what fails because of the signal is no failure. */
  watch<T>(what: string, signal: AbortSignal, run: () => Promise<T>): Promise<T | null>
}

function createFaults(log: Logger): Faults {
  const failing = new Set<string>()
  return {
    async watch(what, signal, run) {
      try {
        const result = await run()
        if (failing.delete(what)) log.info(`${what} works again`)
        return result
      } catch (error) {
        if (!signal.aborted && !failing.has(what)) {
          failing.add(what)
          log.warn({ err: error }, `${what} failed; tried again later`)
        }
        return null
      }
    },
  }
}

/** Before the others that wait. */
function limitOf(waitMs: number, useMs: number, signal: AbortSignal): Limit {
  return { waitMs, useMs, signal, isUrgent: true }
}

/** Ends early, without an error, when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

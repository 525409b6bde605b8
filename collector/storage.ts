import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { readBreaches } from './api/alerts'
import { type Config, handoverPlaceOf, retentionBytesOf, retentionDaysOf } from './config'
import { shareConnections } from './config/connections'
import { countSightings } from './ingest/changes'
import { judgeLife } from './health/error-life'
import { Inbox } from './ingest/handover/inbox'
import { openSpool } from './ingest/spool/spool'
import type { CollectorParts } from './parts'
import type { Release } from './release'
import { openDatabase } from './store/database'
import {
  createDuties,
  createErrorDuties,
  createHealthDuties,
  createQuickDuties,
} from './store/duties'
import { createErrorJudging } from './store/error-judging'
import { createKeeper, HEARTBEAT_MS, type KeeperOptions } from './store/keeper'
import { createLeader, type Leader } from './store/leader'
import { createPool } from './store/pool'
import { createErrorQueries } from './store/queries/errors'
import { createFigureQueries } from './store/queries/figures'
import { createGroupWriter } from './store/writer'
import type { Counters } from './telemetry/counters'

const HOUR_MS = 3_600_000
/** Transactions of live requests at once: one translates and sends while the other commits. */
export const WRITERS = 2
/** A pool has so long to end. */
const END_MS = 1_000

/** The database and the spool, and what works on them. */
export async function openStorage(
  parts: CollectorParts,
  counters: Counters,
  releases: Release[],
  { onMisfit, onLost }: Pick<KeeperOptions, 'onMisfit' | 'onLost'>,
) {
  const { config, log, version, signal } = parts
  const database = await openDatabase(config, log, signal)
  releases.push(() => database.close())
  const spool = await openSpool({
    folder: join(config.dataDir, 'spool'),
    maxBytes: config.spoolMaxBytes,
    maxAgeMs: config.spoolMaxAgeHours * HOUR_MS,
    nowMs: Date.now,
    counters,
    log: log.child({ part: 'spool' }),
  })
  releases.push(() => spool.close())
  const inbox = await openInbox(config, log)
  const pools = openPools(config, database.connectionString, releases)
  const { pool } = pools
  const sidecar = { id: randomUUID(), host: hostname(), version, roles: config.roles }
  const keeper = createKeeper({
    pool,
    sidecar,
    migrate: config.migrate,
    log,
    nowMs: Date.now,
    onMisfit,
    onLost: storesByItself(config) ? () => undefined : onLost,
    oldestUndrainedAgeMs: () =>
      oldestAgeMs([spool.state().oldestOnDiskMs, inbox?.state().oldestMs ?? null]),
  })
  releases.push(() => keeper.stop())
  // What is left in it is known when the keeper has its last word.
  if (inbox !== null) releases.push(() => inbox.close())
  const leader =
    pools.leaderPool === null
      ? null
      : openLeader(parts, { ...pools, owner: sidecar.id, counters, releases })
  const writer = createGroupWriter({
    pool,
    sighted: (sightings) => countSightings(counters, sightings),
  })
  releases.push(() => writer.close())
  const { queryPool } = pools
  return { sidecarId: sidecar.id, database, pool, queryPool, keeper, leader, writer, spool, inbox }
}

/** Whether its own metrics, which it stores at least as often, tell sooner than the heartbeat that the database is lost. */
function storesByItself({ roles, hostMetrics, hostMetricsIntervalMs }: Config): boolean {
  return roles.includes('ingest') && hostMetrics === 'on' && hostMetricsIntervalMs <= HEARTBEAT_MS
}

interface Pools {
  /** For groups of requests, and for what is short and must not wait behind what takes long: the heartbeat and the lease. */
  readonly pool: Pool
  /** Null without the role `api`. Its connections are its own, so that slow questions never keep ingest waiting. */
  readonly queryPool: Pool | null
  /** Null without the role `leader`. */
  readonly leaderPool: Pool | null
  /** Where the leader's own has one connection, which a statement may keep for minutes, that of ingest. */
  readonly quickPool: Pool | null
}

function openPools(config: Config, connectionString: string, releases: Release[]): Pools {
  const { ingest, api, leader, lease } = shareConnections(config)
  const open = (max: number, applicationName: string): Pool | null => {
    if (max === 0) return null
    const opened = createPool({ connectionString, max, applicationName })
    releases.push(() => endPool(opened))
    return opened
  }
  const own = open(ingest + lease, 'sidelight')
  const queryPool = open(api, 'sidelight api')
  const leaderPool = open(leader, 'sidelight leader')
  const pool = own ?? queryPool
  if (pool === null) throw new Error('a collector without connections')
  return { pool, queryPool, leaderPool, quickPool: leader === 1 && ingest > 0 ? own : leaderPool }
}

/** Null when there is none. */
function oldestAgeMs(times: readonly (number | null)[]): number | null {
  const agesMs = times.filter((ms) => ms !== null).map((ms) => Date.now() - ms)
  return agesMs.length === 0 ? null : Math.max(0, ...agesMs)
}

/** Null when nothing is taken from it. What is in it counts from the first word to the database on. */
async function openInbox({ handoverDir, roles }: Config, log: Logger): Promise<Inbox | null> {
  const folder = roles.includes('ingest') ? handoverPlaceOf(handoverDir) : null
  if (folder === null) return null
  const inbox = new Inbox({ folder, nowMs: Date.now, log: log.child({ part: 'handover' }) })
  await inbox.look()
  return inbox
}

/** A connection that is lent still, to a migration or a question that takes long, ends with the process. */
async function endPool(pool: Pool): Promise<void> {
  const limit = new AbortController()
  const isOver = wait(END_MS, undefined, { signal: limit.signal }).catch(() => undefined)
  await Promise.race([pool.end(), isOver])
  limit.abort()
}

interface LeaderParts extends Pools {
  readonly owner: string
  readonly counters: Counters
  readonly releases: Release[]
}

/** It stands once the schema is there. */
function openLeader(
  { config, log }: CollectorParts,
  { pool, leaderPool, quickPool, owner, counters, releases }: LeaderParts,
): Leader {
  const own = log.child({ part: 'leader' })
  const duties = createDuties({
    retentionDays: (signal) => retentionDaysOf(config, signal),
    rollupRetentionDays: config.retentionRollupsDays,
    maxBytes: retentionBytesOf(config),
    log: own,
    partition: (action, table) => counters.partitions.inc({ action, table }),
    collected: (dictionary, rows) => counters.collectedRows.inc({ dictionary }, rows),
    thinned: (rows) => counters.thinnedOccurrences.inc(rows),
  })
  const judging = createErrorJudging({
    judge: judgeLife,
    transitioned: (to, count) => counters.errorGroupTransitions.inc({ to }, count),
  })
  const leader = createLeader({
    pool: leaderPool ?? pool,
    quickPool: quickPool ?? pool,
    leasePool: pool,
    owner,
    duties: [...duties, ...createErrorDuties(judging)],
    quickDuties: [
      ...createQuickDuties({
        folded: (rows, table) => counters.foldedRollups.inc({ table }, rows),
        judged(counted, dropped) {
          counters.errorCandidates.inc({ outcome: 'counted' }, counted)
          counters.errorCandidates.inc({ outcome: 'dropped' }, dropped)
        },
        judging,
      }),
      ...createHealthDuties((from, nowMs) =>
        readBreaches(
          { ...createFigureQueries(from), ...createErrorQueries(from) },
          config.thresholds,
          nowMs,
        ),
      ),
    ],
    log: own,
    leading: (isLeading) => counters.leader.set(isLeading ? 1 : 0),
  })
  releases.push(() => leader.stop())
  return leader
}

import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { readBreaches } from './api/alerts'
import { type Config, handoverPlaceOf, retentionBytesOf, retentionDaysOf } from './config'
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
import { createKeeper } from './store/keeper'
import { createLeader, type Leader } from './store/leader'
import { createPool } from './store/pool'
import { createErrorQueries } from './store/queries/errors'
import { createFigureQueries } from './store/queries/figures'
import { createGroupWriter } from './store/writer'
import type { Counters } from './telemetry/counters'

const HOUR_MS = 3_600_000
/** Transactions of live requests at once: one translates and sends while the other commits. */
export const WRITERS = 2
/** Theirs, one for the spool, and one for the heartbeat. */
const INGEST_CONNECTIONS = WRITERS + 2
/** For the lease, for what the leader does often, and for what takes it long. */
const LEADER_CONNECTIONS = 3
/** A pool has so long to end. */
const END_MS = 1_000

/** The database and the spool, and what works on them. */
export async function openStorage(
  parts: CollectorParts,
  counters: Counters,
  releases: Release[],
  onMisfit: (error: Error) => void,
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
  const { connectionString } = database
  const isLeader = config.roles.includes('leader')
  const others = config.databaseConnections - (isLeader ? LEADER_CONNECTIONS : 0)
  const ingestConnections = Math.min(INGEST_CONNECTIONS, others - 1)
  const pool = createPool({
    connectionString,
    max: ingestConnections,
    applicationName: 'sidelight',
  })
  releases.push(() => endPool(pool))
  // Questions have connections of their own, so that slow ones never keep ingest waiting.
  const queryPool = createPool({
    connectionString,
    max: others - ingestConnections,
    applicationName: 'sidelight api',
  })
  releases.push(() => endPool(queryPool))
  const sidecar = { id: randomUUID(), host: hostname(), version, roles: config.roles }
  const keeper = createKeeper({
    pool,
    sidecar,
    migrate: config.migrate,
    log,
    nowMs: Date.now,
    onMisfit,
    oldestUndrainedAgeMs: () =>
      oldestAgeMs([spool.state().oldestOnDiskMs, inbox?.state().oldestMs ?? null]),
  })
  releases.push(() => keeper.stop())
  // What is left in it is known when the keeper has its last word.
  if (inbox !== null) releases.push(() => inbox.close())
  const leader = isLeader
    ? openLeader(parts, { connectionString, owner: sidecar.id, counters, releases })
    : null
  const writer = createGroupWriter({
    pool,
    sighted: (sightings) => countSightings(counters, sightings),
  })
  releases.push(() => writer.close())
  return { sidecarId: sidecar.id, database, pool, queryPool, keeper, leader, writer, spool, inbox }
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

interface LeaderParts {
  readonly connectionString: string
  readonly owner: string
  readonly counters: Counters
  readonly releases: Release[]
}

/** It stands once the schema is there. */
function openLeader(
  { config, log }: CollectorParts,
  { connectionString, owner, counters, releases }: LeaderParts,
): Leader {
  const pool = createPool({
    connectionString,
    max: LEADER_CONNECTIONS,
    applicationName: 'sidelight leader',
  })
  releases.push(() => endPool(pool))
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
    pool,
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

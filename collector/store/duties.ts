import type { Logger } from 'pino'
import { readClockMs } from './clock'
import { closePartitions } from './closing'
import { type Collected, createCollection } from './collection'
import { deleteOldDeadLetters } from './dead-letter'
import { foldEdges, joinEdges } from './edges'
import { type Judged, judgeCandidates } from './error-candidates'
import { foldErrors } from './error-folding'
import { forgetGroups } from './error-due'
import type { ErrorJudging } from './error-judging'
import { createThinning, type Thinned } from './error-thinning'
import { foldEvents, forgetStates } from './event-folding'
import { foldRollups } from './folding'
import { type JudgeHealth, keepHealthConditions } from './health-conditions'
import type { Folded } from './levels'
import type { Leadership } from './leadership'
import { deleteOldReceipts, deleteOldThrows, forgetSidecars } from './maintenance'
import { ensureUpcomingPartitions } from './partitions'
import { createSizeRetention, dropByAge } from './retention'
import type { DictionaryName, Signal } from '../translate/rows'
import { keptDays, PARTITIONED_TABLES } from './tables'

/** Work of the leader; done again and again, and whoever takes over may begin it anew at any point. */
export interface Duty {
  /** As in "closing partitions failed". */
  readonly name: string
  run(leadership: Leadership): Promise<void>
}

export interface DutiesOptions {
  readonly retentionDays: (signal: Signal) => number
  /** How long what spans add up to is kept. */
  readonly rollupRetentionDays: number
  /** What everything in the schema may take on disk; null for no limit. */
  readonly maxBytes: number | null
  readonly log: Logger
  /** Called with the table of each partition that was dropped or closed. */
  readonly partition: (action: 'dropped' | 'closed', table: string) => void
  readonly collected: Collected
  readonly thinned: Thinned
}

/** Those that rollups refer to: for as long as the month is kept that holds a day which is kept no longer. */
const ROLLUP_DICTIONARIES: ReadonlySet<DictionaryName> = new Set([
  'service',
  'operation',
  'release',
  'error_group_hash',
  'catalogue',
])
const LONGEST_MONTH_DAYS = 31

/** What the leader does, in this order: what takes long comes last. */
export function createDuties(options: DutiesOptions): readonly Duty[] {
  const { retentionDays, rollupRetentionDays, partition, collected, thinned, log } = options
  const retention = { ...options, dropped: (table: string) => partition('dropped', table) }
  const longestRetentionDays = Math.max(
    ...PARTITIONED_TABLES.map((table) => keptDays(table, retentionDays)),
  )
  return [
    duty('creating partitions', async (leadership) =>
      ensureUpcomingPartitions(leadership.pool, await readClockMs(leadership), leadership.signal),
    ),
    duty('folding the service map', foldEdges),
    duty('deleting old receipts', deleteOldReceipts),
    duty('deleting old throws', deleteOldThrows),
    duty('deleting old dead letters', (leadership) =>
      deleteOldDeadLetters(leadership, longestRetentionDays),
    ),
    duty('forgetting sidecars', forgetSidecars),
    duty('dropping old partitions', (leadership) => dropByAge(leadership, retention)),
    duty('keeping the size', createSizeRetention(retention)),
    duty('thinning occurrences of errors', createThinning(thinned)),
    duty(
      'collecting dictionaries',
      createCollection(
        (dictionary) =>
          ROLLUP_DICTIONARIES.has(dictionary)
            ? Math.max(longestRetentionDays, rollupRetentionDays + LONGEST_MONTH_DAYS)
            : longestRetentionDays,
        collected,
      ),
    ),
    duty('forgetting webhooks and rules', forgetStates),
    duty('closing partitions', (leadership) =>
      closePartitions(leadership, { log, closed: (table) => partition('closed', table) }),
    ),
  ]
}

export interface QuickDutiesOptions {
  readonly folded: Folded
  readonly judged: Judged
  readonly judging: ErrorJudging
}

/** What the leader does every few seconds: what spans, throws and events add up to, and what groups of errors become by that. */
export function createQuickDuties({
  folded,
  judged,
  judging,
}: QuickDutiesOptions): readonly Duty[] {
  return [
    duty('folding rollups', (leadership) => foldRollups(leadership, folded)),
    duty('joining callers and called', joinEdges),
    duty('counting failures without an exception', (leadership) =>
      judgeCandidates(leadership, judged),
    ),
    // Before they are folded: late throws are told apart by that.
    duty('judging errors', (leadership) => judging.judgeNews(leadership)),
    duty('folding errors', (leadership) => foldErrors(leadership, folded)),
    duty('folding events', (leadership) => foldEvents(leadership, folded)),
  ]
}

/** What the leader does about groups of errors that takes long. */
export function createErrorDuties({ judgeAll }: ErrorJudging): readonly Duty[] {
  return [duty('judging all errors', judgeAll), duty('forgetting errors', forgetGroups)]
}

/** What the leader says every few seconds of the health of services. */
export function createHealthDuties(judge: JudgeHealth): readonly Duty[] {
  return [duty('judging health', (leadership) => keepHealthConditions(leadership, judge))]
}

function duty(name: string, work: (leadership: Leadership) => Promise<unknown>): Duty {
  return {
    name,
    async run(leadership) {
      await work(leadership)
    },
  }
}

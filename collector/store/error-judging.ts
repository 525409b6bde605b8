import type { PoolClient } from 'pg'
import { readClockMs } from './clock'
import { findContradicted, findDue, makeMissingGroups } from './error-due'
import {
  type JudgedFacts,
  type JudgedGroup,
  lockGroups,
  previousOf,
  readFacts,
} from './error-facts'
import { takeNews } from './error-news'
import type { Leadership } from './leadership'

/** What becomes of a group, and why; `release`: the one a resolution in the next has come to mean. */
export interface Judgement {
  readonly state: JudgedGroup['state']
  readonly release: string | null
  readonly details: Readonly<Record<string, unknown>>
}

export interface ErrorJudgingOptions {
  /** Null: the group stays as it is. Times are unix milliseconds. */
  readonly judge: (group: JudgedGroup, facts: JudgedFacts, nowMs: number) => Judgement | null
  /** Called with each state that so many groups came into, once that is committed. */
  readonly transitioned: (state: string, count: number) => void
}

/** The leader's judgement of groups of errors. */
export interface ErrorJudging {
  /** What came since the last time, and once a minute what the clock brings about; to be called every few seconds. */
  judgeNews(leadership: Leadership): Promise<void>
  /** Everything, whenever it was stored: finds what `judgeNews` may pass over, which is late and folded at once. */
  judgeAll(leadership: Leadership): Promise<void>
}

/** Groups judged in one transaction. */
const BATCH = 200
const MINUTE_MS = 60_000
/** Nobody looked for as long as the lead is being taken over, or nobody knows how long. */
const FIRST_LOOK_MS = 10 * MINUTE_MS

/**
 * A judgement depends on what is stored alone, and is written with the row locked in a transaction that holds the lease: one
 * that was cut off is made again, and a second leader finds it made.
 */
export function createErrorJudging(options: ErrorJudgingOptions): ErrorJudging {
  let lookedMs: number | null = null
  let clockedMs = -Infinity
  return {
    async judgeNews(leadership) {
      const nowMs = await readClockMs(leadership)
      const sinceMs = lookedMs ?? nowMs - FIRST_LOOK_MS
      const { madeCount, candidates } = await takeNews(leadership, sinceMs)
      if (madeCount > 0) options.transitioned('new', madeCount)
      await judgeGroups(leadership, candidates, options)
      lookedMs = nowMs
      if (nowMs - clockedMs < MINUTE_MS) return
      await judgeGroups(leadership, await findDue(leadership), options)
      clockedMs = nowMs
    },
    async judgeAll(leadership) {
      const madeCount = await makeMissingGroups(leadership)
      if (madeCount > 0) options.transitioned('new', madeCount)
      await judgeGroups(leadership, await findContradicted(leadership), options)
    },
  }
}

async function judgeGroups(
  leadership: Leadership,
  ids: readonly string[],
  { judge, transitioned }: ErrorJudgingOptions,
): Promise<void> {
  for (let from = 0; from < ids.length; from += BATCH) {
    const batch = ids.slice(from, from + BATCH)
    const judged = await leadership.transaction(async (client) => {
      const groups = await lockGroups(client, batch)
      const facts = await readFacts(client, groups)
      const nowMs = await readClockMs(client)
      const changes = groups.flatMap((group, index) => {
        const judgement = judge(group, facts[index]!, nowMs)
        return judgement === null ? [] : [{ group, judgement }]
      })
      if (changes.length > 0) await write(client, changes)
      return changes
    })
    for (const { group, judgement } of judged) {
      if (judgement.state !== group.state) transitioned(judgement.state, 1)
    }
  }
}

interface Change {
  readonly group: JudgedGroup
  readonly judgement: Judgement
}

/** A resolution that got its release stays what it is; whatever else a group becomes, it is not resolved or muted any more. */
const WRITE = `
with change as (
  select * from unnest($1::uuid[], $2::text[], $3::text[]) as c (id, state, release)
),
changed as (
  update sidelight.error_group g set
    state = c.state,
    state_since = case when c.state = g.state then g.state_since else clock_timestamp() end,
    resolved_release = case when c.state = 'resolved' then c.release end,
    resolved_at = case when c.state = 'resolved' then g.resolved_at end,
    resolved_through = case when c.state = 'resolved' then g.resolved_through end,
    resolved_by = case when c.state = 'resolved' then g.resolved_by end,
    resolution = case when c.state = 'resolved' then g.resolution end,
    resolution_notes = case when c.state = 'resolved' then g.resolution_notes end,
    muted_at = null, muted_until = null, muted_count = null, muted_minutes = null, muted_before = null
  from change c where g.id = c.id
)
insert into sidelight.error_group_event (group_id, actor, action, details)
select id, '', action, details
from unnest($1::uuid[], $4::text[], $5::jsonb[]) with ordinality as e (id, action, details, position)
order by position`

async function write(client: PoolClient, changes: readonly Change[]): Promise<void> {
  await client.query(WRITE, [
    changes.map(({ group }) => group.id),
    changes.map(({ judgement }) => judgement.state),
    changes.map(({ judgement }) => judgement.release),
    changes.map(({ judgement }) => actionOf(judgement)),
    changes.map(({ group, judgement }) =>
      JSON.stringify({ ...judgement.details, previous: previousOf(group) }),
    ),
  ])
}

function actionOf({ state }: Judgement): string {
  return state === 'resolved' ? 'released' : state
}

import type { PoolClient } from 'pg'
import { millisOf } from './error-times'

/** A group as it is judged; times are unix milliseconds. */
export interface JudgedGroup {
  readonly id: string
  readonly state: 'new' | 'ongoing' | 'escalating' | 'regressed' | 'resolved' | 'muted'
  readonly stateSinceMs: number
  readonly firstSeenMs: number
  readonly resolution: {
    readonly kind: 'now' | 'in_release' | 'in_next_release'
    readonly atMs: number
    readonly throughMs: number
    readonly release: string | null
  } | null
  readonly mute: {
    readonly atMs: number
    readonly untilMs: number | null
    readonly count: number | null
    readonly minutes: number | null
    readonly before: number
  } | null
}

/** What its state is judged by; what does not matter to it is empty. */
export interface JudgedFacts {
  readonly releases: readonly { readonly version: string; readonly firstSeenMs: number }[]
  readonly throws: readonly {
    readonly release: string
    readonly firstMs: number
    readonly lastMs: number
  }[]
  readonly hours: readonly Count[]
  readonly minutes: readonly Count[]
}

interface Count {
  readonly sinceMs: number
  readonly count: number
}

/** SQL: the columns of a judged group from `error_group g`. */
export const GROUP_COLUMNS = `
g.id, g.state, ${millisOf('g.state_since')} as "stateSinceMs", ${millisOf('g.first_seen_at')} as "firstSeenMs",
case when g.state = 'resolved' then jsonb_build_object(
  'kind', g.resolution, 'atMs', ${millisOf('g.resolved_at')},
  'throughMs', ${millisOf('coalesce(g.resolved_through, g.resolved_at)')}, 'release', g.resolved_release
) end as resolution,
case when g.state = 'muted' then jsonb_build_object(
  'atMs', ${millisOf('g.muted_at')}, 'untilMs', ${millisOf('g.muted_until')}, 'count', g.muted_count,
  'minutes', g.muted_minutes, 'before', coalesce(g.muted_before, 0)
) end as mute`

/** What a group was before a change, as its history tells. */
export function previousOf({ state, resolution, mute }: JudgedGroup) {
  return {
    state,
    ...(resolution === null ? {} : { resolution }),
    ...(mute === null ? {} : { mute }),
  }
}

/** Those that somebody changes just now are left for the next time; those merged into others are nobody's any more. */
const LOCK = `
select ${GROUP_COLUMNS} from sidelight.error_group g
where g.id = any ($1::uuid[])
  and exists (select from sidelight.error_group_hash h where h.group_id = g.id)
order by g.id for no key update of g skip locked`

/** Locks groups until the transaction ends. */
export async function lockGroups(
  client: PoolClient,
  ids: readonly string[],
): Promise<JudgedGroup[]> {
  return (await client.query<JudgedGroup>(LOCK, [ids])).rows
}

const RELEASES = `
select g.id, array_agg(r.version order by r.id) as versions,
  array_agg(${millisOf('r.first_seen_at')} order by r.id) as "firstSeenMs"
from sidelight.error_group g
join sidelight.release r on r.service = g.service and r.namespace = g.namespace and r.tenant = g.tenant
where g.id = any ($1::uuid[])
group by g.id`

/** In which releases a group was seen before it was resolved matters for so long. */
const BRANCH_DAYS = 30

const THROWS = `
select g.id, r.release, (min(r.first_ns) / 1000000)::float8 as "firstMs", (max(r.last_ns) / 1000000)::float8 as "lastMs"
from sidelight.error_group g
join sidelight.error_group_hash h on h.group_id = g.id
join sidelight.error_rollup r on r.error_hash = h.id
  and r.bucket >= date_trunc('hour', g.resolved_through - case g.resolution
    when 'now' then interval '0' else interval '${BRANCH_DAYS} days' end, 'UTC')
where g.id = any ($1::uuid[])
group by g.id, r.release`

/** Hours of the week that is usual, and of the one before this one. */
const USUAL = `interval '170 hours'`

const HOURS = `
select g.id, ${millisOf(`date_trunc('hour', r.bucket, 'UTC')`)} as "sinceMs", sum(r.severe_count)::float8 as count
from sidelight.error_group g
join sidelight.error_group_hash h on h.group_id = g.id
join sidelight.error_rollup r on r.error_hash = h.id and r.level in (0, 2) and r.severe_count > 0
  and r.bucket >= date_trunc('hour', case g.state when 'escalating' then g.state_since else statement_timestamp() end, 'UTC')
    - ${USUAL}
where g.id = any ($1::uuid[])
group by g.id, 2`

/** What came late, or while nobody looked, counts for so long. */
const LATE = `interval '1 hour'`

const MINUTES = `
select g.id, ${millisOf('r.bucket')} as "sinceMs", sum(r.occurrence_count)::float8 as count
from sidelight.error_group g
join sidelight.error_group_hash h on h.group_id = g.id
join sidelight.error_rollup r on r.error_hash = h.id and r.level in (0, 1)
  and r.bucket >= greatest(date_trunc('minute', g.muted_at),
    statement_timestamp() - g.muted_minutes * interval '1 minute' - ${LATE})
where g.id = any ($1::uuid[]) and g.muted_minutes is not null
group by g.id, r.bucket`

/** What these groups are judged by, in the order of the groups. */
export async function readFacts(
  client: PoolClient,
  groups: readonly JudgedGroup[],
): Promise<JudgedFacts[]> {
  const idsOf = (...states: readonly JudgedGroup['state'][]) =>
    groups.filter(({ state }) => states.includes(state)).map(({ id }) => id)
  const resolved = idsOf('resolved')
  const releases = await ask<{ versions: string[]; firstSeenMs: number[] }>(
    client,
    RELEASES,
    resolved,
  )
  const throws = await ask<JudgedFacts['throws'][number]>(client, THROWS, resolved)
  const hours = await ask<Count>(client, HOURS, idsOf('new', 'ongoing', 'escalating'))
  const minutes = await ask<Count>(client, MINUTES, idsOf('muted'))
  return groups.map(({ id }) => ({
    releases: (releases.get(id) ?? []).flatMap(({ versions, firstSeenMs }) =>
      versions.map((version, index) => ({ version, firstSeenMs: firstSeenMs[index] ?? 0 })),
    ),
    throws: throws.get(id) ?? [],
    hours: hours.get(id) ?? [],
    minutes: minutes.get(id) ?? [],
  }))
}

/** The rows by group. */
async function ask<R extends object>(
  client: PoolClient,
  text: string,
  ids: readonly string[],
): Promise<Map<string, R[]>> {
  const byId = new Map<string, R[]>()
  if (ids.length === 0) return byId
  const { rows } = await client.query<R & { id: string }>(text, [ids])
  for (const row of rows) {
    const rowsOf = byId.get(row.id)
    if (rowsOf === undefined) byId.set(row.id, [row])
    else rowsOf.push(row)
  }
  return byId
}

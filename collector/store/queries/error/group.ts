import type { ErrorState } from './question'
import { Values } from '../log-filter'
import type { Reading } from '../read'
import { formatUnixNano } from '../stored'
import { type ErrorNarrowing, type LevelRange, rolledOf } from './rollups'
import { userCount } from './users'

/** Which groups are read, and what of their throws is counted. */
export interface GroupQuestion {
  readonly ids: readonly string[]
  readonly ranges: readonly LevelRange[]
  readonly narrowing: ErrorNarrowing
}

/** The groups in the order of their ids; those of which no hash is known are left out. */
export async function readGroups(
  { ask }: Pick<Reading, 'ask'>,
  { ids, ranges, narrowing }: GroupQuestion,
) {
  if (ids.length === 0) return []
  const values = new Values()
  const asked = `${values.bind(ids)}::uuid[]`
  const rows = await ask<GroupRow>({
    text: statementOf(asked, rolledOf('m.id', COUNTED, ranges, narrowing, values)),
    values: values.list,
  })
  return rows.map(decodeGroup)
}

const COUNTED =
  'error_hash, occurrence_count, severe_count, unhandled_count, first_ns, last_ns, user_hashes'

/**
 * What was thrown first of all that is kept, and last: of the first rows of the index, for hours may be many. The leader
 * notes the times of a group, for longer than throws are kept; what it has not noted yet is in the rollups.
 */
function edgeOf(direction: 'asc' | 'desc', column: 'first_ns' | 'last_ns'): string {
  const at = (level: 0 | 2) => `
      (select ${column}, release from sidelight.error_rollup
      where error_hash = m.id and level = ${level} order by bucket ${direction}, ${column} ${direction} limit 1)`
  return `
    select e.${column} as ns, e.release from member m cross join lateral (${at(0)} union all ${at(2)}) as e
    where m.group_id = asked.id order by e.${column} ${direction} limit 1`
}

const micros = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint`

function statementOf(asked: string, rollups: string): string {
  return `
with member as materialized (
  select id, group_id from sidelight.error_group_hash where group_id = any(${asked})
),
part as materialized (
  select m.group_id, r.* from member m cross join lateral ${rollups} as r
),
sums as (
  select group_id, sum(occurrence_count) as occurrences, sum(severe_count) as severe, sum(unhandled_count) as unhandled,
    min(first_ns) as first_ns, max(last_ns) as last_ns
  from part group by group_id
),
users as (${userCount('select group_id, unnest(user_hashes) as user_hash from part')})
select asked.id, h.tenant, h.namespace, h.service, h.module, h.operation, h.class, h.code, h.message, h.culprit,
  coalesce(g.state, 'new') as state, ${micros('g.state_since')} as state_since_us, g.assignee,
  ${micros('g.resolved_at')} as resolved_us, coalesce(g.resolved_by, '') as resolved_by, g.resolution, g.resolved_release,
  g.resolution_notes,
  ${micros('g.muted_at')} as muted_us, ${micros('g.muted_until')} as muted_until_us, g.muted_count, g.muted_minutes,
  coalesce(sums.occurrences, 0)::float8 as occurrences, coalesce(sums.severe, 0)::float8 as severe,
  coalesce(sums.unhandled, 0)::float8 as unhandled, coalesce(users.user_count, 0)::float8 as users,
  coalesce(least(${micros('g.first_seen_at')} * 1000, first.ns, sums.first_ns), ${micros('h.created_at')} * 1000) as first_ns,
  coalesce(greatest(${micros('g.last_seen_at')} * 1000, last.ns, sums.last_ns), ${micros('h.created_at')} * 1000) as last_ns,
  nullif(first.release, '') as first_release, nullif(last.release, '') as last_release
from unnest(${asked}) with ordinality as asked (id, place)
cross join lateral (
  select h.* from sidelight.error_group_hash h where h.group_id = asked.id
  order by h.id <> h.group_id, h.created_at, h.id limit 1
) as h
left join sidelight.error_group g on g.id = asked.id
left join sums on sums.group_id = asked.id
left join users on users.group_id = asked.id
left join lateral (${edgeOf('asc', 'first_ns')}) as first on true
left join lateral (${edgeOf('desc', 'last_ns')}) as last on true
order by asked.place`
}

/** 64-bit numbers are decimal strings. */
interface GroupRow {
  readonly id: string
  readonly tenant: string
  readonly namespace: string
  readonly service: string
  readonly module: string
  readonly operation: string
  readonly class: string
  readonly code: string | null
  readonly message: string
  readonly culprit: string
  readonly state: ErrorState
  readonly state_since_us: string | null
  readonly assignee: string | null
  readonly resolved_us: string | null
  readonly resolved_by: string
  readonly resolution: 'now' | 'in_release' | 'in_next_release' | null
  readonly resolved_release: string | null
  readonly resolution_notes: string | null
  readonly muted_us: string | null
  readonly muted_until_us: string | null
  readonly muted_count: string | null
  readonly muted_minutes: number | null
  readonly occurrences: number
  readonly severe: number
  readonly unhandled: number
  readonly users: number
  readonly first_ns: string
  readonly last_ns: string
  readonly first_release: string | null
  readonly last_release: string | null
}

function decodeGroup(row: GroupRow) {
  return {
    id: row.id,
    tenant: row.tenant,
    namespace: row.namespace,
    service: row.service,
    module: row.module,
    operation: row.operation,
    class: row.class,
    code: row.code,
    message: row.message,
    culprit: row.culprit,
    state: row.state,
    stateSince: timeOf(row.state_since_us),
    assignee: row.assignee,
    resolution: resolutionOf(row),
    mute: muteOf(row),
    occurrenceCount: row.occurrences,
    severeCount: row.severe,
    unhandledCount: row.unhandled,
    userCount: row.users,
    firstSeen: formatUnixNano(BigInt(row.first_ns)),
    lastSeen: formatUnixNano(BigInt(row.last_ns)),
    firstRelease: row.first_release,
    lastRelease: row.last_release,
  }
}

function resolutionOf(row: GroupRow) {
  const at = timeOf(row.resolved_us)
  if (at === null || row.resolution === null) return null
  return {
    at,
    by: row.resolved_by,
    kind: row.resolution,
    release: row.resolved_release,
    notes: row.resolution_notes,
  }
}

function muteOf(row: GroupRow) {
  const at = timeOf(row.muted_us)
  if (at === null) return null
  return {
    at,
    until: timeOf(row.muted_until_us),
    count: row.muted_count === null ? null : Number(row.muted_count),
    minutes: row.muted_minutes,
  }
}

/** RFC 3339 of unix microseconds. */
export function timeOf(micros: string): string
export function timeOf(micros: string | null): string | null
export function timeOf(micros: string | null): string | null {
  return micros === null ? null : formatUnixNano(BigInt(micros) * 1000n)
}

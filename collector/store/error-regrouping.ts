import type { Pool, PoolClient } from 'pg'
import { BadData } from '../errors'
import { previousOf } from './error-facts'
import {
  appendEvent,
  changeGroups,
  type ErrorSubject,
  type Locked,
  type LockedGroup,
  UUID,
} from './error-subject'
import { THROUGH, throughMoment } from './error-through'
import { timeOf } from './error-times'

/** Ingest marks hashes as seen in the order of their ids. */
const LOCK_HASHES = `
select id, group_id as "groupId" from sidelight.error_group_hash
where group_id = any ($1::uuid[]) order by id for no key update`

const REPOINT = `update sidelight.error_group_hash set group_id = $2 where id = any ($1::uuid[])`

/** What came before the merge does not take a resolution back. */
const ABSORB = `
update sidelight.error_group g set
  first_seen_at = least(g.first_seen_at, other.first_seen_at),
  last_seen_at = greatest(g.last_seen_at, other.last_seen_at),
  assignee = coalesce(g.assignee, other.assignee),
  resolved_through = case when g.state = 'resolved' then ${THROUGH} end
from (
  select min(o.first_seen_at) as first_seen_at, max(o.last_seen_at) as last_seen_at,
    (array_agg(o.assignee order by o.id) filter (where o.assignee is not null))[1] as assignee
  from sidelight.error_group o where o.id = any ($2::uuid[])
) as other, ${throughMoment('$1')}
where g.id = $1`

/**
 * The hashes of other groups become those of the subject's, which stays as it stands but for its times, and for whom it is
 * assigned to if that was nobody. The rows and the histories of the others stay, for a split to go on from. Returns the
 * group's id. Throws BadData for groups that are not there, of another service, or the same.
 */
export function mergeGroups(
  pool: Pool,
  action: ErrorSubject & { readonly others: readonly string[] },
): Promise<string | null> {
  const { actor, others } = action
  const merge = async (locked: Locked) => {
    const { client, group } = locked
    const absorbed = listAbsorbed(locked, others)
    const ids = absorbed.map(({ id }) => id)
    const hashes = await lockHashes(client, ids)
    await client.query(REPOINT, [hashes.map(({ id }) => id), group.id])
    await client.query(ABSORB, [group.id, ids])
    const groups = absorbed.map(({ id }) => ({
      id,
      hashes: hashes.filter(({ groupId }) => groupId === id).map((hash) => hash.id),
    }))
    const details = { groups, previous: { ...seenOf(group), assignee: group.assignee } }
    await appendEvent(client, { groupId: group.id, actor, action: 'merge', details })
    for (const other of absorbed) {
      const into = { into: group.id, previous: previousOf(other) }
      await appendEvent(client, { groupId: other.id, actor, action: 'merged', details: into })
    }
    return group.id
  }
  return changeGroups(pool, action, merge, { others })
}

function listAbsorbed({ group, at }: Locked, others: readonly string[]): LockedGroup[] {
  const absorbed = new Map<string, LockedGroup>()
  for (const id of others) {
    const other = at(id)
    if (other === undefined) throw new BadData(`cannot merge ${id}: there is no such error`)
    if (
      other.service !== group.service ||
      other.namespace !== group.namespace ||
      other.tenant !== group.tenant
    ) {
      throw new BadData(`cannot merge ${id}: it is an error of another service`)
    }
    if (other.id !== group.id) absorbed.set(other.id, other)
  }
  if (absorbed.size === 0) throw new BadData('cannot merge the errors: they are one already')
  return [...absorbed.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** A group that has had a row goes on as it was before it was merged; another one stands as the group it leaves. */
const FOUND = `
insert into sidelight.error_group (id, tenant, namespace, service, state, state_since, first_seen_at, last_seen_at, assignee,
  resolved_at, resolved_through, resolved_by, resolution, resolved_release, resolution_notes, muted_at, muted_until, muted_count,
  muted_minutes, muted_before)
select $2, tenant, namespace, service, state, state_since, first_seen_at, last_seen_at, assignee,
  resolved_at, resolved_through, resolved_by, resolution, resolved_release, resolution_notes, muted_at, muted_until, muted_count,
  muted_minutes, muted_before
from sidelight.error_group where id = $1
on conflict (id) do nothing`

/** Of the throws that are kept; a hash that is older than those was first seen when it was stored. */
const RESEE = `
update sidelight.error_group g set
  first_seen_at = coalesce(seen.first_at, g.first_seen_at), last_seen_at = coalesce(seen.last_at, g.last_seen_at)
from (
  select h.group_id, max(thrown.last_at) as last_at,
    min(case when h.created_at < thrown.first_at - interval '1 day' then h.created_at else thrown.first_at end) as first_at
  from sidelight.error_group_hash h
  cross join lateral (
    select ${timeOf('min(r.first_ns)')} as first_at, ${timeOf('max(r.last_ns)')} as last_at
    from sidelight.error_rollup r where r.error_hash = h.id
  ) thrown
  where h.group_id = any ($1::uuid[]) group by h.group_id
) as seen
where g.id = seen.group_id`

/**
 * Hashes of the subject's group become a group of their own, which has the id of the first. That takes a merge back: rollups
 * and occurrences are by the hash. Returns the new group's id. Throws BadData for hashes of another group, for all of them,
 * and for the one that gave the group its id, for that stays: the others can be split off instead.
 */
export async function splitGroup(
  pool: Pool,
  action: ErrorSubject & { readonly hashes: readonly string[] },
): Promise<string | null> {
  const { actor } = action
  const hashes = [...new Set(action.hashes.map((hash) => hash.toLowerCase()))]
  const [id] = hashes
  const unknown = hashes.find((hash) => !UUID.test(hash))
  if (unknown !== undefined) throw new BadData(`cannot split ${unknown} off: it is no hash`)
  if (id === undefined) throw new BadData('cannot split the error: no hash was given')
  const split = async (locked: Locked) => {
    const { client, group } = locked
    checkSplit(group.id, hashes, await lockHashes(client, [group.id]))
    await client.query(REPOINT, [hashes, id])
    await client.query(FOUND, [group.id, id])
    await client.query(RESEE, [[group.id, id]])
    const details = { hashes, into: id, previous: seenOf(group) }
    await appendEvent(client, { groupId: group.id, actor, action: 'split', details })
    const from = { from: group.id, hashes }
    await appendEvent(client, { groupId: id, actor, action: 'split_off', details: from })
    return id
  }
  return changeGroups(pool, action, split, { rows: [id] })
}

interface HashRow {
  readonly id: string
  readonly groupId: string
}

function checkSplit(groupId: string, hashes: readonly string[], own: readonly HashRow[]): void {
  const ids = new Set(own.map(({ id }) => id))
  for (const hash of hashes) {
    if (!ids.has(hash)) throw new BadData(`cannot split ${hash} off: it is no hash of the error`)
  }
  if (hashes.length === ids.size) {
    throw new BadData('cannot split all hashes of the error off: nothing would be left')
  }
  if (hashes.includes(groupId)) {
    throw new BadData(`cannot split ${groupId} off: the error is named by it; split the others off`)
  }
}

async function lockHashes(client: PoolClient, groupIds: readonly string[]): Promise<HashRow[]> {
  return (await client.query<HashRow>(LOCK_HASHES, [groupIds])).rows
}

function seenOf({ firstSeen, lastSeen }: LockedGroup) {
  return { firstSeen, lastSeen }
}

import { askByHash, BATCH, makeAll, makeGroups } from './error-news'
import { nanosOf } from './error-times'
import type { Leadership } from './leadership'

/**
 * Groups whose time has come: mutes that end, what is known after a week (`NEWS_MS`), escalations of six hours, resolutions in
 * the next release of services that have a newer one.
 */
const TIMED = `
select g.id from sidelight.error_group g
where (g.state = 'muted' and g.muted_until <= statement_timestamp())
  or (g.state = 'new' and g.first_seen_at < statement_timestamp() - interval '7 days')
  or (g.state = 'regressed' and g.state_since < statement_timestamp() - interval '7 days')
  or (g.state = 'escalating' and g.state_since < statement_timestamp() - interval '6 hours')
  or (g.state = 'resolved' and g.resolution = 'in_next_release' and g.resolved_release is null and exists (
    select from sidelight.release r
    where r.service = g.service and r.namespace = g.namespace and r.tenant = g.tenant and r.first_seen_at > g.resolved_at
  ))`

/** Groups with enough severe throws in this hour or the one before to be looked at closely (`LEAST_BURST`). */
const BURSTS = `
select g.id
from (
  select error_hash, date_trunc('hour', bucket, 'UTC') as hour, sum(severe_count) as count
  from sidelight.error_rollup
  where level in (0, 2) and bucket >= date_trunc('hour', statement_timestamp() - interval '1 hour', 'UTC')
  group by error_hash, 2
) r
join sidelight.error_group_hash h on h.id = r.error_hash
join sidelight.error_group g on g.id = h.group_id
where g.state in ('new', 'ongoing') and g.first_seen_at < statement_timestamp() - interval '1 day'
group by g.id, r.hour having sum(r.count) > 20`

/** Ids of groups that the clock may change, each once. */
export async function findDue(leadership: Leadership): Promise<string[]> {
  const timed = await askByHash<{ id: string }>(leadership, TIMED)
  const bursts = await askByHash<{ id: string }>(leadership, BURSTS)
  return [...new Set([...timed, ...bursts].map(({ id }) => id))].sort()
}

/** Hashes that never threw are none: their request was not stored. */
const MAKE = `
with unknown as (
  select h.id, h.group_id from sidelight.error_group_hash h
  where not exists (select from sidelight.error_group g where g.id = h.group_id)
),
thrown as (
  select u.group_id, min(r.first_ns) as first_ns, max(r.last_ns) as last_ns
  from unknown u join sidelight.error_rollup r on r.error_hash = u.id
  group by u.group_id
),${makeGroups('thrown', '$1')}`

/** Gives every group with throws a row, whenever they were stored; returns how many had none. */
export function makeMissingGroups(leadership: Leadership): Promise<number> {
  return makeAll(leadership, MAKE, [BATCH])
}

const CONTRADICTED = `
select g.id from sidelight.error_group g
where (g.state = 'resolved' and exists (
    select from sidelight.error_group_hash h join sidelight.error_rollup r on r.error_hash = h.id
    where h.group_id = g.id and r.bucket >= date_trunc('hour', g.resolved_through, 'UTC')
      and r.last_ns > ${nanosOf('g.resolved_through')}
  ))
  or (g.state = 'muted' and g.muted_count is not null)
order by g.id`

/** Ids of resolved and muted groups with throws since, whenever those were stored. */
export async function findContradicted(leadership: Leadership): Promise<string[]> {
  return (await leadership.query<{ id: string }>(CONTRADICTED)).rows.map(({ id }) => id)
}

/** A group lives as long as one of its hashes, or the hash that named it and is in another group now. */
const FORGET = `
with gone as (
  delete from sidelight.error_group g where g.id in (
    select g.id from sidelight.error_group g
    where not exists (select from sidelight.error_group_hash h where h.group_id = g.id)
      and not exists (select from sidelight.error_group_hash h where h.id = g.id)
    order by g.id limit $1 for update skip locked
  )
  returning g.id
),
untold as (
  delete from sidelight.error_group_event e using gone where e.group_id = gone.id
)
select count(*)::int as groups from gone`

/** Deletes groups of which nothing is kept any more, with their history; returns how many. */
export async function forgetGroups(leadership: Leadership): Promise<number> {
  let forgotten = 0
  for (let batch = BATCH; batch === BATCH; forgotten += batch) {
    batch = (await leadership.query<{ groups: number }>(FORGET, [BATCH])).rows[0]?.groups ?? 0
  }
  return forgotten
}

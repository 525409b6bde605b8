import type { Pool, PoolClient } from 'pg'
import { BadData, Unavailable } from '../errors'
import { jsonOf } from '../translate/given-fields'
import { GROUP_COLUMNS, type JudgedGroup } from './error-facts'
import { timeOf } from './error-times'
import { inTransaction, questionLimit, withClient } from './session'
import { asUnavailable, isRetried, LOCK_NOT_AVAILABLE, hasCode } from './sqlstate'

/** Who does something to a group, and to which: by its id or that of one of its hashes, within a tenant, null for any. */
export interface ErrorSubject {
  readonly id: string
  readonly tenant: string | null
  readonly actor: string
}

/** A group whose row is locked. */
export interface LockedGroup extends JudgedGroup {
  readonly tenant: string
  readonly namespace: string
  readonly service: string
  readonly assignee: string | null
  /** RFC 3339. */
  readonly firstSeen: string
  readonly lastSeen: string
}

/** Groups that are locked, the subject's first; `at` gives that of an id that was asked for. */
export interface Locked {
  readonly client: PoolClient
  readonly group: LockedGroup
  at(id: string): LockedGroup | undefined
}

/** Ids are uuids. */
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const ATTEMPTS = 5
const STATEMENT_MS = 10_000
const LOCAL_SETTINGS = `
set local lock_timeout = '5s'; set local statement_timeout = ${STATEMENT_MS};
set local idle_in_transaction_session_timeout = '10s'`

/** Others may regroup what is asked for between finding it and locking it. */
class Regrouped extends Error {}

/**
 * Does `work` in a transaction in which the group of the subject, those of `others`, and any rows by the ids `rows` are locked, in
 * the order of their ids, so that those who change several never wait for each other. Groups get a row if they have none.
 * Null when there is no such group. Throws Unavailable when Postgres is away or busy.
 */
export async function changeGroups<T>(
  pool: Pool,
  subject: ErrorSubject,
  work: (locked: Locked) => Promise<T>,
  { others = [], rows = [] }: { others?: readonly string[]; rows?: readonly string[] } = {},
): Promise<T | null> {
  if (!UUID.test(subject.id)) return null
  const ids = [subject.id, ...others].map((id) => id.toLowerCase())
  for (let attempt = 1; ; attempt++) {
    try {
      return await withClient(pool, questionLimit(STATEMENT_MS), (client) =>
        inTransaction(client, async () => {
          await client.query(LOCAL_SETTINGS)
          const locked = await lock(client, ids, rows, subject.tenant)
          return locked === null ? null : work(locked)
        }),
      )
    } catch (error) {
      const isPassing = error instanceof Regrouped || isRetried(error)
      if (!isPassing || attempt === ATTEMPTS) throw explain(error)
    }
  }
}

function explain(error: unknown): unknown {
  if (error instanceof BadData) return error
  if (error instanceof Regrouped || hasCode(error, LOCK_NOT_AVAILABLE)) {
    return new Unavailable('cannot change the error: others change it just now', { cause: error })
  }
  return asUnavailable(error, 'change the error')
}

async function lock(
  client: PoolClient,
  ids: readonly string[],
  rows: readonly string[],
  tenant: string | null,
): Promise<Locked | null> {
  const found = await find(client, ids, tenant)
  const own = found.get(ids[0]!)
  if (own === undefined) return null
  const groupIds = [...new Set(found.values())]
  await client.query(MAKE, [groupIds])
  const { rows: groups } = await client.query<LockedGroup>(LOCK, [[...groupIds, ...rows]])
  const again = await find(client, ids, tenant)
  if (ids.some((id) => again.get(id) !== found.get(id))) throw new Regrouped()
  const byId = new Map(groups.map((group) => [group.id, group]))
  return { client, group: byId.get(own)!, at: (id) => byId.get(found.get(id.toLowerCase()) ?? '') }
}

/** A hash says which group it is in now; the hash that gave a group its name may be gone. */
const FIND = `
select asked.id as asked, h.group_id as "groupId"
from unnest($1::uuid[]) as asked (id)
cross join lateral (
  select group_id, tenant from sidelight.error_group_hash
  where id = asked.id or group_id = asked.id
  order by (id = asked.id) desc, id limit 1
) h
where $2::text is null or h.tenant = $2`

async function find(
  client: PoolClient,
  ids: readonly string[],
  tenant: string | null,
): Promise<Map<string, string>> {
  const valid = ids.filter((id) => UUID.test(id))
  const { rows } = await client.query<{ asked: string; groupId: string }>(FIND, [valid, tenant])
  return new Map(rows.map(({ asked, groupId }) => [asked, groupId]))
}

const MAKE = `
with made as (
  insert into sidelight.error_group (id, tenant, namespace, service, first_seen_at, last_seen_at)
  select h.group_id, min(h.tenant), min(h.namespace), min(h.service),
    coalesce(${timeOf('min(r.first_ns)')}, min(h.created_at)), coalesce(${timeOf('max(r.last_ns)')}, max(h.created_at))
  from sidelight.error_group_hash h
  left join sidelight.error_rollup r on r.error_hash = h.id
  where h.group_id = any ($1::uuid[])
    and not exists (select from sidelight.error_group g where g.id = h.group_id)
  group by h.group_id order by h.group_id
  on conflict (id) do nothing
  returning id
)
insert into sidelight.error_group_event (group_id, actor, action, details)
select id, '', 'new', '{"reason": "first_seen"}' from made order by id`

const LOCK = `
select ${GROUP_COLUMNS}, g.tenant, g.namespace, g.service, g.assignee,
  to_json(g.first_seen_at at time zone 'utc') #>> '{}' || 'Z' as "firstSeen",
  to_json(g.last_seen_at at time zone 'utc') #>> '{}' || 'Z' as "lastSeen"
from sidelight.error_group g where g.id = any ($1::uuid[]) order by g.id for update`

const APPEND = `
insert into sidelight.error_group_event (group_id, actor, action, details) values ($1, $2, $3, $4)`

/** Adds to the history of a group; `details` has what was before as `previous`. */
export async function appendEvent(
  client: PoolClient,
  event: {
    readonly groupId: string
    readonly actor: string
    readonly action: string
    readonly details: Readonly<Record<string, unknown>>
  },
): Promise<void> {
  await client.query(APPEND, [event.groupId, event.actor, event.action, jsonOf(event.details)])
}

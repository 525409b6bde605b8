import type { Pool, PoolClient } from 'pg'
import { BadData } from '../errors'
import { type JudgedGroup, previousOf } from './error-facts'
import { mergeGroups, splitGroup } from './error-regrouping'
import { appendEvent, changeGroups, type ErrorSubject, type LockedGroup } from './error-subject'
import { THROUGH, throughMoment } from './error-through'
import { millisOf } from './error-times'

type Kind = NonNullable<JudgedGroup['resolution']>['kind']

interface KnownRelease {
  readonly version: string
  readonly firstSeenMs: number
}

interface Resolving extends ErrorSubject {
  readonly kind: Kind
  /** Of `in_release`; null: the newest one. */
  readonly release: string | null
  readonly notes: string | null
}

interface Muting extends ErrorSubject {
  readonly untilMs: number | null
  readonly count: number | null
  readonly minutes: number | null
}

/** Minutes are told apart for 50 hours. */
const MAX_MUTE_MINUTES = 48 * 60

/**
 * What people do to groups, on connections of `pool`. `newestRelease` says which of a service's releases is the newest, null
 * without any.
 */
export function createErrorActions(
  pool: Pool,
  newestRelease: (releases: readonly KnownRelease[]) => string | null,
) {
  return {
    resolveError: (action: Resolving) => resolve(pool, action, newestRelease),
    reopenError: (action: ErrorSubject) => reopen(pool, action),
    muteError: (action: Muting) => mute(pool, action),
    assignError: (action: ErrorSubject & { readonly assignee: string | null }) =>
      assign(pool, action),
    mergeErrors: (action: ErrorSubject & { readonly others: readonly string[] }) =>
      mergeGroups(pool, action),
    splitError: (action: ErrorSubject & { readonly hashes: readonly string[] }) =>
      splitGroup(pool, action),
  }
}

type NewestRelease = Parameters<typeof createErrorActions>[1]

const UNMUTED =
  'muted_at = null, muted_until = null, muted_count = null, muted_minutes = null, muted_before = null'
const UNRESOLVED = `resolved_at = null, resolved_through = null, resolved_by = null, resolution = null,
  resolved_release = null, resolution_notes = null`

const RESOLVE = `
update sidelight.error_group g set
  state = 'resolved', state_since = moment.at, resolved_at = moment.at, resolved_through = ${THROUGH},
  resolved_by = $2, resolution = $3, resolved_release = $4, resolution_notes = $5, ${UNMUTED}
from ${throughMoment('$1')} where g.id = $1`

function resolve(
  pool: Pool,
  action: Resolving,
  newestRelease: NewestRelease,
): Promise<string | null> {
  const { actor, kind, notes } = action
  return changeGroups(pool, action, async ({ client, group }) => {
    const release = await findRelease(client, group, action, newestRelease)
    await client.query(RESOLVE, [group.id, actor, kind, release, notes])
    const details = { kind, release, notes, previous: previousOf(group) }
    await appendEvent(client, { groupId: group.id, actor, action: 'resolve', details })
    return group.id
  })
}

const RELEASES = `
select version, ${millisOf('first_seen_at')} as "firstSeenMs" from sidelight.release
where service = $1 and namespace = $2 and tenant = $3`

/** The release it is resolved in; null for now, and for the next, which is not there yet. */
async function findRelease(
  client: PoolClient,
  { service, namespace, tenant }: LockedGroup,
  { kind, release }: Resolving,
  newestRelease: NewestRelease,
): Promise<string | null> {
  if (kind === 'now') {
    if (release === null) return null
    throw new BadData('cannot resolve the error now in a release: resolve it in_release')
  }
  const values = [service, namespace, tenant]
  const { rows: releases } = await client.query<KnownRelease>(RELEASES, values)
  if (releases.length === 0) {
    throw new BadData('cannot resolve the error in a release: its service has told none')
  }
  if (kind === 'in_next_release') {
    if (release === null) return null
    throw new BadData('cannot resolve the error in a given next release: resolve it in_release')
  }
  if (release === null) return newestRelease(releases)
  if (releases.some(({ version }) => version === release)) return release
  throw new BadData(`cannot resolve the error in ${release}: its service has no such release`)
}

const REOPEN = `
update sidelight.error_group set
  state = $2, state_since = clock_timestamp(), ${UNRESOLVED}, ${UNMUTED}
where id = $1`

/** As what it was when somebody resolved or muted it last, when it was neither. */
const LAST_OPEN = `
select details -> 'previous' ->> 'state' as state from sidelight.error_group_event
where group_id = $1 and action in ('resolve', 'mute') and details -> 'previous' ->> 'state' not in ('resolved', 'muted')
order by id desc limit 1`

/** What is neither resolved nor muted stays as it is. */
function reopen(pool: Pool, action: ErrorSubject): Promise<string | null> {
  return changeGroups(pool, action, async ({ client, group }) => {
    if (group.state !== 'resolved' && group.state !== 'muted') return group.id
    const { rows } = await client.query<{ state: string }>(LAST_OPEN, [group.id])
    const state = rows[0]?.state ?? 'ongoing'
    await client.query(REOPEN, [group.id, state])
    const details = { state, previous: previousOf(group) }
    await appendEvent(client, {
      groupId: group.id,
      actor: action.actor,
      action: 'reopen',
      details,
    })
    return group.id
  })
}

const MUTE = `
update sidelight.error_group g set
  state = 'muted', state_since = moment.at, muted_at = moment.at,
  muted_until = to_timestamp($2::float8 / 1000), muted_count = $3, muted_minutes = $4,
  muted_before = moment.before, ${UNRESOLVED}
from (
  select clock_timestamp() as at, (
    select coalesce(sum(r.occurrence_count), 0)::bigint from sidelight.error_group_hash h
    join sidelight.error_rollup r on r.error_hash = h.id and r.level in (0, 1)
      and r.bucket = date_trunc('minute', clock_timestamp())
    where h.group_id = $1
  ) as before
) as moment
where g.id = $1 and ($2::float8 is null or to_timestamp($2::float8 / 1000) > moment.at)`

function mute(pool: Pool, action: Muting): Promise<string | null> {
  const { actor, untilMs, count, minutes } = action
  return changeGroups(pool, action, async ({ client, group }) => {
    checkVolume(count, minutes)
    const { rowCount } = await client.query(MUTE, [group.id, untilMs, count, minutes])
    if (rowCount === 0) throw new BadData('cannot mute the error until a time that has passed')
    const until = untilMs === null ? null : new Date(untilMs).toISOString()
    const details = { until, count, minutes, previous: previousOf(group) }
    await appendEvent(client, { groupId: group.id, actor, action: 'mute', details })
    return group.id
  })
}

function checkVolume(count: number | null, minutes: number | null): void {
  if (count === null && minutes === null) return
  if (count === null || minutes === null) {
    throw new BadData('cannot mute the error until a volume without both count and minutes')
  }
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new BadData('cannot mute the error until a volume: count is not a number from 1 on')
  }
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MAX_MUTE_MINUTES) {
    const range = `from 1 to ${MAX_MUTE_MINUTES}`
    throw new BadData(`cannot mute the error until a volume: minutes is not a number ${range}`)
  }
}

function assign(
  pool: Pool,
  action: ErrorSubject & { readonly assignee: string | null },
): Promise<string | null> {
  const { actor, assignee } = action
  return changeGroups(pool, action, async ({ client, group }) => {
    if (group.assignee === assignee) return group.id
    await client.query('update sidelight.error_group set assignee = $2 where id = $1', [
      group.id,
      assignee,
    ])
    const details = { assignee, previous: { assignee: group.assignee } }
    await appendEvent(client, { groupId: group.id, actor, action: 'assign', details })
    return group.id
  })
}

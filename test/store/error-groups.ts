import type { Pool } from 'pg'
import { newestRelease } from '../../collector/health/release-order'
import { judgeLife } from '../../collector/health/error-life'
import { createErrorActions } from '../../collector/store/error-actions'
import { createErrorJudging } from '../../collector/store/error-judging'
import type { Leadership } from '../../collector/store/leadership'
import { inTransaction, withClient } from '../../collector/store/session'
import { uuidOf } from '../helpers/rows'
import { ensurePartitions, openDatabase, type Test } from './database'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

export interface Throws {
  /** Names the hash. */
  readonly of?: string
  readonly atMs?: number
  readonly count?: number
  readonly severe?: number
  readonly release?: string
  readonly level?: 0 | 1 | 2
}

/** A database with errors of the service `shop`, in two tenants if need be. */
export async function openErrors(t: Test) {
  const pool = await openDatabase(t)
  const today = Math.floor(Date.now() / DAY_MS)
  await ensurePartitions(pool, 'error_rollup', [
    today - 90,
    today - 60,
    today - 30,
    today,
    today + 1,
  ])
  return pool
}

const HASH = `
insert into sidelight.error_group_hash (id, group_id, algorithm, tenant, namespace, service, kind, class, message, culprit,
  module, operation, why, similar_hashes, created_at)
values ($1, $1, 'fp/1', $2, '', $3, 'exception', 'Error', $4, '', '', '', '[]', '{}', to_timestamp($5::float8 / 1000))
on conflict (id) do nothing`

export async function addHash(
  pool: Pool,
  name: string,
  { tenant = '', service = 'shop', atMs = Date.now() } = {},
): Promise<string> {
  await pool.query(HASH, [uuidOf(name), tenant, service, name, atMs])
  return uuidOf(name)
}

const ROLLUP = `
insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release, occurrence_count, severe_count,
  unhandled_count, first_ns, last_ns, user_hashes)
values (date_trunc($1, to_timestamp($2::float8 / 1000), 'UTC'), $3, $4, 1, 1, $5, $6, $7, 0, $8, $8, '{}')`

/** What a transaction of ingest appends, or a row that is folded already. */
export async function addThrows(pool: Pool, ...all: readonly Throws[]): Promise<void> {
  for (const { of = 'a', atMs = Date.now(), count = 1, severe = count, ...rest } of all) {
    const { release = '', level = 0 } = rest
    await addHash(pool, of)
    const ns = (BigInt(Math.floor(atMs)) * 1_000_000n).toString()
    const unit = level === 2 ? 'hour' : 'minute'
    await pool.query(ROLLUP, [unit, atMs, level, uuidOf(of), release, count, severe, ns])
  }
}

export async function addRelease(pool: Pool, version: string, firstSeenMs = Date.now()) {
  await pool.query(
    `insert into sidelight.release (id, tenant, namespace, service, version, first_seen_at)
     values (hashtext($1), '', '', 'shop', $1, to_timestamp($2::float8 / 1000))`,
    [version, firstSeenMs],
  )
}

export interface GroupRow {
  readonly state: string
  readonly assignee: string | null
  readonly first_seen_at: Date
  readonly last_seen_at: Date
  readonly resolved_at: Date | null
  readonly resolved_through: Date | null
  readonly resolution: string | null
  readonly resolved_release: string | null
  readonly muted_until: Date | null
}

export async function readGroup(pool: Pool, name = 'a'): Promise<GroupRow | undefined> {
  const { rows } = await pool.query<GroupRow>('select * from sidelight.error_group where id = $1', [
    uuidOf(name),
  ])
  return rows[0]
}

export async function stateOf(pool: Pool, name = 'a'): Promise<string | undefined> {
  return (await readGroup(pool, name))?.state
}

export interface EventRow {
  readonly actor: string
  readonly action: string
  readonly details: Record<string, unknown>
}

export async function history(pool: Pool, name = 'a'): Promise<EventRow[]> {
  const { rows } = await pool.query<EventRow>(
    'select actor, action, details from sidelight.error_group_event where group_id = $1 order by id',
    [uuidOf(name)],
  )
  return rows
}

export async function actionsOf(pool: Pool, name = 'a'): Promise<string[]> {
  return (await history(pool, name)).map(({ actor, action }) => `${actor}${actor && ' '}${action}`)
}

export function actionsOn(pool: Pool) {
  return createErrorActions(pool, newestRelease)
}

/** What a person does to a group. */
export function ann(name = 'a') {
  return { id: uuidOf(name), tenant: null, actor: 'ann' }
}

export function now(name = 'a') {
  return { ...ann(name), kind: 'now', release: null, notes: null } as const
}

/** As if everything that was decided so far had been decided so much earlier. */
export async function letPass(pool: Pool, ms: number): Promise<void> {
  const columns = ['state_since', 'resolved_at', 'resolved_through', 'muted_at', 'muted_until']
  const earlier = columns.map((c) => `${c} = ${c} - $1 * interval '1 millisecond'`).join(', ')
  await pool.query(`update sidelight.error_group set ${earlier}`, [ms])
}

/** A judge of its own memory, and what it has counted. */
export function openJudging() {
  const counted: Record<string, number> = {}
  const judging = createErrorJudging({
    judge: judgeLife,
    transitioned: (to, count) => (counted[to] = (counted[to] ?? 0) + count),
  })
  return { ...judging, counted }
}

/** A leader without a lease that would fence it: what is left of one that was taken over in the middle. */
export function unfenced(pool: Pool): Leadership {
  return {
    query: pool.query.bind(pool),
    transaction: <T>(work: (client: never) => Promise<T>) =>
      withClient(pool, undefined, (client) =>
        inTransaction(client, () => work(client as unknown as never)),
      ),
  } as unknown as Leadership
}

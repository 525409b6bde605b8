import type { Pool } from 'pg'
import type { Major } from '../helpers/postgres'
import { createRandom } from '../helpers/random'
import { ensurePartitions, openDatabase, type Test } from './database'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
/** 2026-11-24T10:00:00Z. */
export const BASE_MS = Date.parse('2026-11-24T10:00:00Z')
const MS_A_NS = 1_000_000n

/** 2026-11-24. */
const DAY = 20_781
export const HASHES = 6
/** Before it hours are folded. */
export const FOLDED_MS = BASE_MS + 2 * HOUR_MS
/** Two of the hashes were merged into others. */
const MERGED: Readonly<Record<number, number>> = { 5: 1, 6: 2 }

/** The group of a hash. */
export function groupOf(hash: number): number {
  return MERGED[hash] ?? hash
}

/** A database with six hashes in four groups, and no throws. */
export async function openThrows(t: Test, major: Major = 18): Promise<Pool> {
  const pool = await openDatabase(t, { major })
  await ensurePartitions(pool, 'error_rollup', [DAY])
  await ensurePartitions(pool, 'error_occurrence', [DAY])
  await insertHashes(pool)
  return pool
}

/** A throw as it was, from which everything can be counted again. */
export interface Throw {
  readonly hash: string
  readonly operation: number
  readonly release: string
  readonly timeMs: number
  readonly severity: number
  readonly isHandled: boolean
  readonly user: bigint | null
}

/** The uuid of a number. */
export function uuidOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** Throws of the hashes over four hours, as chance has it, the same every time. */
export function throwAtRandom(count: number): Throw[] {
  const random = createRandom(7)
  return Array.from({ length: count }, () => ({
    hash: uuidOf(1 + random.below(HASHES)),
    operation: 2 + random.below(2),
    release: ['', '1.0.0', '1.1.0'][random.below(3)] ?? '',
    timeMs: BASE_MS + random.below(4 * HOUR_MS),
    severity: [13, 17, 21][random.below(3)] ?? 17,
    isHandled: random.below(2) === 0,
    user:
      random.below(5) === 0 ? null : BigInt(random.below(3_000)) * 6_000_000_000_000n - 9n ** 18n,
  }))
}

/** The dictionaries of what `throwAtRandom` refers to. */
async function insertHashes(pool: Pool): Promise<void> {
  await pool.query(`insert into sidelight.service values (1, '', 'production', 'shops', 'till')`)
  await pool.query(
    `insert into sidelight.operation values (2, 1, 'orders', 2, 'GET /'), (3, 1, 'stock', 2, 'POST /')`,
  )
  for (let hash = 1; hash <= HASHES; hash++) {
    await pool.query(
      `insert into sidelight.error_group_hash (id, group_id, algorithm, tenant, namespace, service, kind, class, code,
         message, culprit, module, operation, why, similar_hashes)
       values ($1, $2, 'fp/1', '', 'shops', 'till', 'exception', $3, 'E1', 'no <int>', 'charge (pay.js)', 'orders',
         'GET /', '[]', '{}')`,
      [uuidOf(hash), uuidOf(groupOf(hash)), `Error${hash % 3}`],
    )
  }
}

interface Row {
  readonly bucketMs: number
  readonly level: number
  readonly throws: Throw[]
}

/** Rollups of the throws: hours before `FOLDED_MS` as the leader leaves them, the rest as two transactions stored it. */
export async function insertRollups(pool: Pool, throws: readonly Throw[]): Promise<void> {
  const rows = new Map<string, Row>()
  const add = (bucketMs: number, level: number, part: number, each: Throw) => {
    const key = [bucketMs, level, part, each.hash, each.operation, each.release].join()
    const row = rows.get(key) ?? { bucketMs, level, throws: [] }
    row.throws.push(each)
    rows.set(key, row)
  }
  for (const [at, each] of throws.entries()) {
    const minute = each.timeMs - (each.timeMs % MINUTE_MS)
    const hour = each.timeMs - (each.timeMs % HOUR_MS)
    if (hour >= FOLDED_MS) add(minute, 0, at % 2, each)
    else {
      add(minute, 1, 0, each)
      add(hour, 2, 0, each)
    }
  }
  for (const row of rows.values()) await insertRollup(pool, row)
}

async function insertRollup(pool: Pool, { bucketMs, level, throws }: Row): Promise<void> {
  const [one] = throws
  const times = throws.map(({ timeMs }) => timeMs)
  const users = new Set(throws.flatMap(({ user }) => (user === null ? [] : [user])))
  const least = [...users].sort((a, b) => (a < b ? -1 : 1)).slice(0, 64)
  await pool.query(
    `insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release, occurrence_count,
       severe_count, unhandled_count, first_ns, last_ns, user_hashes)
     values ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      new Date(bucketMs),
      level,
      one?.hash,
      one?.operation,
      one?.release,
      throws.length,
      throws.filter(({ severity }) => severity >= 17).length,
      throws.filter(({ isHandled }) => !isHandled).length,
      BigInt(Math.min(...times)) * MS_A_NS,
      BigInt(Math.max(...times)) * MS_A_NS,
      least,
    ],
  )
}

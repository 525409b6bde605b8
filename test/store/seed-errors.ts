import type { Pool } from 'pg'
import { ensurePartitions } from './database'
import { seedDictionaries } from './seed'
import type { RollupLevel } from './seed-rollups'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const MAX_USERS = 64

/** A row of the dictionary of hashes; what is left out is what most have. */
export interface SeedHash {
  /** uuid; `errorId` makes one. */
  readonly id: string
  /** The hash itself. */
  readonly group?: string
  readonly tenant?: string
  readonly namespace?: string
  readonly service?: string
  readonly kind?: 'exception' | 'log' | 'span'
  readonly class?: string
  readonly code?: string | null
  readonly message?: string
  readonly culprit?: string
  readonly module?: string
  readonly operation?: string
  readonly why?: readonly unknown[]
  readonly similar?: readonly string[]
  /** ISO. */
  readonly createdAt?: string
}

/** A throw that is counted, and with `occurrence` kept. */
export interface SeedThrow {
  readonly hash: string
  /** Unix milliseconds. */
  readonly timeMs: number
  /** Nanoseconds beyond those. */
  readonly restNs?: number
  /** Of `seedDictionaries`: 1 gateway and 2 orders of acme, 3 orders of umbrella. */
  readonly service?: bigint
  /** That of the service plus 10. */
  readonly operation?: bigint
  readonly release?: string
  /** 17. */
  readonly severity?: number
  /** True. */
  readonly isHandled?: boolean
  readonly user?: bigint
  readonly occurrence?: SeedOccurrence
}

/** What is kept of a throw besides. */
export interface SeedOccurrence {
  /** uuid. */
  readonly id: string
  /** 32 and 16 hex digits. */
  readonly traceId?: string
  readonly spanId?: string
  readonly isIncomplete?: boolean
  readonly source?: string
  readonly class?: string
  readonly code?: string | null
  readonly message?: string
  readonly stackTrace?: string | null
  readonly userId?: string
  readonly correlationId?: string
  readonly requestId?: string
  readonly httpMethod?: string
  readonly httpPath?: string
  readonly exceptions?: readonly unknown[]
  readonly attributes?: Readonly<Record<string, unknown>>
}

/** What was decided about a group: columns of `error_group`, which say when it was first and last seen too. */
export interface SeedGroup {
  readonly id: string
  readonly state?: string
  /** ISO, as all times here. */
  readonly firstSeenAt: string
  readonly lastSeenAt: string
  readonly tenant?: string
  readonly namespace?: string
  readonly service?: string
  /** Further columns by their names. */
  readonly columns?: Readonly<Record<string, string | number | null>>
}

/** Something that happened to a group. */
export interface SeedEvent {
  readonly group: string
  readonly at: string
  readonly actor?: string
  readonly action: string
  readonly details?: Readonly<Record<string, unknown>>
}

export interface SeedErrors {
  readonly hashes: readonly SeedHash[]
  readonly throws?: readonly SeedThrow[]
  readonly groups?: readonly SeedGroup[]
  readonly events?: readonly SeedEvent[]
  /** At which levels the throws are counted: deltas (0) unless told otherwise, `FOLDED` when they were folded. */
  readonly levels?: readonly RollupLevel[]
}

/** The uuid of a small number. */
export function errorId(n: number): string {
  return `e0000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`
}

/** Stores hashes, what their throws add up to, the occurrences of those that have one, groups, events, and `seedDictionaries`. */
export async function seedErrors(pool: Pool, errors: SeedErrors): Promise<void> {
  const { hashes, throws = [], groups = [], events = [], levels = [0] } = errors
  await seedDictionaries(pool)
  const days = [...new Set(throws.map(({ timeMs }) => Math.floor(timeMs / DAY_MS)))]
  await ensurePartitions(pool, 'error_rollup', days)
  await ensurePartitions(pool, 'error_occurrence', days)
  await insert(pool, 'error_group_hash', hashes.map(hashRow))
  for (const level of levels) await insert(pool, 'error_rollup', rollupRows(throws, level))
  await insert(pool, 'error_occurrence', throws.flatMap(occurrenceRows))
  await insert(pool, 'error_group', groups.map(groupRow))
  await insert(pool, 'error_group_event', events.map(eventRow))
}

type Row = Readonly<Record<string, unknown>>

/** Rows with the same columns are inserted together. */
async function insert(pool: Pool, table: string, rows: readonly Row[]): Promise<void> {
  const byColumns = new Map<string, Row[]>()
  for (const row of rows) {
    const columns = Object.keys(row).join(', ')
    byColumns.set(columns, [...(byColumns.get(columns) ?? []), row])
  }
  for (const [columns, alike] of byColumns) {
    await pool.query(
      `insert into sidelight.${table} (${columns})
       select ${columns} from jsonb_populate_recordset(null::sidelight.${table}, $1::jsonb)`,
      [JSON.stringify(alike)],
    )
  }
}

function hashRow(hash: SeedHash): Row {
  return {
    id: hash.id,
    group_id: hash.group ?? hash.id,
    algorithm: 'fp/1',
    tenant: hash.tenant ?? 'acme',
    namespace: hash.namespace ?? '',
    service: hash.service ?? 'gateway',
    kind: hash.kind ?? 'exception',
    class: hash.class ?? 'TypeError',
    code: hash.code ?? null,
    message: hash.message ?? 'cannot read',
    culprit: hash.culprit ?? 'load (src/repo.ts)',
    module: hash.module ?? 'http',
    operation: hash.operation ?? 'GET /shop',
    why: hash.why ?? [],
    similar_hashes: hash.similar ?? [],
    ...(hash.createdAt === undefined ? {} : { created_at: hash.createdAt }),
  }
}

/** Of a level: a row a minute or hour, hash, service, operation and release. */
function rollupRows(throws: readonly SeedThrow[], level: RollupLevel): Row[] {
  const groups = new Map<string, SeedThrow[]>()
  for (const each of throws) {
    const key = [bucketMs(each, level), each.hash, operationOf(each), each.release ?? ''].join(' ')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [each])
    else group.push(each)
  }
  return [...groups.values()].map((group) => rollupRow(group, level))
}

function rollupRow(throws: readonly SeedThrow[], level: RollupLevel): Row {
  const [first] = throws
  if (first === undefined) throw new Error('cannot roll up: no throw')
  const times = throws.map(timeNs).sort(ascending)
  const users = [...new Set(throws.flatMap(({ user }) => (user === undefined ? [] : [user])))]
  return {
    bucket: new Date(bucketMs(first, level)).toISOString(),
    level,
    error_hash: first.hash,
    service_id: String(first.service ?? 1n),
    operation_id: String(operationOf(first)),
    release: first.release ?? '',
    occurrence_count: throws.length,
    severe_count: throws.filter(({ severity = 17 }) => severity >= 17).length,
    unhandled_count: throws.filter(({ isHandled = true }) => !isHandled).length,
    first_ns: String(times[0]),
    last_ns: String(times.at(-1)),
    user_hashes: users.sort(ascending).slice(0, MAX_USERS).map(String),
  }
}

function occurrenceRows(thrown: SeedThrow): Row[] {
  const { occurrence, timeMs, restNs = 0 } = thrown
  if (occurrence === undefined) return []
  const micros = String(Math.floor(restNs / 1000)).padStart(3, '0')
  const row = {
    time: new Date(timeMs).toISOString().replace('Z', `${micros}Z`),
    id: occurrence.id,
    error_hash: thrown.hash,
    service_id: String(thrown.service ?? 1n),
    operation_id: String(operationOf(thrown)),
    resource_id: '0',
    trace_id: occurrence.traceId ?? null,
    span_id: occurrence.spanId === undefined ? null : signedId(occurrence.spanId),
    severity: thrown.severity ?? 17,
    is_handled: thrown.isHandled ?? true,
    is_incomplete: occurrence.isIncomplete ?? false,
    time_ns: restNs % 1000,
    source: occurrence.source ?? 'exception_event',
    release: thrown.release ?? '',
    class: occurrence.class ?? 'TypeError',
    code: occurrence.code ?? null,
    message: occurrence.message ?? 'cannot read x of undefined',
    stack_trace: occurrence.stackTrace ?? null,
    user_id: occurrence.userId ?? null,
    correlation_id: occurrence.correlationId ?? null,
    request_id: occurrence.requestId ?? null,
    http_method: occurrence.httpMethod ?? null,
    http_path: occurrence.httpPath ?? null,
    exceptions: occurrence.exceptions ?? [],
    ...(occurrence.attributes === undefined ? {} : { attributes: occurrence.attributes }),
  }
  return [row]
}

function groupRow(group: SeedGroup): Row {
  return {
    id: group.id,
    tenant: group.tenant ?? 'acme',
    namespace: group.namespace ?? '',
    service: group.service ?? 'gateway',
    state: group.state ?? 'ongoing',
    first_seen_at: group.firstSeenAt,
    last_seen_at: group.lastSeenAt,
    ...group.columns,
  }
}

function eventRow({ group, at, actor = '', action, details = {} }: SeedEvent): Row {
  return { group_id: group, at, actor, action, details }
}

function bucketMs({ timeMs }: SeedThrow, level: RollupLevel): number {
  const lengthMs = level === 2 ? HOUR_MS : MINUTE_MS
  return Math.floor(timeMs / lengthMs) * lengthMs
}

function operationOf({ service = 1n, operation = service + 10n }: SeedThrow): bigint {
  return operation
}

function timeNs({ timeMs, restNs = 0 }: SeedThrow): bigint {
  return BigInt(timeMs) * 1_000_000n + BigInt(restNs)
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function signedId(hex: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${hex}`)))
}

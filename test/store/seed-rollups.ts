import type { Pool } from 'pg'
import {
  bucketIndexOf,
  mergeDistributions,
  type Distribution,
} from '../../collector/translate/distribution'
import { ensurePartitions } from './database'
import { seedDictionaries, type SeedSpan } from './seed'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const NOWHERE = '0'.repeat(32)

/** A span as rollups know it; what is left out is what most spans have. Ids of dictionary rows are the test's own. */
export interface RolledSpan {
  /** Unix milliseconds at which it ended. */
  readonly endMs: number
  /** 1 ms; null when it is unknown. */
  readonly durationMs?: number | null
  readonly service?: bigint
  /** That of the service plus 10. */
  readonly operation?: bigint
  readonly isRequest?: boolean
  readonly isRoot?: boolean
  readonly isFailed?: boolean
  /** For how many spans it stands. */
  readonly adjusted?: number
  readonly traceId?: string
}

/** 0 a delta of a minute, 1 a minute that is in an hour too, 2 an hour. */
export type RollupLevel = 0 | 1 | 2

/** What is left when minutes were folded into hours. */
export const FOLDED: readonly RollupLevel[] = [1, 2]

/**
 * Stores what the spans add up to, at each of the levels: a row an operation and minute, or hour; and the dictionary rows
 * of `seed`.
 */
export async function seedRollups(
  pool: Pool,
  spans: readonly RolledSpan[],
  levels: readonly RollupLevel[] = [0],
): Promise<void> {
  await seedDictionaries(pool)
  const days = spans.map(({ endMs }) => Math.floor(endMs / DAY_MS))
  await ensurePartitions(pool, 'span_rollup', [...new Set(days)])
  for (const level of levels) {
    const rows = groupsOf(spans, level).map((group) => rowOf(group, level))
    await pool.query(INSERT, [JSON.stringify(rows)])
  }
}

/** A span of `seed` as ingest rolls it up. */
export function rolled(span: SeedSpan): RolledSpan {
  const { durationMs = 1, kind = 2, service = 1n, attributes = '{}' } = span
  const isRoot = (span.parentSpanId ?? null) === null
  const values = JSON.parse(attributes) as Record<string, unknown>
  const http = Number(values['http.response.status_code'] ?? values['http.status_code'] ?? 0)
  return {
    endMs: Date.parse(span.start) + (durationMs ?? 0),
    durationMs,
    service,
    operation: span.operation ?? service + 10n,
    isRequest: kind === 2 || kind === 5 || (kind < 2 && isRoot),
    isRoot,
    isFailed: span.status === 2 || (kind === 2 && http >= 500),
    traceId: span.traceId,
  }
}

const INSERT = `
insert into sidelight.span_rollup
select r.* from jsonb_populate_recordset(null::sidelight.span_rollup, $1::jsonb) as r`

function groupsOf(spans: readonly RolledSpan[], level: RollupLevel): RolledSpan[][] {
  const groups = new Map<string, RolledSpan[]>()
  for (const span of spans) {
    const { isRequest = true } = span
    const key = `${bucketMs(span, level)} ${serviceOf(span)} ${operationOf(span)} ${isRequest}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [span])
    else group.push(span)
  }
  return [...groups.values()]
}

function rowOf(spans: readonly RolledSpan[], level: RollupLevel) {
  const [first] = spans
  if (first === undefined) throw new Error('cannot roll up: no span')
  const failed = spans.filter(({ isFailed = false }) => isFailed)
  const durations = mergeDistributions(spans.map(distributionOf))
  const longest = spans.find((span) => nsOf(span) === durations?.maxNs)
  return {
    bucket: new Date(bucketMs(first, level)).toISOString(),
    level,
    is_request: first.isRequest ?? true,
    service_id: String(serviceOf(first)),
    operation_id: String(operationOf(first)),
    span_count: spans.length,
    root_count: spans.filter(({ isRoot = true }) => isRoot).length,
    error_count: failed.length,
    adjusted_count: adjustedOf(spans),
    adjusted_error_count: adjustedOf(failed),
    duration_sum_ns: durations?.sumNs ?? 0,
    duration_min_ns: durations?.minNs ?? null,
    duration_max_ns: durations?.maxNs ?? null,
    zero_count: durations?.zeroCount ?? 0,
    bucket_indexes: durations?.indexes ?? [],
    bucket_counts: durations?.counts ?? [],
    slowest_trace_id: longest === undefined ? null : (longest.traceId ?? NOWHERE),
    error_trace_id: failed[0] === undefined ? null : (failed[0].traceId ?? NOWHERE),
    random_trace_id: first.traceId ?? NOWHERE,
  }
}

function distributionOf(span: RolledSpan): Distribution | null {
  const ns = nsOf(span)
  if (ns === null) return null
  const { adjusted = 1 } = span
  const isZero = ns === 0
  return {
    minNs: ns,
    maxNs: ns,
    sumNs: ns * adjusted,
    zeroCount: isZero ? adjusted : 0,
    indexes: isZero ? [] : [bucketIndexOf(ns)],
    counts: isZero ? [] : [adjusted],
  }
}

function nsOf({ durationMs = 1 }: RolledSpan): number | null {
  return durationMs === null ? null : Math.round(durationMs * 1e6)
}

function bucketMs({ endMs }: RolledSpan, level: RollupLevel): number {
  const lengthMs = level === 2 ? HOUR_MS : MINUTE_MS
  return Math.floor(endMs / lengthMs) * lengthMs
}

function serviceOf({ service = 1n }: RolledSpan): bigint {
  return service
}

function operationOf(span: RolledSpan): bigint {
  return span.operation ?? serviceOf(span) + 10n
}

function adjustedOf(spans: readonly RolledSpan[]): number {
  return spans.reduce((sum, { adjusted = 1 }) => sum + adjusted, 0)
}

import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { bucketIndexOf } from '../../collector/translate/distribution'
import type { Translated } from '../../collector/translate/rows'
import { adjustedCountOf } from '../../collector/translate/sampling-threshold'
import { decodeRows, decodeSpanRows, type Row } from '../helpers/copy-rows'
import { ExportTraceServiceRequest } from '../helpers/otlp'
import { createRandom } from '../helpers/random'
import { mergedRollupRows, type RollupRow, rollupRows } from '../helpers/rollup-rows'
import { createTraceTranslator } from '../helpers/translator'
import { generateRequest, RECEIVED_MS } from './trace-generator'
import { encodeWildly } from './wire-generator'

const MESSAGES = 5_000
/** Merged at a time. */
const GROUP = 10
const DAY_MS = 86_400_000
const MINUTE_US = 60_000_000n
const LATEST_US = BigInt(RECEIVED_MS + DAY_MS) * 1_000n

interface Counted {
  spans: Row[]
  readonly bucket: bigint
  readonly isRequest: boolean
}

/** The rollups of these rows, but for the trace ids, sorted. */
function recount(rows: readonly Row[]) {
  const groups = new Map<string, Counted>()
  for (const row of rows) {
    const time = isTimed(row) || row['start_ns'] === null ? row['end_time'] : row['start_time']
    const bucket = ((time as bigint) / MINUTE_US) * MINUTE_US
    const isRequest = isRequestRow(row)
    const key = `${String(row['operation_id'])} ${bucket} ${isRequest}`
    const group = groups.get(key) ?? { spans: [], bucket, isRequest }
    group.spans.push(row)
    groups.set(key, group)
  }
  return sorted([...groups.values()].map(addUp))
}

function addUp({ spans, bucket, isRequest }: Counted) {
  const failed = spans.filter(hasFailed)
  const timed = spans.filter(isTimed).filter((row) => row['start_ns'] !== null)
  const durations = timed.map((row) => row['duration_ns'] as bigint)
  const counts = new Map<number, number>()
  for (const row of timed) {
    const ns = Number(row['duration_ns'])
    if (ns > 0) counts.set(bucketIndexOf(ns), (counts.get(bucketIndexOf(ns)) ?? 0) + weight(row))
  }
  const indexes = [...counts.keys()].sort((a, b) => a - b)
  return {
    bucket,
    is_request: isRequest,
    service_id: spans[0]!['service_id'],
    operation_id: spans[0]!['operation_id'],
    span_count: BigInt(spans.length),
    root_count: BigInt(spans.filter((row) => row['parent_span_id'] === null).length),
    error_count: BigInt(failed.length),
    adjusted_count: rounded(sum(spans.map(weight))),
    adjusted_error_count: rounded(sum(failed.map(weight))),
    duration_sum_ns: rounded(sum(timed.map((row) => Number(row['duration_ns']) * weight(row)))),
    duration_min_ns: durations.length === 0 ? null : least(durations),
    duration_max_ns: durations.length === 0 ? null : -least(durations.map((ns) => -ns)),
    zero_count: rounded(sum(timed.filter((row) => row['duration_ns'] === 0n).map(weight))),
    bucket_indexes: indexes,
    bucket_counts: indexes.map((index) => rounded(counts.get(index)!)),
  }
}

/** What `recount` says of them. */
function toldBy(rollups: readonly RollupRow[]) {
  const told = rollups.map((row) => ({
    bucket: row.bucket,
    is_request: row.is_request,
    service_id: row.service_id,
    operation_id: row.operation_id,
    span_count: row.span_count,
    root_count: row.root_count,
    error_count: row.error_count,
    adjusted_count: rounded(row.adjusted_count),
    adjusted_error_count: rounded(row.adjusted_error_count),
    duration_sum_ns: rounded(row.duration_sum_ns),
    duration_min_ns: row.duration_min_ns,
    duration_max_ns: row.duration_max_ns,
    zero_count: rounded(row.zero_count),
    bucket_indexes: row.bucket_indexes,
    bucket_counts: row.bucket_counts.map(rounded),
  }))
  return sorted(told)
}

/** The trace ids of a rollup that are of no span in it. */
function foreignTraces(rollups: readonly RollupRow[], rows: readonly Row[]): number {
  const isOf = (id: string | null, rollup: RollupRow, test: (row: Row) => boolean) =>
    rows.some(
      (row) => row['trace_id'] === id && row['operation_id'] === rollup.operation_id && test(row),
    )
  return rollups.filter((rollup) => {
    const { slowest_trace_id, error_trace_id, random_trace_id, duration_max_ns } = rollup
    const isSlowest = (row: Row) => row['duration_ns'] === duration_max_ns
    return !(
      isOf(random_trace_id, rollup, () => true) &&
      (error_trace_id === null) === (rollup.error_count === 0n) &&
      (error_trace_id === null || isOf(error_trace_id, rollup, hasFailed)) &&
      (slowest_trace_id === null) === (duration_max_ns === null) &&
      (slowest_trace_id === null || isOf(slowest_trace_id, rollup, isSlowest))
    )
  }).length
}

function isTimed(row: Row): boolean {
  const { start_ns: startNs, end_time: end, duration_ns: duration } = row
  return end !== null && (startNs === null || duration !== null) && (end as bigint) <= LATEST_US
}

function isRequestRow({ kind, parent_span_id: parent }: Row): boolean {
  return kind === 2 || kind === 5 || (parent === null && (kind === 0 || kind === 1))
}

function hasFailed({ kind, status, attributes }: Row): boolean {
  if (status === 2) return true
  const values = JSON.parse(String(attributes ?? '{}')) as Record<string, unknown>
  const isServerError = (value: unknown) =>
    (typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))) &&
    Number(value) >= 500
  return (
    kind === 2 &&
    [values['http.response.status_code'], values['http.status_code']].some(isServerError)
  )
}

function weight({ trace_state: traceState }: Row): number {
  const bytes = Buffer.from(String(traceState ?? ''))
  return adjustedCountOf(bytes, 0, bytes.length)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function least(numbers: readonly bigint[]): bigint {
  return numbers.reduce((a, b) => (b < a ? b : a))
}

/** Sums in another order differ a little. */
function rounded(number: number): string {
  return number.toPrecision(12)
}

function sorted<T extends { bucket: bigint; operation_id: unknown; is_request: boolean }>(
  rows: T[],
): T[] {
  const key = (row: T) => `${String(row.operation_id)} ${row.bucket} ${row.is_request}`
  return rows.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

t.test(
  `the rollups of ${MESSAGES} generated requests, alone and merged, are what their rows add up to`,
  (t) => {
    const translator = createTraceTranslator({
      retentionMs: 30 * DAY_MS,
      maxAheadMs: DAY_MS,
      tenantAttributes: ['tenant.id'],
      dictionaryCacheSize: 10_000,
    })
    let group: Translated[] = []
    let [spans, requests, failed, timed, edges] = [0, 0, 0, 0, 0]
    for (let seed = 0; seed < MESSAGES; seed++) {
      const random = createRandom(seed)
      const body = encodeWildly(ExportTraceServiceRequest, generateRequest(random), random)
      const translated = translator.translate(body, { receivedMs: RECEIVED_MS, tenant: null })
      group.push(translated)
      if (group.length < GROUP) continue
      const alone = decodeSpanRows(translated.copies)
      const rows = group.flatMap(({ copies }) => decodeSpanRows(copies))
      const told = rollupRows(translated)
      const merged = mergedRollupRows(group)
      const calls = group.flatMap(({ copies }) => decodeRows(copies, 'edge_candidate'))
      const expectedCalls = rows.filter(
        ({ kind, parent_span_id: parent }) => parent !== null && (kind === 2 || kind === 5),
      )
      if (
        !isDeepStrictEqual(toldBy(told), recount(alone)) ||
        !isDeepStrictEqual(toldBy(merged), recount(rows)) ||
        calls.length !== expectedCalls.length ||
        foreignTraces(merged, rows) > 0
      ) {
        t.strictSame(toldBy(told), recount(alone), `seed ${seed}`)
        t.strictSame(toldBy(merged), recount(rows), `the group up to seed ${seed}`)
        t.equal(calls.length, expectedCalls.length, 'edges')
        t.equal(foreignTraces(merged, rows), 0, 'trace ids of other spans')
        break
      }
      spans += rows.length
      edges += calls.length
      requests += merged.filter((row) => row.is_request).length
      failed += merged.filter((row) => row.error_count > 0n).length
      timed += merged.filter((row) => row.duration_max_ns !== null).length
      group = []
    }
    t.ok(spans > MESSAGES / 2, `${spans} spans`)
    for (const count of [requests, failed, timed, edges]) t.ok(count > 100, `${count}`)
    t.end()
  },
)

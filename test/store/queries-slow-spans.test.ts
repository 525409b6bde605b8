import type { Pool } from 'pg'
import t from 'tap'
import { bucketIndexOf } from '../../collector/translate/distribution'
import { readSlowSpans, type SlowQuestion } from '../../collector/store/queries/slow-spans'
import { ensurePartitions, openDatabase } from './database'
import { seed, type SeedSpan } from './seed'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const NOON_MS = Date.parse('2026-03-01T12:00:00Z')
const trace = (n: number) => n.toString(16).padStart(32, '0')

/** What slow spans of the tests are told by: their number is their duration in seconds. */
function span(n: number, end: string, fields: Partial<SeedSpan> = {}): SeedSpan {
  const start = new Date(Date.parse(end) - n * 1000).toISOString()
  return { traceId: trace(n), start, durationMs: n * 1000, ...fields }
}

interface Rollup {
  readonly bucket: string
  readonly level: number
  readonly slowest: number
  readonly service?: bigint
}

/** The rollup of a minute or hour whose slowest span is known, as ingest and folding write them. */
async function rollUp(pool: Pool, { bucket, level, slowest, service = 1n }: Rollup): Promise<void> {
  await ensurePartitions(pool, 'span_rollup', [Math.floor(Date.parse(bucket) / DAY_MS)])
  const ns = slowest * 1e9
  await pool.query(
    `insert into sidelight.span_rollup (bucket, level, is_request, service_id, operation_id, span_count, root_count,
       error_count, adjusted_count, adjusted_error_count, duration_sum_ns, duration_min_ns, duration_max_ns, zero_count,
       bucket_indexes, bucket_counts, slowest_trace_id)
     values ($1, $2, true, $3, $4, 1, 1, 0, 1, 0, $5::bigint, $5::bigint, $5::bigint, 0, array[$6::smallint], array[1], $7)`,
    [bucket, level, service, service + 10n, ns, bucketIndexOf(ns), trace(slowest)],
  )
}

/** The durations in seconds of the slowest spans of the day before noon. */
async function slow(pool: Pool, question: Partial<SlowQuestion> = {}): Promise<number[]> {
  const { spans } = await readSlowSpans(pool, {
    window: { sinceMs: NOON_MS - DAY_MS, untilMs: NOON_MS },
    tenant: null,
    service: null,
    module: null,
    operation: null,
    thresholdMs: 1000,
    limit: 100,
    ...question,
  })
  return spans.map(({ durationMs }) => (durationMs ?? 0) / 1000)
}

t.test('slow spans come slowest first, all of a minute', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, [
    span(3, '2026-03-01T11:00:10Z'),
    span(2, '2026-03-01T11:00:20Z'),
    span(5, '2026-03-01T11:00:30Z', { service: 2n }),
    span(8, '2026-03-01T11:00:40Z', { durationMs: 500 }),
    // Begun an hour before the minute in which it ended.
    span(3600, '2026-03-01T10:30:05Z', { service: 3n }),
    span(4, '2026-02-28T11:59:59Z'),
  ])
  await rollUp(pool, { bucket: '2026-03-01T11:00:00Z', level: 0, slowest: 3 })
  await rollUp(pool, { bucket: '2026-03-01T11:00:00Z', level: 0, slowest: 2 })
  await rollUp(pool, { bucket: '2026-03-01T11:00:00Z', level: 1, slowest: 5, service: 2n })
  await rollUp(pool, { bucket: '2026-03-01T10:30:00Z', level: 1, slowest: 3600, service: 3n })
  await rollUp(pool, { bucket: '2026-02-28T11:59:00Z', level: 1, slowest: 4 })

  t.strictSame(await slow(pool), [3600, 5, 3, 2])
  t.strictSame(await slow(pool, { limit: 3 }), [3600, 5, 3])
  t.strictSame(await slow(pool, { limit: 1 }), [3600])
  t.strictSame(await slow(pool, { thresholdMs: 3000 }), [3600, 5, 3])
  t.strictSame(await slow(pool, { thresholdMs: 3000.001 }), [3600, 5])
  t.strictSame(await slow(pool, { tenant: 'acme' }), [5, 3, 2])
  t.strictSame(await slow(pool, { service: 'orders' }), [3600, 5])
  t.strictSame(await slow(pool, { tenant: 'acme', service: 'orders' }), [5])
  t.strictSame(await slow(pool, { module: 'http' }), [3, 2])
  t.strictSame(await slow(pool, { operation: 'place order' }), [3600, 5])
  t.strictSame(await slow(pool, { operation: 'nothing' }), [])

  t.test('in whole minutes', async (t) => {
    const sinceMs = Date.parse('2026-02-28T11:59:59.999Z')
    const { window, spans } = await readSlowSpans(pool, {
      window: { sinceMs, untilMs: sinceMs + MINUTE_MS },
      tenant: null,
      service: null,
      module: null,
      operation: null,
      thresholdMs: 1000,
      limit: 100,
    })
    t.strictSame(window, {
      sinceMs: Date.parse('2026-02-28T11:59:00Z'),
      untilMs: Date.parse('2026-02-28T12:01:00Z'),
    })
    t.equal(spans.length, 1)
  })
})

t.test(
  'hours are asked where there are no minutes any more, and nothing comes twice',
  async (t) => {
    const pool = await openDatabase(t)
    await seed(pool, [
      span(7, '2026-02-27T10:40:00Z'),
      span(6, '2026-02-27T10:50:00Z'),
      span(3, '2026-03-01T11:00:10Z'),
    ])
    await rollUp(pool, { bucket: '2026-02-27T10:00:00Z', level: 2, slowest: 7 })
    await rollUp(pool, { bucket: '2026-03-01T11:00:00Z', level: 1, slowest: 3 })
    await rollUp(pool, { bucket: '2026-03-01T11:00:00Z', level: 2, slowest: 3 })
    const window = { sinceMs: Date.parse('2026-02-27T10:45:00Z'), untilMs: NOON_MS }
    t.strictSame(await slow(pool, { window }), [7, 6, 3], 'of the whole hour')
  },
)

t.test('the slowest is found however many spans its minute has', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, [span(30, '2026-03-01T11:00:50Z')])
  await pool.query(
    `insert into sidelight.span (trace_id, span_id, start_time, end_time, duration_ns, service_id, operation_id,
       resource_id, scope_id, flags, kind, status)
     select md5(n::text)::uuid, n, '2026-03-01T11:00:00Z', '2026-03-01T11:00:00.001Z', 1000000, 1, 11, 0, 0, 1, 2, 0
     from generate_series(1, 25000) as n`,
  )
  await rollUp(pool, { bucket: '2026-03-01T11:00:00Z', level: 1, slowest: 30 })
  t.strictSame(await slow(pool), [30])
})

import type { Pool } from 'pg'
import t from 'tap'
import { bucketIndexOf } from '../../collector/translate/distribution'
import { readSlowSpans, type SlowQuestion } from '../../collector/store/queries/slow-spans'
import { ensurePartitions, openDatabase } from './database'
import { seed, type SeedSpan } from './seed'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** The end of an hour, two to three hours ago: its minutes are kept. */
const NOON_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS
const trace = (n: number) => n.toString(16).padStart(32, '0')

/** A time of the day whose noon is that, or of one so many days before. */
function at(time: string, daysBefore = 0): string {
  const sinceMidnightMs = Date.parse(`1970-01-01T${time}Z`)
  return new Date(NOON_MS - 12 * HOUR_MS + sinceMidnightMs - daysBefore * DAY_MS).toISOString()
}

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
    span(3, at('11:00:10')),
    span(2, at('11:00:20')),
    span(5, at('11:00:30'), { service: 2n }),
    span(8, at('11:00:40'), { durationMs: 500 }),
    // Begun an hour before the minute in which it ended.
    span(3600, at('10:30:05'), { service: 3n }),
    span(4, at('11:59:59', 1)),
  ])
  await rollUp(pool, { bucket: at('11:00:00'), level: 0, slowest: 3 })
  await rollUp(pool, { bucket: at('11:00:00'), level: 0, slowest: 2 })
  await rollUp(pool, { bucket: at('11:00:00'), level: 1, slowest: 5, service: 2n })
  await rollUp(pool, { bucket: at('10:30:00'), level: 1, slowest: 3600, service: 3n })
  await rollUp(pool, { bucket: at('11:59:00', 1), level: 1, slowest: 4 })

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
    const sinceMs = Date.parse(at('11:59:59.999', 1))
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
      sinceMs: Date.parse(at('11:59:00', 1)),
      untilMs: Date.parse(at('12:01:00', 1)),
    })
    t.equal(spans.length, 1)
  })
})

t.test(
  'hours are asked where there are no minutes any more, and nothing comes twice',
  async (t) => {
    const pool = await openDatabase(t)
    await seed(pool, [
      span(7, at('10:40:00', 2)),
      span(6, at('10:50:00', 2)),
      span(3, at('11:00:10')),
    ])
    await rollUp(pool, { bucket: at('10:00:00', 2), level: 2, slowest: 7 })
    await rollUp(pool, { bucket: at('11:00:00'), level: 1, slowest: 3 })
    await rollUp(pool, { bucket: at('11:00:00'), level: 2, slowest: 3 })
    const window = { sinceMs: Date.parse(at('10:45:00', 2)), untilMs: NOON_MS }
    t.strictSame(await slow(pool, { window }), [7, 6, 3], 'of the whole hour')
  },
)

t.test('an hour beside its minutes takes no place in the answer', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, [span(9, at('11:10:10')), span(8, at('11:20:10'))])
  await rollUp(pool, { bucket: at('11:10:00'), level: 1, slowest: 9 })
  await rollUp(pool, { bucket: at('11:20:00'), level: 1, slowest: 8 })
  await rollUp(pool, { bucket: at('11:00:00'), level: 2, slowest: 9 })
  t.strictSame(await slow(pool, { limit: 2 }), [9, 8])
})

t.test('the slowest is found however many spans its minute has', async (t) => {
  const pool = await openDatabase(t)
  await seed(pool, [span(30, at('11:00:50'))])
  await pool.query(
    `insert into sidelight.span (trace_id, span_id, start_time, end_time, duration_ns, service_id, operation_id,
       resource_id, scope_id, flags, kind, status)
     select md5(n::text)::uuid, n, $1::timestamptz, $1::timestamptz + interval '1 ms', 1000000, 1, 11, 0, 0, 1, 2, 0
     from generate_series(1, 25000) as n`,
    [at('11:00:00')],
  )
  await rollUp(pool, { bucket: at('11:00:00'), level: 1, slowest: 30 })
  t.strictSame(await slow(pool), [30])
})

import t from 'tap'
import type { Pool, PoolClient } from 'pg'
import { foldRollups } from '../../collector/store/folding'
import { inTransaction, withClient } from '../../collector/store/session'
import { MAJORS } from '../helpers/postgres'
import { ensurePartitions, openDatabase } from './database'
import { takeLead } from './leadership'

const TRACES = ['a', 'b', 'c'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`)

interface Delta {
  /** How many minutes before the one in which the test began. */
  readonly minutesAgo: number
  readonly operation?: number
  readonly isRequest?: boolean
  readonly spans?: number
  readonly errors?: number
  readonly maxNs?: number | null
  readonly buckets?: readonly (readonly [number, number])[]
  readonly slowest?: string
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const BEGAN_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS

const INSERT = `
insert into sidelight.span_rollup (bucket, level, is_request, service_id, operation_id, span_count, root_count, error_count,
  adjusted_count, adjusted_error_count, duration_sum_ns, duration_min_ns, duration_max_ns, zero_count, bucket_indexes,
  bucket_counts, slowest_trace_id)
values ($1, 0, $2, 7, $3, $4::int, 1, $5::int, $4::int * 2, $5::int * 2, $6, $7, $7, 1, $8, $9, $10)`

async function append(pool: Pool, deltas: readonly Delta[]): Promise<void> {
  for (const delta of deltas) {
    const { minutesAgo, operation = 1, isRequest = true, spans = 1, errors = 0 } = delta
    const { maxNs = 1_000, buckets = [[160, spans]], slowest = TRACES[0] } = delta
    await pool.query(INSERT, [
      new Date(BEGAN_MS - minutesAgo * MINUTE_MS).toISOString(),
      isRequest,
      operation,
      spans,
      errors,
      (maxNs ?? 0) * spans,
      maxNs,
      buckets.map(([index]) => index),
      buckets.map(([, count]) => count),
      slowest,
    ])
  }
}

async function openRollups(t: Parameters<typeof openDatabase>[0], major?: (typeof MAJORS)[number]) {
  const pool = await openDatabase(t, major === undefined ? {} : { major })
  const today = Math.floor(Date.now() / 86_400_000)
  await ensurePartitions(pool, 'span_rollup', [today - 60, today - 30, today, today + 1])
  return { pool, leadership: await takeLead(t, pool) }
}

/** Of each level: how many rows, and what they add up to. */
async function levels(pool: Pool) {
  const { rows } = await pool.query<{ level: number }>(
    `select level, count(*)::int as rows, sum(span_count)::int as spans, sum(error_count)::int as errors,
       sum(adjusted_count) as adjusted, sum(zero_count) as zeros
     from sidelight.span_rollup group by level order by level`,
  )
  return rows
}

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, minutes that are over become a row each, and one of the hour`,
    async (t) => {
      const { pool, leadership } = await openRollups(t, major)
      await append(pool, [
        { minutesAgo: 180, spans: 2, errors: 1, maxNs: 500, buckets: [[143, 2]] },
        {
          minutesAgo: 180,
          spans: 3,
          maxNs: 900,
          buckets: [
            [143, 1],
            [156, 2],
          ],
          slowest: TRACES[1]!,
        },
        { minutesAgo: 180, spans: 4, isRequest: false },
        { minutesAgo: 180, spans: 5, operation: 2, maxNs: null, buckets: [] },
        { minutesAgo: -2, spans: 100 },
      ])
      let folded = 0
      await foldRollups(leadership, (rows) => (folded += rows))
      t.equal(folded, 4)
      t.same(await levels(pool), [
        { level: 0, rows: 1, spans: 100, errors: 0, adjusted: 200, zeros: 1 },
        { level: 1, rows: 3, spans: 14, errors: 1, adjusted: 28, zeros: 4 },
        { level: 2, rows: 3, spans: 14, errors: 1, adjusted: 28, zeros: 4 },
      ])
      const { rows } = await pool.query(
        `select level, span_count::int, root_count::int, duration_sum_ns, duration_min_ns::int, duration_max_ns::int, bucket_indexes,
         bucket_counts, slowest_trace_id, bucket
       from sidelight.span_rollup where level > 0 and operation_id = 1 and is_request order by level`,
      )
      const atMs = BEGAN_MS - 180 * MINUTE_MS
      const sums = {
        span_count: 5,
        root_count: 2,
        duration_sum_ns: 3_700,
        duration_min_ns: 500,
        duration_max_ns: 900,
        bucket_indexes: [143, 156],
        bucket_counts: [3, 2],
        slowest_trace_id: TRACES[1],
      }
      t.same(rows, [
        { level: 1, ...sums, bucket: new Date(atMs) },
        { level: 2, ...sums, bucket: new Date(Math.floor(atMs / HOUR_MS) * HOUR_MS) },
      ])
    },
  )
}

t.test('what comes late is added to what is there', async (t) => {
  const { pool, leadership } = await openRollups(t)
  for (let round = 0; round < 3; round++) {
    await append(pool, [
      { minutesAgo: 180, spans: 2 },
      { minutesAgo: 180, spans: 1, buckets: [[170, 1]] },
    ])
    await foldRollups(leadership, () => undefined)
  }
  t.same(await levels(pool), [
    { level: 1, rows: 1, spans: 9, errors: 0, adjusted: 18, zeros: 6 },
    { level: 2, rows: 1, spans: 9, errors: 0, adjusted: 18, zeros: 6 },
  ])
})

t.test('minutes more than two days old are in their hours alone', async (t) => {
  const { pool, leadership } = await openRollups(t)
  await append(pool, [
    { minutesAgo: 49 * 60 },
    { minutesAgo: 51 * 60, spans: 4 },
    { minutesAgo: 30 * 24 * 60 },
  ])
  await foldRollups(leadership, () => undefined)
  const about = await levels(pool)
  t.match(about, [
    { level: 1, rows: 1, spans: 1 },
    { level: 2, rows: 3, spans: 6 },
  ])
  await pool.query(
    `update sidelight.span_rollup set bucket = bucket - interval '3 hours' where level = 1`,
  )
  await foldRollups(leadership, () => undefined)
  t.match(await levels(pool), [{ level: 2, rows: 3, spans: 6 }])
})

t.test('many rows are folded in several statements, each row once', async (t) => {
  const { pool, leadership } = await openRollups(t)
  await pool.query(
    `insert into sidelight.span_rollup (bucket, level, is_request, service_id, operation_id, span_count, root_count,
       error_count, adjusted_count, adjusted_error_count, duration_sum_ns, zero_count, bucket_indexes, bucket_counts)
     select date_trunc('minute', now()) - minute * interval '1 minute', 0, true, 7, n % 10, 1, 0, 0, 1, 0, 0, 0, '{5}', '{1}'
     from generate_series(2, 13) as minute, generate_series(1, 10000) as n`,
  )
  const statements: number[] = []
  await foldRollups(leadership, (rows) => statements.push(rows))
  t.same(statements, [50_000, 50_000, 20_000])
  const { rows } = await pool.query(
    `select level, count(*)::int as rows, sum(span_count)::int as spans from sidelight.span_rollup
     where level < 2 group by level`,
  )
  t.same(rows, [{ level: 1, rows: 120, spans: 120_000 }])
})

t.test('what is not to be folded is not looked at', async (t) => {
  const { pool } = await openRollups(t)
  await append(pool, [{ minutesAgo: 180 }])
  const client = await pool.connect()
  t.teardown(() => Promise.resolve(client.release()))
  // Tables as small as these are read as a whole otherwise.
  await client.query('set enable_seqscan = off')
  const filters: string[] = []
  const query = async (text: string, values?: unknown[]) => {
    if (!text.startsWith('set')) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values)
      const lines = rows.map((row) => row['QUERY PLAN'])
      filters.push(...lines.filter((line) => /Filter: .*bucket </.test(line)))
    }
    return client.query(text, values)
  }
  const transaction = (work: (client: object) => unknown) => work({ query })
  const explaining = { query, transaction } as unknown as Parameters<typeof foldRollups>[0]
  await foldRollups(explaining, () => undefined)
  t.strictSame(filters, [], 'rows are chosen by time before they are read')
})

t.test('leaders that fold at once, and ingest beside them, count every span once', async (t) => {
  const { pool } = await openRollups(t)
  const folding = {
    query: pool.query.bind(pool),
    transaction: <T>(work: (client: PoolClient) => Promise<T>) =>
      withClient(pool, undefined, (client) => inTransaction(client, () => work(client))),
  }
  // Two of them have no lease to fence them here: what is left when one is taken over in the middle.
  const leaders = [folding, folding] as unknown as Parameters<typeof foldRollups>[0][]
  for (let round = 0; round < 10; round++) {
    await append(
      pool,
      Array.from({ length: 20 }, (_, n) => ({ minutesAgo: 2, operation: n % 4 })),
    )
    await Promise.all([
      ...leaders.map((leader) => foldRollups(leader, () => undefined)),
      append(pool, [{ minutesAgo: 2 }]),
    ])
  }
  await foldRollups(leaders[0]!, () => undefined)
  const sums = (await levels(pool)).map((row) => ({ ...row, rows: undefined }))
  t.match(sums, [
    { level: 1, spans: 210, adjusted: 420 },
    { level: 2, spans: 210, adjusted: 420 },
  ])
})

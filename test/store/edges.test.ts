import t from 'tap'
import type { Pool } from 'pg'
import { foldEdges, joinEdges } from '../../collector/store/edges'
import { MAJORS } from '../helpers/postgres'
import { until } from '../helpers/until'
import { ensurePartitions, openDatabase } from './database'
import { takeLead } from './leadership'

const WEB = 1
const SHOP = 2

async function openEdges(t: Parameters<typeof openDatabase>[0], major?: (typeof MAJORS)[number]) {
  const pool = await openDatabase(t, major === undefined ? {} : { major })
  const today = Math.floor(Date.now() / 86_400_000)
  for (const table of ['span', 'edge_rollup']) {
    await ensurePartitions(pool, table, [today - 31, today - 3, today - 1, today, today + 1])
  }
  return { pool, leadership: await takeLead(t, pool) }
}

/** A span of a service that began some time ago. */
async function addSpan(
  pool: Pool,
  trace: number,
  span: number,
  service: number,
  ago = '2 minutes',
) {
  await pool.query(
    `insert into sidelight.span (trace_id, span_id, start_time, service_id, operation_id, resource_id, scope_id, flags,
       kind, status)
     values (lpad($1::text, 32, '0')::uuid, $2, now() - $4::interval, $3, 1, 1, 1, 0, 3, 0)`,
    [trace, span, service, ago],
  )
}

interface Candidate {
  readonly trace: number
  readonly parent: number
  readonly service?: number
  readonly ago?: string
  readonly addedAgo?: string
  readonly isError?: boolean
  readonly weight?: number
  readonly durationNs?: number | null
}

async function addCandidate(pool: Pool, candidate: Candidate): Promise<void> {
  const { trace, parent, service = SHOP, ago = '2 minutes', addedAgo = '61 seconds' } = candidate
  const { isError = false, weight = 1, durationNs = 1_000 } = candidate
  await pool.query(
    `insert into sidelight.edge_candidate (bucket, added_at, trace_id, parent_span_id, service_id, duration_ns, adjusted_count,
       is_error)
     values (date_trunc('minute', now() - $1::interval), clock_timestamp() - $2::interval, lpad($3::text, 32, '0')::uuid, $4, $5, $6,
       $7, $8)`,
    [ago, addedAgo, trace, parent, service, durationNs, weight, isError],
  )
}

async function edges(pool: Pool) {
  const { rows } = await pool.query(
    `select client_service_id::int as client, server_service_id::int as server, call_count::int as calls,
       error_count::int as errors, adjusted_count as adjusted, adjusted_error_count as adjusted_errors,
       duration_sum_ns as sum_ns, duration_max_ns::int as max_ns
     from sidelight.edge_rollup order by bucket, 1, 2`,
  )
  return rows
}

async function countCandidates(pool: Pool): Promise<number> {
  const { rows } = await pool.query('select count(*)::int as count from sidelight.edge_candidate')
  return rows[0].count
}

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, a caller is found a minute after the call was stored`,
    async (t) => {
      const { pool, leadership } = await openEdges(t, major)
      await addSpan(pool, 1, 11, WEB)
      await addSpan(pool, 2, 22, WEB)
      await addCandidate(pool, { trace: 1, parent: 11 })
      await addCandidate(pool, {
        trace: 2,
        parent: 22,
        isError: true,
        weight: 4,
        durationNs: 3_000,
      })
      await addCandidate(pool, { trace: 2, parent: 22, addedAgo: '30 seconds' })
      await joinEdges(leadership)
      const called = { client: WEB, server: SHOP, calls: 2, errors: 1, adjusted: 5 }
      t.same(await edges(pool), [{ ...called, adjusted_errors: 4, sum_ns: 13_000, max_ns: 3_000 }])
      t.equal(await countCandidates(pool), 1, 'what came just now waits')
      await pool.query(
        `update sidelight.edge_candidate set added_at = added_at - interval '1 minute'`,
      )
      await joinEdges(leadership)
      await joinEdges(leadership)
      t.match(
        await edges(pool),
        [{ ...called, calls: 3, adjusted: 6 }],
        'added to the same minute, once',
      )
      t.equal(await countCandidates(pool), 0)
    },
  )
}

t.test('a caller that is unknown, of another trace or of another day is none', async (t) => {
  const { pool, leadership } = await openEdges(t)
  await addSpan(pool, 1, 11, WEB)
  await addSpan(pool, 3, 33, WEB, '1 day')
  await addCandidate(pool, { trace: 1, parent: 12 })
  await addCandidate(pool, { trace: 2, parent: 11 })
  await addCandidate(pool, { trace: 3, parent: 33 })
  await joinEdges(leadership)
  t.same(await edges(pool), [])
  t.equal(await countCandidates(pool), 0)
})

t.test(
  'calls of months ago have a place, and those of months that were dropped none',
  async (t) => {
    const { pool, leadership } = await openEdges(t)
    const today = Math.floor(Date.now() / 86_400_000)
    await ensurePartitions(pool, 'span', [today - 200, today - 100])
    for (const [trace, ago] of [
      [1, '2 minutes'],
      [2, '100 days'],
      [3, '200 days'],
    ] as const) {
      await addSpan(pool, trace, 11, WEB, ago)
      await addCandidate(pool, { trace, parent: 11, ago })
    }
    await pool.query(
      `insert into sidelight.retention values ('edge_rollup', date_trunc('month', now() - interval '140 days'))`,
    )
    await joinEdges(leadership)
    t.match(await edges(pool), [{ calls: 1 }, { calls: 1 }])
    t.equal(await countCandidates(pool), 0)
  },
)

t.test('the join looks into the partitions of its time alone', async (t) => {
  const { pool, leadership } = await openEdges(t)
  await addSpan(pool, 1, 11, WEB)
  await addCandidate(pool, { trace: 1, parent: 11 })
  const before = await scans(pool)
  await joinEdges(leadership)
  t.equal((await edges(pool)).length, 1)
  // Statistics are a session's own until it is told, or has nothing to do.
  await leadership.query('select pg_stat_force_next_flush()')
  const scanned = async () =>
    [...(await scans(pool))].flatMap(([name, count]) =>
      count > (before.get(name) ?? 0) ? name : [],
    )
  await until(async () => (await scanned()).length > 0, 20_000, 'statistics')
  t.ok((await scanned()).length <= 2, (await scanned()).join(' '))
})

/** How often the partitions of `span` were scanned, in any way. */
async function scans(pool: Pool): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ name: string; scans: number }>(
    `select relname as name, (seq_scan + coalesce(idx_scan, 0))::int as scans from pg_stat_user_tables
     where relname ~ '^span_[0-9]{8}$'`,
  )
  return new Map(rows.map(({ name, scans }) => [name, scans]))
}

t.test('calls of the day before yesterday are kept by the hour', async (t) => {
  const { pool, leadership } = await openEdges(t)
  const insert = (ago: string, minute: number) =>
    pool.query(
      `insert into sidelight.edge_rollup values (date_trunc('hour', now(), 'UTC') - $1::interval + $2 * interval '1 minute',
         1, 2, 2, 1, 2, 1, 10, $2)`,
      [ago, minute],
    )
  for (const minute of [0, 5, 59]) await insert('3 days', minute)
  for (const minute of [0, 5]) await insert('1 hour', minute)
  for (let round = 0; round < 2; round++) await foldEdges(leadership)
  const { rows } = await pool.query(
    `select call_count::int as calls, duration_max_ns::int as max_ns, bucket = date_trunc('hour', bucket, 'UTC') as is_hour
     from sidelight.edge_rollup order by bucket`,
  )
  t.same(rows, [
    { calls: 6, max_ns: 59, is_hour: true },
    { calls: 2, max_ns: 0, is_hour: true },
    { calls: 2, max_ns: 5, is_hour: false },
  ])
})

import type { Pool } from 'pg'
import t from 'tap'
import { bucketIndexOf } from '../../collector/translate/distribution'
import { MAJORS } from '../helpers/postgres'
import { createRandom } from '../helpers/random'
import { ensurePartitions, openDatabase, openPool } from './database'

/** 2026-11-24. */
const DAY = 20_781
const HOUR = '2026-11-24T12:00:00Z'

async function openViews(t: Parameters<typeof openDatabase>[0], major?: (typeof MAJORS)[number]) {
  const pool = await openDatabase(t, major === undefined ? {} : { major })
  await ensurePartitions(pool, 'span', [DAY])
  await ensurePartitions(pool, 'span_rollup', [DAY])
  await pool.query(`insert into sidelight.service values (1, '', '', '', 'till')`)
  await pool.query(
    `insert into sidelight.operation values (2, 1, 'orders', 2, 'GET /'), (3, 1, 'orders', 2, 'POST /')`,
  )
  return pool
}

interface Rollup {
  readonly bucket: string
  readonly level: number
  readonly operation?: number
  readonly durations: readonly number[]
  readonly errors?: number
}

async function insertRollup(
  pool: Pool,
  { bucket, level, operation = 2, durations, errors = 0 }: Rollup,
) {
  const counts = new Map<number, number>()
  for (const ns of durations) {
    if (ns > 0) counts.set(bucketIndexOf(ns), (counts.get(bucketIndexOf(ns)) ?? 0) + 1)
  }
  const sum = durations.reduce((total, ns) => total + ns, 0)
  const [min, max] =
    durations.length === 0 ? [null, null] : [Math.min(...durations), Math.max(...durations)]
  await pool.query(
    `insert into sidelight.span_rollup (bucket, level, is_request, service_id, operation_id, span_count, root_count,
       error_count, adjusted_count, adjusted_error_count, duration_sum_ns, duration_min_ns, duration_max_ns, zero_count,
       bucket_indexes, bucket_counts)
     values ($1, $2, true, 1, $3, $4::int, 0, $5::int, $4::int, $5::int, $6, $7, $8, $9, $10, $11)`,
    [
      bucket,
      level,
      operation,
      durations.length,
      errors,
      sum,
      min,
      max,
      durations.filter((ns) => ns === 0).length,
      [...counts.keys()],
      [...counts.values()],
    ],
  )
}

const HOURLY = `
select hour, module, operation, request_count::int, avg_duration_ms, p95_duration_ms, error_count::int
from sidelight.performance_metrics_hourly order by hour, operation`

for (const major of MAJORS) {
  t.test(
    `on Postgres ${major}, an hour is its row and the minutes that are not in it yet`,
    async (t) => {
      const pool = await openViews(t, major)
      const ms = 1_000_000
      await insertRollup(pool, { bucket: HOUR, level: 2, durations: [ms, ms, 3 * ms], errors: 1 })
      await insertRollup(pool, { bucket: '2026-11-24T12:07:00Z', level: 1, durations: [9 * ms] })
      await insertRollup(pool, {
        bucket: '2026-11-24T12:59:00Z',
        level: 0,
        durations: [5 * ms],
        errors: 1,
      })
      await insertRollup(pool, { bucket: '2026-11-24T13:00:00Z', level: 0, durations: [0, 0] })
      await insertRollup(pool, { bucket: HOUR, level: 2, operation: 3, durations: [] })
      const about = { module: 'orders', operation: 'GET /' }
      t.same((await pool.query(HOURLY)).rows, [
        {
          ...about,
          hour: new Date(HOUR),
          request_count: 4,
          avg_duration_ms: 2.5,
          p95_duration_ms: 5,
          error_count: 2,
        },
        {
          ...about,
          operation: 'POST /',
          hour: new Date(HOUR),
          request_count: 0,
          avg_duration_ms: null,
          p95_duration_ms: null,
          error_count: 0,
        },
        {
          ...about,
          hour: new Date('2026-11-24T13:00:00Z'),
          request_count: 2,
          avg_duration_ms: 0,
          p95_duration_ms: 0,
          error_count: 0,
        },
      ])
    },
  )
}

t.test('a percentile of the view is within 2.17 % of the exact one', async (t) => {
  const pool = await openViews(t)
  const random = createRandom(11)
  const durations = Array.from({ length: 2_000 }, () => 1_000 + random.below(2_000_000_000))
  for (let part = 0; part < 4; part++) {
    const bucket = `2026-11-24T12:0${part}:00Z`
    await insertRollup(pool, {
      bucket,
      level: 0,
      durations: durations.filter((_, n) => n % 4 === part),
    })
  }
  const exact = durations.sort((a, b) => a - b)[Math.ceil(0.95 * durations.length) - 1]! / 1e6
  const told = Number((await pool.query(HOURLY)).rows[0].p95_duration_ms)
  t.ok(Math.abs(told - exact) <= exact * 0.0217, `${told} for ${exact}`)
})

t.test('a range of hours reads the partitions of its months alone, by their index', async (t) => {
  const pool = await openViews(t)
  await ensurePartitions(pool, 'span_rollup', [DAY - 60])
  const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
    `explain select * from sidelight.performance_metrics_hourly where hour >= '2026-11-24T00:00:00Z'`,
  )
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
  // Minutes that are not in their hours are few, whatever their month.
  const hours = plan
    .split('\n')
    .filter((line, at, lines) => /level = 2/.test(lines[at + 1] ?? line))
  t.ok(hours.length > 0)
  for (const line of hours) t.match(line, /Index Scan using span_rollup_202611/)
})

t.test('a span is shown as what an operation took', async (t) => {
  const pool = await openViews(t)
  const insert = (columns: Readonly<Record<string, unknown>>) => {
    const row = {
      trace_id: '5b8efff7-9803-8103-d269-b633813fc60c',
      span_id: '1',
      start_time: HOUR,
      service_id: 1,
      operation_id: 2,
      resource_id: 1,
      scope_id: 1,
      flags: 0,
      kind: 2,
      status: 0,
      ...columns,
    }
    const names = Object.keys(row)
    return pool.query(
      `insert into sidelight.span (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')})`,
      Object.values(row),
    )
  }
  await insert({
    end_time: '2026-11-24T12:00:02Z',
    duration_ns: 2e9,
    attributes: { 'http.response.status_code': 503 },
  })
  await insert({
    kind: 3,
    attributes: {
      'db.system': 'pg',
      'db.operation': 'SELECT',
      'db.sql.table': 'orders',
      'server.address': 'db',
    },
  })
  await insert({
    kind: 3,
    status: 2,
    attributes: {
      'peer.service': 'payments',
      'url.template': '/pay/{id}',
      'user.id': 'u1',
      request_id: 'r1',
    },
    events: JSON.stringify([
      { name: 'exception', attributes: { 'exception.type': 'TimeoutError' } },
    ]),
  })
  const { rows } = await pool.query(
    `select operation, module, duration_ms, completed_at, user_id, request_id, db_operation, db_table, external_service,
       external_api, success, error_type, created_at from sidelight.performance_metrics order by success, external_service nulls first`,
  )
  const nothing = {
    operation: 'GET /',
    module: 'orders',
    duration_ms: null,
    completed_at: null,
    user_id: null,
    request_id: null,
  }
  const none = {
    db_operation: null,
    db_table: null,
    external_service: null,
    external_api: null,
    error_type: null,
  }
  const at = new Date(HOUR)
  const end = new Date('2026-11-24T12:00:02Z')
  t.same(rows, [
    { ...nothing, ...none, duration_ms: 2_000, completed_at: end, success: false, created_at: end },
    {
      ...nothing,
      ...none,
      user_id: 'u1',
      request_id: 'r1',
      external_service: 'payments',
      external_api: '/pay/{id}',
      success: false,
      error_type: 'TimeoutError',
      created_at: at,
    },
    {
      ...nothing,
      ...none,
      db_operation: 'SELECT',
      db_table: 'orders',
      success: true,
      created_at: at,
    },
  ])
})

t.test('a reader reads the views and nothing else', async (t) => {
  const pool = await openViews(t)
  await insertRollup(pool, { bucket: HOUR, level: 2, durations: [1] })
  const reader = await openPool(t, pool.options.connectionString ?? '', 1).connect()
  t.teardown(() => Promise.resolve(reader.release(true)))
  await reader.query('set role sidelight_reader')
  t.equal((await reader.query('select * from sidelight.performance_metrics_hourly')).rowCount, 1)
  for (const view of ['spans', 'logs', 'metrics', 'tracing_spans', 'performance_metrics']) {
    t.equal((await reader.query(`select * from sidelight.${view}`)).rowCount, 0, view)
  }
  await t.rejects(reader.query('select * from sidelight.ingest_receipt'), { code: '42501' })
  await t.rejects(reader.query('select * from sidelight.span'), { code: '42501' })
})

t.test('a server where no role may be created is migrated all the same', async (t) => {
  const pool = await openDatabase(t, { migrated: false })
  const { rows } = await pool.query<{ name: string }>('select current_database() as name')
  const owner = `owner_${process.pid}`
  await pool.query(`create role ${owner} nologin nocreaterole`)
  await pool.query(`grant create on database ${rows[0]!.name} to ${owner}`)
  const own = openPool(t, pool.options.connectionString ?? '', 1)
  await own.query(`set role ${owner}`)
  await own.query(`create schema sidelight; create view sidelight.spans as select 1 as one`)
  const { readFileSync } = await import('node:fs')
  await own.query(readFileSync('schema/repeatable/views_reader.sql', 'utf8'))
  t.equal((await own.query('select * from sidelight.spans')).rowCount, 1)
  await own.query('reset role')
  await own.query(`drop owned by ${owner} cascade`)
  await own.query(`drop role ${owner}`)
})

t.test('refreshing is done at once and says up to when the views are current', async (t) => {
  const pool = await openViews(t)
  const { rows } = await pool.query(
    'select sidelight.refresh_observability_views() = now() as is_now',
  )
  t.same(rows, [{ is_now: true }])
})

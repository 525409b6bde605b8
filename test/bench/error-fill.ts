import type { Client, Pool } from 'pg'
import { ensureUpcomingPartitions } from '../../collector/store/partitions'
import { createPool } from '../../collector/store/pool'

export const GROUPS = 100_000
export const SERVICES = 20
const OPERATIONS = 200
const HOURS = 24

/** What of the messages can be looked for: in one of ten groups, and in ten of all. */
export const ERROR_WORDS = { common: 'Time Out', rare: 'kernel panic' } as const

/**
 * A day of 100,000 groups as their throws leave it, some with thousands and most with few: folded minutes and hours, deltas of
 * the last two minutes, and what the leader noted of each group. No collector may run.
 */
export async function fillErrors(client: Client, url: string): Promise<void> {
  const pool = createPool({ connectionString: url, max: 1, applicationName: 'sidelight bench' })
  try {
    await ensureErrorPartitions(pool)
  } finally {
    await pool.end()
  }
  await client.query(`truncate ${TABLES}`)
  for (const [what, statement] of STATEMENTS) {
    const startedAt = performance.now()
    const { rowCount } = await client.query(statement)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
    process.stderr.write(`errors: ${(rowCount ?? 0).toLocaleString('en')} ${what}, ${seconds} s\n`)
  }
  await client.query(`vacuum analyze ${TABLES}`)
  // What was filled is not written to disk while the API is asked.
  await client.query('checkpoint')
}

function ensureErrorPartitions(pool: Pool): Promise<void> {
  return ensureUpcomingPartitions(pool, Date.now())
}

const TABLES =
  'sidelight.error_group_hash, sidelight.error_group, sidelight.error_rollup, sidelight.error_occurrence'

const SERVICE_ROWS = `
insert into sidelight.service (id, tenant, environment, namespace, name)
select n, '', '', '', 'bench ' || n from generate_series(1, ${SERVICES}) as n on conflict do nothing`

const OPERATION_ROWS = `
insert into sidelight.operation (id, service_id, module, kind, name)
select n, 1 + n % ${SERVICES}, 'module ' || n % 3, 2, 'GET /bench/' || n from generate_series(1, ${OPERATIONS}) as n
on conflict (id) do update set service_id = excluded.service_id`

const HASH_ROWS = `
insert into sidelight.error_group_hash (id, group_id, algorithm, tenant, namespace, service, kind, class, code, message, culprit,
  module, operation, why, similar_hashes)
select md5('error ' || n)::uuid, md5('error ' || n)::uuid, 'fp/1', '', '', 'bench ' || 1 + n % ${SERVICES}, 'exception',
  'BenchError' || n % 300, case when n % 4 = 0 then 'E' || n % 50 end,
  'the call of ' || md5(n::text) || case when n % ${GROUPS / 10} = 7 then ' ended in a ${ERROR_WORDS.rare}'
    when n % 10 = 3 then ' met a ${ERROR_WORDS.common.toLowerCase()} after <duration>' else ' failed with status <int>' end,
  'load (src/part' || n % 1000 || '/repository.ts)', 'module ' || n % 3, 'GET /bench/' || n % ${OPERATIONS},
  '[{"kind": "class", "value": "BenchError", "isUsed": true, "hint": "", "exception": 0}]',
  array[md5('near ' || n % 5000)::uuid]
from generate_series(1, ${GROUPS}) as n`

/** The nth of 2,000 groups has 2,000 / n throws, at any time of the day, each of one of 50 users. */
const THROWS = `
create temporary table bench_throw as
select md5('error ' || n)::uuid as error_hash, 1 + n % ${SERVICES} as service_id, 1 + n % ${OPERATIONS} as operation_id,
  now() - random() * interval '${HOURS} hours' as at, ('x' || left(md5('user ' || n % 1000 || ' ' || floor(random() * 50)), 16))::bit(64)::bigint as user_hash,
  random() < 0.1 as is_unhandled, random() < 0.8 as is_severe
from generate_series(1, ${GROUPS}) as n, generate_series(1, greatest(1, 2000 / (1 + n % 2000)))`

const rollups = (level: 0 | 1 | 2) => `
insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release, occurrence_count, severe_count,
  unhandled_count, first_ns, last_ns, user_hashes)
select date_trunc('${level === 2 ? 'hour' : 'minute'}', at) as bucket, ${level}, error_hash, service_id, operation_id, '1.0.' || case when extract(hour from at) < 12 then 1 else 2 end as release, count(*), count(*) filter (where is_severe),
  count(*) filter (where is_unhandled), min(extract(epoch from at) * 1000000)::bigint * 1000,
  max(extract(epoch from at) * 1000000)::bigint * 1000, (array_agg(distinct user_hash order by user_hash))[1:64]
from bench_throw where at ${level === 0 ? '>=' : '<'} date_trunc('minute', now()) - interval '1 minute'
group by 1, 3, 4, 5, 6 order by 1`

const GROUP_ROWS = `
insert into sidelight.error_group (id, tenant, namespace, service, state, first_seen_at, last_seen_at, assignee)
select t.error_hash, '', '', 'bench ' || t.service_id,
  (array['new', 'ongoing', 'ongoing', 'ongoing', 'ongoing', 'regressed', 'escalating', 'resolved', 'muted', 'ongoing'])[1 + ('x' || left(t.error_hash::text, 6))::bit(24)::int % 10],
  min(at) - interval '3 days' * random(), max(at), case when random() < 0.01 then 'jo' end
from bench_throw t group by t.error_hash, t.service_id`

const OCCURRENCE_ROWS = `
insert into sidelight.error_occurrence (time, id, error_hash, service_id, operation_id, resource_id, trace_id, span_id, severity,
  is_handled, is_incomplete, time_ns, source, release, class, message, stack_trace, exceptions, attributes)
select at, md5(error_hash::text || at)::uuid, error_hash, service_id, operation_id, 0, md5(at::text)::uuid, 1, 17, true, false, 0,
  'exception_event', '1.0.1', 'BenchError', 'the call failed', repeat('    at load (src/repository.ts:10:20)' || chr(10), 10), '[]', '{}'
from (
  select *, row_number() over (partition by error_hash order by at desc) as place from bench_throw
) as t where place <= 3`

const STATEMENTS: readonly (readonly [string, string])[] = [
  ['services', SERVICE_ROWS],
  ['operations', OPERATION_ROWS],
  ['groups', HASH_ROWS],
  ['throws thought of', THROWS],
  ['rollups of hours', rollups(2)],
  ['rollups of minutes', rollups(1)],
  ['deltas', rollups(0)],
  ['states of groups', GROUP_ROWS],
  ['occurrences', OCCURRENCE_ROWS],
]

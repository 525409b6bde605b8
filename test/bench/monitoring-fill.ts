import type { Client } from 'pg'
import { createPartitionCache } from '../../collector/store/partitions'
import { createPool } from '../../collector/store/pool'
import { withClient } from '../../collector/store/session'

export const WEBHOOKS = 10_000
export const RULES = 500
export const RATE_LIMITS = 100
export const USERS = 10_000
export const BUSINESS_EVENTS = 20
export const TOUCHED = 1_000
const DAYS = 30
const DAY_MS = 86_400_000

/**
 * What 30 days leave when all is folded. Days: a row each of every webhook, rule and user. Hours: of 8 days, which are all that
 * windows look at, every second one of a webhook and each of a rule; one a day of a user; all of the API (100 resources and
 * status codes) and of business events. Minutes of the API. Of 10,000 webhooks 200 fail and 100 are inactive, of 500
 * rules 10. Beside them the last hour of 200,000 spans with slow queries, and of 2,000 errors. No collector may run.
 */
export async function fillMonitoring(client: Client, url: string): Promise<void> {
  await ensurePartitions(url)
  await client.query(`truncate ${TABLES}`)
  for (const [what, statement] of STATEMENTS) {
    const startedAt = performance.now()
    const { rowCount } = await client.query(statement)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
    const rows = (rowCount ?? 0).toLocaleString('en')
    process.stderr.write(`monitoring: ${rows} ${what}, ${seconds} s\n`)
  }
  await client.query(`vacuum analyze ${TABLES}`)
  // What was filled is not written to disk while the API is asked.
  await client.query('checkpoint')
}

/** Three deliveries of each of 1,000 webhooks within the last minutes, one that failed and two that did not, as ingest stores them. */
export async function touchWebhooks(client: Client, round: number): Promise<void> {
  await client.query(TOUCH_EVENTS, [round])
  await client.query(TOUCH_DELTAS, [round])
}

async function ensurePartitions(url: string): Promise<void> {
  const pool = createPool({ connectionString: url, max: 1, applicationName: 'sidelight bench' })
  const today = Math.floor(Date.now() / DAY_MS)
  const days = Array.from({ length: DAYS + 3 }, (_, n) => today + 1 - n)
  const recent = days.slice(0, 3)
  try {
    await withClient(pool, undefined, async (client) => {
      const cache = createPartitionCache()
      await cache.ensure(client, 'event_rollup', days)
      for (const table of ['event', 'span', 'span_rollup', 'error_rollup', 'error_occurrence']) {
        await cache.ensure(client, table, recent)
      }
    })
  } finally {
    await pool.end()
  }
}

const TABLES = `sidelight.catalogue, sidelight.catalogue_state, sidelight.event, sidelight.event_rollup, sidelight.span,
  sidelight.span_rollup, sidelight.error_group_hash, sidelight.error_group, sidelight.error_rollup, sidelight.error_occurrence`

const SERVICES = 20

const SERVICE_ROWS = `
insert into sidelight.service (id, tenant, environment, namespace, name)
select n, '', '', '', 'bench ' || n from generate_series(1, ${SERVICES}) as n on conflict do nothing`

/** Every tenth operation is a client's. */
const OPERATION_ROWS = `
insert into sidelight.operation (id, service_id, module, kind, name)
select n, 1 + n % ${SERVICES}, 'module ' || n % 3, case when n % 10 = 0 then 3 else 2 end, 'GET /bench/' || n
from generate_series(1, 200) as n
on conflict (id) do update set service_id = excluded.service_id, kind = excluded.kind`

/** Ids, from the first on: webhooks 1, rules 20,000, rate limits 30,000, the API 40,000, business events 50,000, costs 100,000. */
const CATALOGUE_ROWS = `
insert into sidelight.catalogue (id, tenant, kind, subject, detail)
select n, '', 'webhook', 'wh_' || n, '' from generate_series(1, ${WEBHOOKS}) as n
union all select 20000 + n, '', 'rule', 'rule_' || n, '' from generate_series(1, ${RULES}) as n
union all select 30000 + n, '', 'rate_limit', 'key_' || n, 'api_key' from generate_series(1, ${RATE_LIMITS}) as n
union all select 40000 + n, '', 'api', 'resource ' || n % 20, (array['200', '201', '404', '422', '500'])[1 + n / 20]
  from generate_series(0, 99) as n
union all select 50000 + 3 * n + s, '', 'business', 'event ' || n, (array['started', 'succeeded', 'failed'])[1 + s]
  from generate_series(1, ${BUSINESS_EVENTS}) as n, generate_series(0, 2) as s
union all select 100000 + n, '', 'cost', 'user_' || n, '/v1/chat' from generate_series(1, ${USERS}) as n`

interface Rows {
  readonly level: 1 | 2 | 3
  /** The range of ids of the catalogue. */
  readonly first: number
  readonly count: number
  /** How far back. */
  readonly back: number
  /** Which of the steps \`i\` of the id \`n\`. */
  readonly which?: string
  readonly amount?: string
}

const STEPS = { 1: 'minute', 2: 'hour', 3: 'day' } as const

/** Each row tells of 24 events, 2 of them failed, with durations in 12 buckets. */
const rollups = ({ level, first, count, back, which = 'true', amount = '0' }: Rows) => `
insert into sidelight.event_rollup (bucket, level, catalogue_id, service_id, event_count, failed_count, amount, duration_sum_ns,
  duration_min_ns, duration_max_ns, zero_count, bucket_indexes, bucket_counts, last_success_ns, last_failure_ns)
select at, ${level}, n, 1 + n % ${SERVICES}, 24, 2, ${amount}, 24 * 20e6, 5000000, 40000000 + n % 1000 * 1000, 0,
  h.indexes, array_fill(2::float8, array[12]), ns, ns - 60000000000
from generate_series(0, ${back} - 1) as i,
  lateral (select date_trunc('${STEPS[level]}', now(), 'UTC') - i * interval '1 ${STEPS[level]}' as at) as time,
  lateral (select extract(epoch from at)::bigint * 1000000000 as ns) as stamp,
  generate_series(${first}, ${first} + ${count} - 1) as n,
  lateral (select array_agg((380 + b + n % 20)::smallint order by b) as indexes from generate_series(1, 12) as b) as h
where ${which}`

const HOURS_KEPT = 8 * 24

/** Of webhooks each fiftieth fails, each hundredth is inactive; of rules each fiftieth; each tenth rate limit is used up to 95 %. */
const STATE_ROWS = `
insert into sidelight.catalogue_state (catalogue_id, event_count, failed_count, amount, duration_sum_ns, duration_min_ns,
  duration_max_ns, duration_count, p95_ns, zero_count, bucket_indexes, bucket_counts, events_24h, events_7d, failures_24h,
  window_hour, last_success_ns, last_failure_ns, consecutive_failures, failures_in_hour, registered_ns, enabled_ns, attributes)
select n.id, case when is_limit then 0 else 17280 end, case when is_limit then 0 else 1440 + n.id % 500 end, n.id % 100,
  17280 * 20e6, 5000000, 40000000 + n.id % 1000 * 1000, case when is_limit then 0 else 17280 end, 35e6 + n.id % 100 * 1e5, 0,
  h.indexes, array_fill(288::float8, array[60]), case when is_limit or is_inactive then 0 else 288 end,
  case when is_limit or is_inactive then 0 else 2016 end, case when is_limit or is_inactive then 0 else n.id % 40 end,
  date_trunc('hour', now(), 'UTC'), case when not is_limit then ns - case when is_failing then 7200 else 300 end * 1000000000::bigint end,
  case when not is_limit then ns - 600 * 1000000000::bigint end, case when is_failing then 5 + n.id / 50 % 10 else 0 end, 0,
  now_ns - 30 * 86400 * 1000000000::bigint, case when not is_limit then now_ns - 30 * 86400 * 1000000000::bigint end,
  case n.kind
    when 'webhook' then jsonb_build_object('webhook.id', n.subject, 'webhook.url', 'https://example.com/hooks/orders/' || n.id, 'webhook.enabled', true)
    when 'rule' then jsonb_build_object('rule.id', n.subject, 'rule.name', 'Rule ' || n.id, 'rule.type', 'type ' || n.id % 8, 'rule.enabled', true,
      'rule.segment_member_count', n.id % 1000)
    else jsonb_build_object('rate_limit.request_count', case when n.id % 10 = 0 then 950 else n.id % 800 end, 'rate_limit.limit', 1000,
      'rate_limit.reset_at', to_char(now() + interval '1 hour', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
  end
from sidelight.catalogue n,
  lateral (select n.kind = 'rate_limit' as is_limit, n.kind = 'webhook' and n.id % 50 = 1 as is_failing,
    n.kind = 'webhook' and n.id % 100 = 2 or n.kind = 'rule' and n.id % 50 = 2 as is_inactive) as state,
  lateral (select extract(epoch from now())::bigint * 1000000000 as now_ns) as stamp,
  lateral (select now_ns - case when is_inactive then 8 * 86400 else 0 end * 1000000000::bigint as ns) as latest,
  lateral (select case when is_limit then '{}' else array_agg((360 + b)::smallint order by b) end as indexes
    from generate_series(1, 60) as b) as h
where n.kind in ('webhook', 'rule', 'rate_limit')`

/** 200,000 within the hour; of operations of clients each thousandth takes 6 s and is a query. */
const SPAN_ROWS = `
insert into sidelight.span (trace_id, span_id, start_time, end_time, duration_ns, service_id, operation_id, resource_id, scope_id,
  flags, kind, status, attributes)
select md5('monitored ' || n / 8)::uuid, n, at, at + ns * interval '1 microsecond' / 1000, ns, 1 + o % ${SERVICES}, o, 1, 1, 1,
  case when o % 10 = 0 then 3 else 2 end, 0,
  case when o % 10 = 0 then '{"db.system.name": "postgresql", "db.operation.name": "SELECT"}' else '{"http.route": "/bench"}' end::jsonb
from generate_series(1, 200000) as n,
  lateral (select now() - (200001 - n) * interval '59 minutes' / 200000 as at, 1 + n % 200 as o,
    case when n % 200 = 9 and n / 200 % 10 = 0 then 6000000000 else 12000000 + n end::bigint as ns) as drawn`

const SPAN_ROLLUPS = `
insert into sidelight.span_rollup (bucket, level, is_request, service_id, operation_id, span_count, root_count, error_count,
  adjusted_count, adjusted_error_count, duration_sum_ns, duration_min_ns, duration_max_ns, zero_count, bucket_indexes,
  bucket_counts, slowest_trace_id)
select date_trunc('minute', start_time), 1, kind = 2, service_id, operation_id, count(*), 0, 0, count(*), 0, sum(duration_ns),
  min(duration_ns), max(duration_ns), 0, '{375}', array[count(*)::float8], (array_agg(trace_id order by duration_ns desc))[1]
from sidelight.span group by 1, 3, 4, 5`

/** Each twentieth of 2,000 is thrown often enough to be told of. */
const ERROR_HASHES = `
insert into sidelight.error_group_hash (id, group_id, algorithm, tenant, namespace, service, kind, class, message, culprit,
  module, operation, why, similar_hashes)
select md5('monitored ' || n)::uuid, md5('monitored ' || n)::uuid, 'fp/1', '', '', 'bench ' || 1 + n % ${SERVICES}, 'exception',
  'BenchError' || n % 300, 'the call of ' || md5(n::text) || ' failed', 'load (src/repository.ts)', 'module ' || n % 3,
  'GET /bench/' || n % 200, '[]', '{}'
from generate_series(1, 2000) as n`

const ERROR_GROUPS = `
insert into sidelight.error_group (id, tenant, namespace, service, state, first_seen_at, last_seen_at)
select group_id, '', '', service, case when random() < 0.9 then 'ongoing' else 'resolved' end, now() - interval '3 days', now()
from sidelight.error_group_hash`

const ERROR_ROLLUPS = `
insert into sidelight.error_rollup (bucket, level, error_hash, service_id, operation_id, release, occurrence_count, severe_count,
  unhandled_count, first_ns, last_ns, user_hashes)
select at, 1, md5('monitored ' || n)::uuid, 1 + n % ${SERVICES}, 1 + n % 200, '1.0.1', 2, case when n % 20 = 0 then 2 else 0 end, 0,
  extract(epoch from at)::bigint * 1000000000, extract(epoch from at)::bigint * 1000000000 + 1000, '{1,2,3}'
from generate_series(1, 2000) as n, generate_series(0, 59, 6) as i,
  lateral (select date_trunc('minute', now()) - (i + n % 6) * interval '1 minute' as at) as time`

/** One of a thousand is fatal. */
const ERROR_OCCURRENCES = `
insert into sidelight.error_occurrence (time, id, error_hash, service_id, operation_id, resource_id, severity, is_handled,
  is_incomplete, time_ns, source, release, class, message, exceptions, attributes)
select now() - n * interval '59 minutes' / 20000, md5('occurrence ' || n)::uuid, md5('monitored ' || 1 + n % 2000)::uuid, 1 + n % ${SERVICES},
  1 + n % 200, 1, case when n % 1000 = 0 then 21 else 17 end, true, false, 0, 'exception_event', '1.0.1', 'BenchError',
  'the call failed', '[]', '{}'
from generate_series(1, 20000) as n`

const STATEMENTS: readonly (readonly [string, string])[] = [
  ['services', SERVICE_ROWS],
  ['operations', OPERATION_ROWS],
  ['subjects', CATALOGUE_ROWS],
  ['states', STATE_ROWS],
  [
    'hours of webhooks',
    rollups({ level: 2, first: 1, count: WEBHOOKS, back: HOURS_KEPT, which: '(i + n) % 2 = 0' }),
  ],
  ['days of webhooks', rollups({ level: 3, first: 1, count: WEBHOOKS, back: DAYS })],
  ['hours of rules', rollups({ level: 2, first: 20_001, count: RULES, back: HOURS_KEPT })],
  ['days of rules', rollups({ level: 3, first: 20_001, count: RULES, back: DAYS })],
  ['minutes of the API', rollups({ level: 1, first: 40_000, count: 100, back: 180 })],
  ['hours of the API', rollups({ level: 2, first: 40_000, count: 100, back: DAYS * 24 })],
  ['hours of business events', business(2, DAYS * 24)],
  ['days of business events', business(3, DAYS)],
  ['hours of costs', costs(2, DAYS * 24, '(i + n) % 24 = 0')],
  ['days of costs', costs(3, DAYS)],
  ['spans', SPAN_ROWS],
  ['rollups of spans', SPAN_ROLLUPS],
  ['errors', ERROR_HASHES],
  ['states of errors', ERROR_GROUPS],
  ['rollups of errors', ERROR_ROLLUPS],
  ['throws', ERROR_OCCURRENCES],
]

function business(level: 2 | 3, back: number): string {
  return rollups({ level, first: 50_003, count: 3 * BUSINESS_EVENTS, back, amount: '0.5' })
}

function costs(level: 2 | 3, back: number, which = 'true'): string {
  return rollups({ level, first: 100_001, count: USERS, back, which, amount: '0.02 * (n % 50)' })
}

/** Which webhooks, and when: other ones each round. */
const TOUCHES = `
from generate_series(1, ${TOUCHED}) as w,
  lateral (select 1 + (w * 7 + $1::integer * 1013) % ${WEBHOOKS} as n) as webhook,
  lateral (select date_trunc('minute', now()) - interval '1 minute' as minute) as time`

const TOUCH_EVENTS = `
insert into sidelight.event (time, catalogue_id, service_id, time_ns, outcome, duration_ns)
select minute + k * interval '1 second', n, 1 + n % ${SERVICES}, 0, case when k = 2 then 'failed' else 'succeeded' end, 20000000
${TOUCHES}, generate_series(1, 3) as k`

const TOUCH_DELTAS = `
insert into sidelight.event_rollup (bucket, level, catalogue_id, service_id, event_count, failed_count, amount, duration_sum_ns,
  duration_min_ns, duration_max_ns, zero_count, bucket_indexes, bucket_counts, last_success_ns, last_failure_ns)
select minute, 0, n, 1 + n % ${SERVICES}, 3, 1, 0, 60e6, 20000000, 20000000, 0, '{388}', '{3}',
  (extract(epoch from minute)::bigint + 3) * 1000000000, (extract(epoch from minute)::bigint + 2) * 1000000000
${TOUCHES}`

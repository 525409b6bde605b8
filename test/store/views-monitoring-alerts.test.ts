import t from 'tap'
import { MAJORS } from '../helpers/postgres'
import { uuidOf } from '../helpers/rows'
import { ensurePartitions } from './database'
import { conditions } from './view-rows'
import { DAY_NS, MINUTE_NS, nowNs, openEvents, refresh, type SeedEvent, store } from './seed-events'

const WEEK_NS = 7n * DAY_NS

function repeat<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n))
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}, webhooks that fail, from 5 times in a row on`, async (t) => {
    const pool = await openEvents(t, major)
    const webhook = (subject: string, more: Partial<SeedEvent>, ageNs = 0n): SeedEvent => ({
      kind: 'webhook',
      subject,
      tenant: 'acme',
      atNs: nowNs() - ageNs,
      outcome: 'failed',
      ...more,
    })
    const registered = (subject: string, isEnabled: boolean) =>
      webhook(subject, {
        outcome: 'registered',
        attributes: { 'webhook.url': `https://${subject}`, 'webhook.enabled': isEnabled },
      })
    await store(pool, [
      ...[4, 5, 9, 10].flatMap((count) => repeat(count, () => webhook(`w${count}`, {}))),
      ...repeat(10, () => webhook('off', {})),
      registered('off', false),
      registered('w10', true),
    ])
    await refresh(pool)
    const found = await conditions(pool)
    t.same(Object.keys(found[0] ?? {}), [
      'type',
      'severity',
      'resource_id',
      'resource_name',
      'message',
      'tenant',
    ])
    const about = { type: 'webhook_failure', tenant: 'acme' }
    t.same(found, [
      {
        ...about,
        severity: 'critical',
        resource_id: 'w10',
        resource_name: 'https://w10',
        message: '10 deliveries failed in a row, critical from 10',
      },
      ...['5', '9'].map((count) => ({
        ...about,
        severity: 'warning',
        resource_id: `w${count}`,
        resource_name: `w${count}`,
        message: `${count} deliveries failed in a row, a warning from 5`,
      })),
    ])
  })
}

t.test('webhooks and rules that were not used for 7 days, while they are enabled', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const events = (kind: 'webhook' | 'rule'): SeedEvent[] => {
    const registered = (subject: string, ageNs: bigint, isEnabled = true): SeedEvent => ({
      kind,
      subject,
      atNs: now - ageNs,
      outcome: 'registered',
      attributes: { [`${kind}.enabled`]: isEnabled, 'rule.name': `rule ${subject}` },
    })
    const used = (subject: string, ageNs: bigint): SeedEvent => ({
      kind,
      subject,
      atNs: now - ageNs,
      outcome: 'succeeded',
    })
    return [
      registered('never', WEEK_NS + MINUTE_NS),
      registered('new', WEEK_NS - MINUTE_NS),
      registered('off', WEEK_NS + MINUTE_NS, false),
      used('idle', WEEK_NS + MINUTE_NS),
      used('used', WEEK_NS - MINUTE_NS),
    ]
  }
  await store(pool, [...events('webhook'), ...events('rule')])
  await refresh(pool)
  const found = await conditions(pool)
  t.match(found, [
    {
      type: 'rule_not_triggering',
      severity: 'warning',
      resource_id: 'idle',
      resource_name: 'idle',
    },
    {
      resource_id: 'never',
      resource_name: 'rule never',
      message: 'not triggered for 7 days, never since it was registered',
    },
    { type: 'webhook_inactive', severity: 'warning', resource_id: 'idle' },
    { resource_id: 'never' },
  ])
  t.equal(found.length, 4)
  t.match(found[2]?.message, /^no delivery for 7 days, last \d{4}-\d\d-\d\d \d\d:\d\d UTC$/)
})

t.test('an API most of whose requests of the last hour failed, by tenant', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const requests = (tenant: string, failed: number, others: number, ageNs = MINUTE_NS) =>
    repeat(failed + others, (n): SeedEvent => ({
      kind: 'api',
      subject: 'orders',
      detail: n < failed ? '500' : '200',
      tenant,
      atNs: now - ageNs,
      outcome: n < failed ? 'failed' : 'succeeded',
    }))
  await store(pool, [
    ...requests('most', 3, 4),
    ...requests('half', 5, 5),
    ...requests('few', 9, 0),
    ...requests('earlier', 10, 0, 62n * MINUTE_NS),
    ...requests('of a clock ahead', 10, 0, -60n * MINUTE_NS),
  ])
  t.same(await conditions(pool), [], 'before they are folded')
  await refresh(pool)
  await store(pool, requests('most', 3, 0))
  t.same(await conditions(pool), [
    {
      type: 'api_error_rate',
      severity: 'critical',
      resource_id: 'api',
      resource_name: 'API',
      message: '6 of 10 requests failed within an hour (60 %), critical above 50 %',
      tenant: 'most',
    },
  ])
  await refresh(pool)
  t.equal((await conditions(pool)).length, 1, 'and once they are all folded')
})

t.test('database queries of more than 5 s in the last hour', async (t) => {
  const pool = await openEvents(t)
  const today = Math.floor(Date.now() / 86_400_000)
  await ensurePartitions(pool, 'span', [today - 1, today])
  await ensurePartitions(pool, 'span_rollup', [today - 1, today])
  const query = { 'db.system.name': 'postgresql' }
  const spans = [
    { name: 'select orders', seconds: 5.2, attributes: query },
    { name: 'by operation', seconds: 9, attributes: { 'db.operation.name': 'SELECT' } },
    { name: 'former name', seconds: 6, attributes: { 'db.system': 'mysql' }, level: 1 },
    { name: 'fast', seconds: 5, attributes: query },
    { name: 'no database', seconds: 6, attributes: { 'server.address': 'a' } },
    { name: 'internal', seconds: 6, attributes: query, kind: 1 },
    { name: 'earlier', seconds: 6, attributes: query, minutesAgo: 62 },
  ]
  for (const [n, span] of spans.entries()) {
    const { name, seconds, attributes, kind = 3, minutesAgo = 2, level = 0 } = span
    const trace = uuidOf(name)
    const values = [trace, n + 10, kind, seconds * 1e9, minutesAgo, JSON.stringify(attributes)]
    await pool.query(`insert into sidelight.operation values ($1, 1, '', $2, $3)`, [
      n + 10,
      kind,
      name,
    ])
    await pool.query(
      `insert into sidelight.span (trace_id, span_id, start_time, end_time, duration_ns, service_id, operation_id,
         resource_id, scope_id, flags, kind, status, attributes)
       select $1, 1, ended - $4::float8 / 1e9 * interval '1 second', ended, $4::bigint, 1, $2::bigint, 1, 1, 0, $3::int, 0, $6::jsonb
       from (select now() - $5::int * interval '1 minute' as ended) as s`,
      values,
    )
    await pool.query(
      `insert into sidelight.span_rollup (bucket, level, is_request, service_id, operation_id, span_count, root_count,
         error_count, adjusted_count, adjusted_error_count, duration_sum_ns, duration_min_ns, duration_max_ns, zero_count,
         bucket_indexes, bucket_counts, slowest_trace_id)
       values (date_trunc('minute', now() - $4::int * interval '1 minute'), $5, false, 1, $2, 1, 0, 0, 1, 0, $3::float8,
         $3::bigint, $3::bigint, 0, '{}', '{}', $1)`,
      [trace, n + 10, seconds * 1e9, minutesAgo, level],
    )
  }
  const found = await conditions(pool)
  t.same(
    found.map((row) => [row.type, row.severity, row.resource_id, row.resource_name]),
    ['by operation', 'former name', 'select orders'].map((name) => [
      'slow_query',
      'critical',
      name,
      'shop',
    ]),
  )
  const trace = uuidOf('select orders').replaceAll('-', '')
  t.equal(found[2]?.message, `a query took 5.2 s, critical above 5 s (trace ${trace})`)
})

t.test('rate limits of which more than 90 % are used', async (t) => {
  const pool = await openEvents(t)
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
  const observed = (subject: string, used: number, resetAt = inAnHour): SeedEvent => ({
    kind: 'rate_limit',
    subject,
    detail: 'org',
    atNs: nowNs(),
    outcome: 'observed',
    attributes: {
      'rate_limit.request_count': used,
      'rate_limit.limit': 1_000,
      'rate_limit.reset_at': resetAt,
    },
  })
  await store(pool, [
    observed('at the limit', 900),
    observed('above', 901),
    observed('reset', 950, new Date(Date.now() - 1_000).toISOString()),
  ])
  await refresh(pool)
  t.same(await conditions(pool), [
    {
      type: 'rate_limit',
      severity: 'warning',
      resource_id: 'org:above',
      resource_name: 'above',
      message: '90.1 % of 1000 requests are used, a warning above 90 %',
      tenant: '',
    },
  ])
})

t.test('numbers that count nothing fail no view, whoever sends them', async (t) => {
  const pool = await openEvents(t)
  const numbers = [
    1e308,
    -1e308,
    5e-324,
    0,
    -1,
    2 ** 63,
    '95',
    true,
    null,
    [95],
    { $double: 'NaN' },
  ]
  const observed = (subject: string, used: unknown, limit: unknown): SeedEvent => ({
    kind: 'rate_limit',
    subject,
    detail: 'ip',
    atNs: nowNs(),
    outcome: 'observed',
    attributes: { 'rate_limit.request_count': used, 'rate_limit.limit': limit },
  })
  const pairs = numbers.flatMap((used) => numbers.map((limit) => [used, limit] as const))
  await store(pool, [
    ...pairs.map(([used, limit], n) => observed(`odd ${n}`, used, limit)),
    observed('full', 95, 100),
    ...numbers.map((count, n): SeedEvent => ({
      kind: 'rule',
      subject: `r${n}`,
      atNs: nowNs(),
      outcome: 'registered',
      attributes: { 'rule.segment_member_count': count, 'rule.name': count, 'rule.type': count },
    })),
  ])
  await refresh(pool)
  const { rows: limits } = await pool.query<{ identifier: string }>(
    'select identifier, status, seconds_until_reset from sidelight.v_rate_limit_utilization where utilization_pct > 90',
  )
  t.same(limits, [{ identifier: 'full', status: 'warning', seconds_until_reset: null }])
  t.match(await conditions(pool), [{ type: 'rate_limit', resource_id: 'ip:full' }])
  const { rows: rules } = await pool.query(
    'select segment_member_count from sidelight.mv_rule_performance',
  )
  t.equal(rules.length, numbers.length)
})

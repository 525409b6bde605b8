import type { Pool } from 'pg'
import t from 'tap'
import { MAJORS } from '../helpers/postgres'
import { openPool } from './database'
import {
  DAY_NS,
  HOUR_NS,
  isoOf,
  MINUTE_NS,
  nowNs,
  openEvents,
  refresh,
  type SeedEvent,
  store,
} from './seed-events'

const TRACE = '5b8efff7-9803-8103-d269-b633813fc60c'

/** The rows of a view, its columns in their order; bigints as numbers. */
async function rowsOf(pool: Pool, view: string, order = '1'): Promise<Record<string, unknown>[]> {
  const { rows } = await pool.query<{ row: Record<string, unknown> }>(
    `select row_to_json(v) as row from (select * from sidelight.${view} order by ${order}) as v`,
  )
  return rows.map(({ row }) => row)
}

/** The same moment, as JSON of Postgres has it. */
function at(value: unknown): string {
  return isoOf(BigInt(Date.parse(String(value))) * 1_000_000n)
}

for (const major of MAJORS) {
  t.test(`on Postgres ${major}, webhooks by what their deliveries add up to`, async (t) => {
    const pool = await openEvents(t, major)
    const now = nowNs()
    const webhook = { kind: 'webhook', subject: 'w1', tenant: 'acme' } as const
    const ages = [10n * DAY_NS, 2n * DAY_NS, HOUR_NS, MINUTE_NS]
    await store(pool, [
      {
        ...webhook,
        subject: 'w0',
        atNs: now,
        outcome: 'registered',
        attributes: { 'webhook.enabled': false },
      },
      {
        ...webhook,
        atNs: now - 20n * DAY_NS,
        outcome: 'registered',
        attributes: { 'webhook.url': 'https://w', 'webhook.enabled': true },
      },
      ...ages.map((age, n): SeedEvent => ({
        ...webhook,
        atNs: now - age,
        outcome: n === 1 ? 'succeeded' : 'failed',
        durationNs: 10_000_000,
        service: 1 + (n % 2),
      })),
    ])
    await refresh(pool)
    const [silent, busy] = await rowsOf(pool, 'mv_webhook_performance')
    t.same(Object.entries(silent ?? {}), [
      ['webhook_id', 'w0'],
      ['url', null],
      ['enabled', false],
      ['total_deliveries', 0],
      ['successful_deliveries', 0],
      ['failed_deliveries', 0],
      ['success_rate_pct', null],
      ['avg_duration_ms', null],
      ['p95_duration_ms', null],
      ['max_duration_ms', null],
      ['deliveries_24h', 0],
      ['deliveries_7d', 0],
      ['failures_24h', 0],
      ['consecutive_failures', 0],
      ['last_success_at', null],
      ['last_failure_at', null],
      ['tenant', 'acme'],
    ])
    const { last_success_at: success, last_failure_at: failure, ...counts } = busy ?? {}
    t.equal(at(success), isoOf(now - 2n * DAY_NS))
    t.equal(at(failure), isoOf(now - MINUTE_NS))
    t.same(counts, {
      webhook_id: 'w1',
      url: 'https://w',
      enabled: true,
      total_deliveries: 4,
      successful_deliveries: 1,
      failed_deliveries: 3,
      success_rate_pct: 25,
      avg_duration_ms: 10,
      p95_duration_ms: 10,
      max_duration_ms: 10,
      deliveries_24h: 2,
      deliveries_7d: 3,
      failures_24h: 2,
      consecutive_failures: 2,
      tenant: 'acme',
    })
    const [, health] = await rowsOf(pool, 'v_webhook_health')
    const { days_since_last_success: days, ...rest } = health ?? {}
    t.ok(Math.abs(Number(days) - 2) < 0.01)
    t.same(Object.keys(health ?? {})[4], 'days_since_last_success')
    t.same(rest, {
      webhook_id: 'w1',
      url: 'https://w',
      health_status: 'healthy',
      consecutive_failures: 2,
      failure_rate_24h: 100,
      tenant: 'acme',
    })
  })
}

t.test('the health of webhooks', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const webhook = (subject: string, ageNs: bigint, more: Partial<SeedEvent>): SeedEvent => ({
    kind: 'webhook',
    subject,
    atNs: now - ageNs,
    outcome: 'failed',
    ...more,
  })
  const failing = (subject: string, count: number) =>
    Array.from({ length: count }, (_, n) => webhook(subject, BigInt(n) * MINUTE_NS, {}))
  const registered = (subject: string, ageNs: bigint, isEnabled = true) =>
    webhook(subject, ageNs, { outcome: 'registered', attributes: { 'webhook.enabled': isEnabled } })
  const week = 7n * DAY_NS
  await store(pool, [
    ...failing('four', 4),
    ...failing('five', 5),
    ...failing('nine', 9),
    ...failing('ten', 10),
    ...failing('disabled', 10),
    registered('disabled', 0n, false),
    registered('never', week + MINUTE_NS),
    registered('new', week - MINUTE_NS),
    webhook('idle', week + MINUTE_NS, { outcome: 'succeeded' }),
    webhook('used', week - MINUTE_NS, { outcome: 'succeeded' }),
    webhook('enabled again', 2n * week, { outcome: 'succeeded' }),
    registered('enabled again', 2n * week),
    registered('enabled again', DAY_NS, false),
  ])
  await refresh(pool)
  await store(pool, [registered('enabled again', HOUR_NS)])
  await refresh(pool)
  const rows = await rowsOf(pool, 'v_webhook_health')
  t.same(Object.fromEntries(rows.map((row) => [row['webhook_id'], row['health_status']])), {
    disabled: 'disabled',
    'enabled again': 'healthy',
    five: 'warning',
    four: 'healthy',
    idle: 'inactive',
    never: 'inactive',
    new: 'healthy',
    nine: 'warning',
    ten: 'critical',
    used: 'healthy',
  })
})

t.test('rules by what their executions add up to', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const rule = { kind: 'rule', subject: 'r1' } as const
  await store(pool, [
    {
      ...rule,
      atNs: now,
      outcome: 'registered',
      attributes: {
        'rule.name': 'Welcome',
        'rule.type': 'mail',
        'rule.enabled': true,
        'rule.segment_member_count': 40,
      },
    },
    { ...rule, atNs: now - 8n * DAY_NS, outcome: 'succeeded', amount: 5 },
    { ...rule, atNs: now - 2n * DAY_NS, outcome: 'failed', amount: 1 },
    { ...rule, atNs: now - HOUR_NS, outcome: 'succeeded', amount: 7 },
  ])
  await refresh(pool)
  const [row] = await rowsOf(pool, 'mv_rule_performance')
  t.same(Object.entries({ ...row, last_triggered_at: at(row?.['last_triggered_at']) }), [
    ['rule_id', 'r1'],
    ['rule_name', 'Welcome'],
    ['rule_type', 'mail'],
    ['enabled', true],
    ['trigger_count', 3],
    ['success_count', 2],
    ['failure_count', 1],
    ['executions_24h', 1],
    ['executions_7d', 2],
    ['affected_total', 13],
    ['segment_member_count', 40],
    ['last_triggered_at', isoOf(now - HOUR_NS)],
    ['tenant', ''],
  ])
})

t.test('the use of the API by the hour, whether folded or not', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const hour = now - (now % HOUR_NS) - 2n * HOUR_NS
  const request = (subject: string, detail: string, ms: number, tenant = ''): SeedEvent => ({
    kind: 'api',
    subject,
    detail,
    tenant,
    atNs: hour + MINUTE_NS,
    outcome: Number(detail) >= 400 ? 'failed' : 'succeeded',
    durationNs: ms * 1e6,
  })
  const expected = [
    ['hour', isoOf(hour)],
    ['total_requests', 5],
    ['failed_requests', 3],
    ['avg_duration_ms', 4],
    // To within 2.17 % of 8.
    ['p95_duration_ms', 7.858985044318082],
    ['max_duration_ms', 8],
    ['requests_by_resource', { '': 1, orders: 4 }],
    ['errors_by_status_code', { 404: 1, 500: 2 }],
    ['tenant', ''],
  ]
  const check = async (title: string) => {
    const [row, acme] = await rowsOf(pool, 'v_api_usage_metrics', 'tenant')
    t.same(Object.entries({ ...row, hour: at(row?.['hour']) }), expected, title)
    t.match(acme, { tenant: 'acme', total_requests: 1, errors_by_status_code: {} })
  }
  await store(pool, [
    request('orders', '200', 2),
    request('orders', '500', 8),
    request('orders', '200', 1, 'acme'),
  ])
  await refresh(pool)
  await store(pool, [
    request('orders', '500', 4),
    request('orders', '404', 4),
    request('', '200', 2),
  ])
  await check('partly folded')
  await refresh(pool)
  await check('folded')
})

t.test('rate limits as they were observed last, until they are reset', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const observed = (subject: string, used: unknown, resetAt: unknown, ageNs = 0n): SeedEvent => ({
    kind: 'rate_limit',
    subject,
    detail: 'org',
    atNs: now - ageNs,
    outcome: 'observed',
    attributes: {
      'rate_limit.request_count': used,
      'rate_limit.limit': 200,
      'rate_limit.reset_at': resetAt,
    },
  })
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
  await store(pool, [
    observed('a', 180, inAnHour),
    observed('b', 181, inAnHour),
    observed('c', 200, inAnHour),
    observed('d', 250, new Date(Date.now() - 1_000).toISOString()),
    observed('e', 190, '2026-02-31T00:00:00Z'),
    observed('f', 'many', null),
  ])
  await store(pool, [observed('a', 199, inAnHour, MINUTE_NS)])
  await refresh(pool)
  const rows = await rowsOf(pool, 'v_rate_limit_utilization', 'identifier')
  t.same(Object.keys(rows[0] ?? {}), [
    'key_type',
    'identifier',
    'request_count',
    'limit_max',
    'utilization_pct',
    'status',
    'seconds_until_reset',
    'tenant',
  ])
  const left = rows.map((row) => row['seconds_until_reset'])
  t.ok([0, 1, 2].every((n) => Number(left[n]) > 3_500 && Number(left[n]) <= 3_600))
  t.same(left.slice(3), [0, null, null])
  t.same(
    rows.map((row) => [
      row['key_type'],
      row['identifier'],
      row['request_count'],
      row['limit_max'],
      row['utilization_pct'],
      row['status'],
    ]),
    [
      ['org', 'a', 180, 200, 90, 'normal'],
      ['org', 'b', 181, 200, 90.5, 'warning'],
      ['org', 'c', 200, 200, 100, 'throttled'],
      ['org', 'd', 0, 200, 0, 'normal'],
      ['org', 'e', 190, 200, 95, 'warning'],
      ['org', 'f', null, 200, null, 'normal'],
    ],
  )
})

t.test('business events one by one, and costs by day, user and endpoint', async (t) => {
  const pool = await openEvents(t)
  const now = nowNs()
  const day = now - (now % DAY_NS) - DAY_NS
  const about = {
    'business.event': 'order.paid',
    'sidelight.outcome': 'succeeded',
    'sidelight.duration_ms': 12,
    'sidelight.cost_usd': 0.5,
    'sidelight.count': 3,
    'user.id': 'ann',
    'correlation.id': 'c1',
    'request.id': 'r1',
    'tenant.id': 'acme',
  }
  const cost = { kind: 'cost', subject: 'ann', detail: '/pay', outcome: 'succeeded' } as const
  await store(pool, [
    {
      kind: 'business',
      subject: 'order.paid',
      detail: 'succeeded',
      tenant: 'acme',
      atNs: now,
      outcome: 'succeeded',
      durationNs: 12_000_000,
      amount: 0.5,
      traceId: TRACE,
      attributes: { ...about, 'order.id': 'o1' },
    },
    { ...cost, atNs: day, amount: 0.25 },
    { ...cost, atNs: day + 23n * HOUR_NS, amount: 0.5 },
  ])
  await refresh(pool)
  await store(pool, [{ ...cost, atNs: day + HOUR_NS, amount: 1 }])
  const [event] = await rowsOf(pool, 'business_events')
  t.same(Object.entries({ ...event, time: at(event?.['time']) }), [
    ['time', isoOf(now)],
    ['name', 'order.paid'],
    ['status', 'completed'],
    ['service', 'shop'],
    ['tenant', 'acme'],
    ['user_id', 'ann'],
    ['correlation_id', 'c1'],
    ['request_id', 'r1'],
    ['trace_id', TRACE],
    ['duration_ms', 12],
    ['cost_usd', 0.5],
    ['count', 3],
    ['fields', { 'order.id': 'o1' }],
  ])
  const [spent, ...none] = await rowsOf(pool, 'cost_daily')
  t.same(none, [])
  t.same(Object.entries({ ...spent, day: at(spent?.['day']) }), [
    ['day', isoOf(day)],
    ['user_id', 'ann'],
    ['endpoint', '/pay'],
    ['cost_usd', 1.75],
    ['event_count', 3],
    ['service', 'shop'],
    ['tenant', ''],
  ])
})

t.test('a reader reads all of these views', async (t) => {
  const pool = await openEvents(t)
  const limit = { kind: 'rate_limit', subject: 'a', detail: 'ip', atNs: nowNs() } as const
  await store(pool, [
    {
      ...limit,
      outcome: 'observed',
      attributes: { 'rate_limit.reset_at': '2026-01-01T00:00:00Z' },
    },
  ])
  await refresh(pool)
  const reader = openPool(t, pool.options.connectionString ?? '', 1)
  await reader.query('set role sidelight_reader')
  for (const view of [
    'mv_webhook_performance',
    'mv_rule_performance',
    'v_api_usage_metrics',
    'v_webhook_health',
    'v_alert_conditions',
    'business_events',
    'cost_daily',
  ]) {
    t.same(await rowsOf(reader, view), [], view)
  }
  t.equal((await rowsOf(reader, 'v_rate_limit_utilization')).length, 1)
})

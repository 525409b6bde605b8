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
import { at, rowsOf } from './view-rows'

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
    webhook('ahead', -HOUR_NS, { outcome: 'succeeded' }),
  ])
  await refresh(pool)
  await store(pool, [registered('enabled again', HOUR_NS)])
  await refresh(pool)
  const rows = await rowsOf(pool, 'v_webhook_health')
  t.same(Object.fromEntries(rows.map((row) => [row['webhook_id'], row['health_status']])), {
    ahead: 'healthy',
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
  const daysOf = (id: string) =>
    rows.find((row) => row['webhook_id'] === id)?.['days_since_last_success']
  t.equal(daysOf('ahead'), 0, 'by a clock ahead of ours')
  t.equal(daysOf('ten'), null, 'never')
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

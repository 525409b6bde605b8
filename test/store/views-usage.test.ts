import t from 'tap'
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

const TRACE = '5b8efff7-9803-8103-d269-b633813fc60c'

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
    observed('g', 190, '2096-02-29T23:59:59.999+14:00'),
    observed('h', 190, '2097-02-29T00:00:00Z'),
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
  t.same(left.slice(3, 6), [0, null, null])
  const reset = (Number(left[6]) * 1_000 + Date.now()) / 3_600_000
  t.ok(Math.abs(reset - Date.parse('2096-02-29T10:00:00Z') / 3_600_000) < 1, 'a leap day is one')
  t.equal(left[7], null)
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
      ['org', 'g', 190, 200, 95, 'warning'],
      ['org', 'h', 190, 200, 95, 'warning'],
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
    { ...cost, atNs: day, amount: 0.1 },
    { ...cost, atNs: day + 23n * HOUR_NS, amount: 0.2 },
  ])
  await refresh(pool)
  await store(pool, [{ ...cost, atNs: day + HOUR_NS, amount: 0.4 }])
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
    ['cost_usd', 0.7],
    ['event_count', 3],
    ['service', 'shop'],
    ['tenant', ''],
  ])
})

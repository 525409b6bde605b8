import t from 'tap'
import type { MonitoringMetrics } from '../../collector/api/schemas/monitoring'
import {
  DAY_NS,
  HOUR_NS,
  MINUTE_NS,
  nowNs,
  refresh,
  type SeedEvent,
  store,
} from '../store/seed-events'
import { ask } from './answer'
import { buildEvents } from './events'
import { ACME_ADMIN, bearer, buildApi, INGEST, NOW_MS, READ } from './server'

const METRICS = '/api/v1/monitoring/metrics'
const OLD = '/v1/monitoring/metrics'
const ALERTS = '/api/admin/observability/alerts'
const now = nowNs()

type Outcome = SeedEvent['outcome']

function deliveries(subject: string, outcomes: readonly Outcome[], tenant = ''): SeedEvent[] {
  return outcomes.map((outcome, at) => ({
    kind: 'webhook',
    subject,
    tenant,
    outcome,
    atNs: now - BigInt(outcomes.length - at) * MINUTE_NS,
    durationNs: 100e6,
  }))
}

function registered(
  kind: 'webhook' | 'rule',
  subject: string,
  attributes: Record<string, unknown>,
): SeedEvent {
  return { kind, subject, outcome: 'registered', atNs: now - 10n * DAY_NS, attributes }
}

const failed = (count: number) => Array.from({ length: count }, (): Outcome => 'failed')

const EVENTS: SeedEvent[] = [
  registered('webhook', 'broken', { 'webhook.url': 'https://a.example/hook' }),
  ...deliveries('broken', ['succeeded', ...failed(12)]),
  ...deliveries('shaky', ['succeeded', ...failed(6)]),
  ...deliveries('fine', ['succeeded', 'succeeded', 'succeeded']),
  registered('webhook', 'off', { 'webhook.url': 'https://off.example', 'webhook.enabled': false }),
  ...deliveries('off', failed(20)),
  ...deliveries('foreign', failed(10), 'acme'),
  registered('rule', 'silent', {
    'rule.name': 'Silent',
    'rule.type': 'segment',
    'rule.enabled': true,
    'rule.segment_member_count': 7,
  }),
  {
    kind: 'rule',
    subject: 'busy',
    outcome: 'succeeded',
    atNs: now - 2n * HOUR_NS,
    durationNs: 5e6,
    amount: 3,
  },
  {
    kind: 'rate_limit',
    subject: 'key-1',
    detail: 'api_key',
    outcome: 'observed',
    atNs: now - MINUTE_NS,
    attributes: {
      'rate_limit.request_count': 95,
      'rate_limit.limit': 100,
      'rate_limit.reset_at': new Date(Date.now() + 600_000).toISOString(),
    },
  },
]

t.test('of what applications told', async (t) => {
  const { app, pool } = await buildEvents(t)
  await store(pool, EVENTS)
  await refresh(pool)

  t.test('all parts are answered with the keys they have always had', async (t) => {
    const answer = await ask<MonitoringMetrics>(app, METRICS, METRICS)
    const keys = ['org_id', 'timestamp', 'webhooks', 'rules', 'rate_limits', 'alerts']
    t.strictSame(Object.keys(answer), keys)
    t.equal(answer.org_id, '')
    t.strictSame(answer.webhooks?.summary, {
      total_webhooks: 5,
      enabled_webhooks: 4,
      total_deliveries: 53,
      successful_deliveries: 5,
      failed_deliveries: 48,
      avg_success_rate: (100 / 13 + 100 / 7 + 100 + 0 + 0) / 5,
      webhooks_with_failures: 4,
      critical_webhooks: 2,
    })
    t.strictSame(answer.rules?.summary, {
      total_rules: 2,
      enabled_rules: 2,
      total_triggers: 1,
      triggers_24h: 1,
      triggers_7d: 1,
      rules_by_type: { segment: 1, unknown: 1 },
    })
  })

  t.test('webhooks are listed worst first, disabled ones last', async (t) => {
    const { webhooks } = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?type=webhook`)
    const ids = webhooks?.webhooks.map(({ webhook_id }) => webhook_id)
    t.strictSame(ids, ['broken', 'foreign', 'shaky', 'fine', 'off'])
    const [first] = webhooks?.webhooks ?? []
    t.match(first, {
      webhook_id: 'broken',
      url: 'https://a.example/hook',
      enabled: true,
      total_deliveries: 13,
      successful_deliveries: 1,
      failed_deliveries: 12,
      avg_duration_ms: 100,
      max_duration_ms: 100,
      deliveries_24h: 13,
      deliveries_7d: 13,
      failures_24h: 12,
      consecutive_failures: 12,
      tenant: '',
    })
    t.ok(Math.abs((first?.p95_duration_ms ?? 0) / 100 - 1) < 0.022)
    t.equal(Date.parse(first?.last_failure_at ?? ''), Number((now - MINUTE_NS) / 1_000_000n))
    t.match(first?.last_success_at, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'in UTC')
    t.match(webhooks?.webhooks.at(-1), { enabled: false, last_success_at: null })
  })

  t.test('rules that do nothing come first', async (t) => {
    const { rules } = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?type=rule`)
    t.match(rules?.rules, [
      {
        rule_id: 'silent',
        rule_name: 'Silent',
        rule_type: 'segment',
        trigger_count: 0,
        segment_member_count: 7,
        last_triggered_at: null,
      },
      { rule_id: 'busy', rule_name: null, success_count: 1, failure_count: 0, affected_total: 3 },
    ])
  })

  t.test('rate limits say how far they are used up, and until when', async (t) => {
    const { rate_limits: limits = [] } = await ask<MonitoringMetrics>(
      app,
      METRICS,
      `${METRICS}?type=rate_limit`,
    )
    t.match(limits, [
      { key_type: 'api_key', identifier: 'key-1', utilization_pct: 95, status: 'warning' },
    ])
    const seconds = limits[0]?.seconds_until_reset ?? 0
    t.ok(seconds > 500 && seconds <= 600, String(seconds))
  })

  t.test('alerts are conditions of resources, critical ones first', async (t) => {
    const { alerts } = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?type=alerts`)
    t.match(alerts, { total: 5, critical: 2, warning: 3 })
    t.strictSame(
      alerts?.alerts.map(({ type, severity, resource_id: id }) => [type, severity, id]),
      [
        ['webhook_failure', 'critical', 'broken'],
        ['webhook_failure', 'critical', 'foreign'],
        ['rate_limit', 'warning', 'api_key:key-1'],
        ['rule_not_triggering', 'warning', 'silent'],
        ['webhook_failure', 'warning', 'shaky'],
      ],
    )
    t.strictSame(Object.keys(alerts?.alerts[0] ?? {}).sort(), [
      'message',
      'resource_id',
      'resource_name',
      'severity',
      'type',
    ])
    t.match(alerts?.alerts[0], { resource_name: 'https://a.example/hook', message: /12 deliver/ })
  })

  t.test('they stand among the alerts of services, of all at present alone', async (t) => {
    const listed = await ask<Record<string, unknown>[]>(app, ALERTS, ALERTS)
    t.match(listed[0], {
      type: 'webhook_failure',
      criterion: 'webhook_failure',
      severity: 'critical',
      resourceId: 'broken',
      resourceName: 'https://a.example/hook',
      tenant: '',
      service: '',
      value: null,
      limit: null,
      errorId: null,
      since: null,
    })
    t.equal(listed.length, 5)
    for (const query of ['service=shop', 'module=http', 'until=-5m&since=-10m']) {
      t.strictSame(await ask(app, ALERTS, `${ALERTS}?${query}`), [], query)
    }
    t.equal((await ask<unknown[]>(app, ALERTS, `${ALERTS}?tenant=acme`)).length, 1)
  })

  t.test('parts that were not asked for are left out', async (t) => {
    for (const [type, key] of [
      ['webhook', 'webhooks'],
      ['rule', 'rules'],
      ['rate_limit', 'rate_limits'],
      ['alerts', 'alerts'],
    ] as const) {
      const answer = await ask<object>(app, METRICS, `${METRICS}?type=${type}`)
      t.strictSame(Object.keys(answer), ['org_id', 'timestamp', key], type)
    }
  })

  t.test('the limit shortens lists, not summaries', async (t) => {
    const { webhooks, rules } = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?limit=1`)
    t.strictSame([webhooks?.webhooks.length, rules?.rules.length], [1, 1])
    t.strictSame([webhooks?.summary.total_webhooks, rules?.summary.total_rules], [5, 2])
  })

  t.test('an organisation is a tenant, and that of a token wins', async (t) => {
    const idsOf = (answer: MonitoringMetrics) =>
      [answer.org_id].concat(answer.webhooks?.webhooks.map((each) => each.webhook_id) ?? [])
    for (const query of ['org_id=acme', 'tenant=acme']) {
      const answer = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?${query}`)
      t.strictSame(idsOf(answer), ['acme', 'foreign'], query)
      t.match(answer, { alerts: { total: 1 }, rules: { summary: { total_rules: 0 } } })
    }
    const none = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?org_id=`)
    t.strictSame(idsOf(none), ['', 'broken', 'shaky', 'fine', 'off'])
    const bound = await app.inject({ url: `${METRICS}?org_id=other`, headers: bearer(ACME_ADMIN) })
    t.strictSame(idsOf(bound.json<MonitoringMetrics>()), ['acme', 'foreign'])
  })

  t.test('the path without /api answers the same', async (t) => {
    const old = await ask<MonitoringMetrics>(app, OLD, `${OLD}?type=rule`)
    const answer = await ask<MonitoringMetrics>(app, METRICS, `${METRICS}?type=rule`)
    t.strictSame({ ...old, timestamp: '' }, { ...answer, timestamp: '' })
  })
})

t.test('where nothing was told everything is nought or empty', async (t) => {
  const { app } = await buildEvents(t, { now: () => NOW_MS })
  t.strictSame(await ask(app, METRICS, METRICS), {
    org_id: '',
    timestamp: new Date(NOW_MS).toISOString(),
    webhooks: {
      summary: {
        total_webhooks: 0,
        enabled_webhooks: 0,
        total_deliveries: 0,
        successful_deliveries: 0,
        failed_deliveries: 0,
        avg_success_rate: null,
        webhooks_with_failures: 0,
        critical_webhooks: 0,
      },
      webhooks: [],
    },
    rules: {
      summary: {
        total_rules: 0,
        enabled_rules: 0,
        total_triggers: 0,
        triggers_24h: 0,
        triggers_7d: 0,
        rules_by_type: {},
      },
      rules: [],
    },
    rate_limits: [],
    alerts: { total: 0, critical: 0, warning: 0, alerts: [] },
  })
})

t.test('a read token will do, and other questions are refused', async (t) => {
  const { app } = buildApi(t)
  const statusOf = async (url: string, token: string | null) =>
    (await app.inject({ url, headers: token === null ? {} : bearer(token) })).statusCode
  for (const path of [METRICS, OLD]) {
    t.equal(await statusOf(path, READ), 200)
    t.equal(await statusOf(path, INGEST), 403)
    t.equal(await statusOf(path, null), 401)
  }
  for (const query of ['type=webhooks', 'limit=0', 'limit=10001', 'org=a', 'org_id=a&tenant=b']) {
    const response = await app.inject({ url: `${METRICS}?${query}`, headers: bearer(READ) })
    t.equal(response.statusCode, 400, query)
    t.equal(response.headers['content-type'], 'application/problem+json; charset=utf-8')
  }
})

import { join } from 'node:path'
import t from 'tap'
import { install, launch } from './application'
import { ASSEMBLIES, eventsOf, tellOf, type Test } from './told'

t.setTimeout(240_000)

for (const [assembly, env] of Object.entries(ASSEMBLIES)) {
  const tell = (t: Test, scenario: string) => tellOf(t, scenario, env)

  t.test(`${assembly}: deliveries and registrations of webhooks are events`, async (t) => {
    const { logs } = await tell(t, 'webhooks')
    t.same(eventsOf(logs), [
      {
        event: 'sidelight.webhook.registration INFO',
        'webhook.id': 'wh_orders',
        'webhook.url': 'https://example.com/hooks/orders?token=[redacted]&page=2',
        'webhook.enabled': true,
        'tenant.id': 'acme',
      },
      {
        event: 'sidelight.webhook.delivery INFO',
        'webhook.id': 'wh_orders',
        'sidelight.outcome': 'succeeded',
        'sidelight.duration_ms': 84.5,
      },
      {
        event: 'sidelight.webhook.delivery WARN',
        'webhook.id': 'wh_orders',
        'sidelight.outcome': 'failed',
        'sidelight.duration_ms': 5_000,
        'error.type': 'ECONNREFUSED',
        'error.message': 'refused by https://ada:[redacted]@example.com',
      },
      {
        event: 'sidelight.webhook.delivery WARN',
        'webhook.id': '17',
        'sidelight.outcome': 'failed',
        'sidelight.duration_ms': 20,
        'error.type': '503',
      },
      {
        event: 'sidelight.webhook.delivery WARN',
        'webhook.id': 'wh_orders',
        'sidelight.outcome': 'failed',
        'sidelight.duration_ms': 20,
        'error.message': 'Authorization: [redacted]',
      },
    ])
    t.ok(logs.every(({ scope }) => scope === 'sidelight'))
  })

  t.test(`${assembly}: executions and registrations of rules are events`, async (t) => {
    const { logs } = await tell(t, 'rules')
    t.same(eventsOf(logs), [
      {
        event: 'sidelight.rule.registration INFO',
        'rule.id': 'vip',
        'rule.name': 'Welcome',
        'rule.type': 'segment',
        'rule.enabled': false,
        'rule.segment_member_count': 5_100,
        'tenant.id': 'acme',
      },
      {
        event: 'sidelight.rule.execution INFO',
        'rule.id': 'vip',
        'sidelight.outcome': 'succeeded',
        'sidelight.duration_ms': 340,
        'rule.affected_count': 128,
      },
      {
        event: 'sidelight.rule.execution WARN',
        'rule.id': 'vip',
        'sidelight.outcome': 'failed',
        'sidelight.duration_ms': 20,
        'rule.affected_count': 0,
        'error.type': 'TypeError',
        'error.message': 'no segment',
      },
    ])
  })

  t.test(`${assembly}: requests are told of by a bounded number of resources`, async (t) => {
    const { logs } = await tell(t, 'requests')
    const events = eventsOf(logs)
    t.same(events.slice(0, 2), [
      {
        event: 'sidelight.api.request INFO',
        'http.response.status_code': 200,
        'http.request.method': 'GET',
        'url.path': '/api/v1/orders/17',
        'api.resource': 'orders',
        'sidelight.duration_ms': 12.5,
      },
      {
        event: 'sidelight.api.request INFO',
        'http.response.status_code': 503,
        'http.request.method': 'POST',
        'url.path': '/x',
        'api.resource': 'carts',
        'sidelight.duration_ms': 3,
      },
    ])
    t.equal(events.length, 403)
    const resources = events.map((event) => event['api.resource'])
    t.equal(new Set(resources).size, 201)
    t.equal(resources.filter((resource) => resource === 'other').length, 202)
    t.equal(resources.at(-1), 'orders', 'those there are stay themselves')
  })

  t.test(`${assembly}: a limit is told of when it is reached, not on each request`, async (t) => {
    const { logs } = await tell(t, 'limits')
    const used = eventsOf(logs).map((event) => [
      event.event.split(' ')[1],
      event['rate_limit.key_type'],
      event['rate_limit.identifier'],
      event['rate_limit.request_count'],
      event['rate_limit.limit'],
    ])
    // A machine under load may take longer than a second for what is asked at once.
    t.same(
      used.filter(([, , , count]) => [1, 2, 3, 900, 1_000].includes(count as number)),
      [
        ['INFO', 'org', 'acme', 1, 1_000],
        ['WARN', 'org', 'acme', 900, 1_000],
        ['WARN', 'org', 'acme', 1_000, 1_000],
        ['INFO', 'org', 'bolt', 1, 1_000],
        ['INFO', 'api_key', 'sha256:97b2173c4f5d679e:cdef', 2, 10],
        ['INFO', 'ip', '203.0.113.9', 3, 10],
        ['INFO', 'org', 'acme', 1, 1_000],
      ],
    )
    t.ok(used.length < 12)
    const resets = logs.map(({ attributes }) => attributes['rate_limit.reset_at'])
    t.ok(resets.includes('2030-03-17T17:46:40.000Z'), 'Unix time in seconds')
    t.ok(resets.includes('2030-01-01T00:00:00.000Z'), 'ISO 8601')
    const sliding = await tell(t, 'sliding')
    t.ok(sliding.logs.length < 5, 'a window that ends later with each request is no new one')
  })

  t.test(`${assembly}: nothing an application passes throws or goes out wrong`, async (t) => {
    const { code, stdout, stderr, logs } = await tell(t, 'mistakes')
    t.equal(code, 0)
    t.equal(stdout, 'unharmed\n')
    t.match(stderr, 'sidelight: trackWebhookDelivery: webhookId must be a text that is not empty')
    t.notMatch(stderr, 's3cret')
    for (const name of ['sidelight.duration_ms', 'sidelight.cost_usd', 'rule.affected_count']) {
      const values = logs.map(({ attributes }) => attributes[name])
      t.ok(
        values.every((value) => value === undefined || (value as number) >= 0),
        name,
      )
    }
    const executions = eventsOf(logs).filter(({ event }) => event.includes('rule.execution INFO'))
    t.match(executions, [{ 'rule.id': 'rule', 'sidelight.duration_ms': 1 }], 'what can be sent is')
    t.notOk('rule.affected_count' in executions[0]!)
  })
}

t.test('without an SDK nothing that is given is looked at', async (t) => {
  const folder = install(t, 'trackers.cjs')
  for (const [scenario, stdout] of [
    ['reads', 'done\n'],
    ['mistakes', 'unharmed\n'],
  ]) {
    const options = { cwd: folder, flags: [], args: [scenario!] }
    const ended = await launch(t, join(folder, 'trackers.cjs'), options).ended
    t.same(ended, { code: 0, signal: null, stdout, stderr: '' })
  }
})

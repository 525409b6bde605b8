import { join } from 'node:path'
import t from 'tap'
import { type Ended, install, launch, link, ROOT } from './application'
import { type ReceivedLog, type Receiver, startReceiver } from './receiver'

t.setTimeout(120_000)

type Test = Parameters<typeof startReceiver>[0]

interface Told extends Ended {
  readonly receiver: Receiver
  readonly logs: readonly ReceivedLog[]
}

/** The bootstrap alone, and what it hands over to. */
const ASSEMBLIES = {
  lean: {},
  full: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
}

for (const [assembly, env] of Object.entries(ASSEMBLIES)) {
  const tell = (t: Test, scenario: string): Promise<Told> => tellOf(t, scenario, env)

  t.test(`${assembly}: deliveries and registrations of webhooks are events`, async (t) => {
    const { logs } = await tell(t, 'webhooks')
    t.same(eventsOf(logs), [
      {
        event: 'sidelight.webhook.registration INFO',
        'webhook.id': 'wh_orders',
        'webhook.url': 'https://example.com/hooks/orders?token=[redacted]&page=2',
        'webhook.enabled': true,
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

  t.test(`${assembly}: business events carry durations, amounts and fields`, async (t) => {
    const { logs, stderr } = await tell(t, 'business')
    const events = eventsOf(logs)
    for (const [at, cartId] of [
      [0, 'c_1'],
      [2, 'c_2'],
    ] as const) {
      t.same(events[at], {
        event: 'sidelight.business INFO',
        'business.event': 'checkout',
        'sidelight.outcome': 'started',
        cartId,
      })
      const { 'sidelight.duration_ms': durationMs, ...completed } = events[at + 1]!
      t.ok((durationMs as number) >= 20 && (durationMs as number) < 10_000)
      t.same(completed, {
        event: 'sidelight.business INFO',
        'business.event': 'checkout',
        'sidelight.outcome': 'succeeded',
        'sidelight.count': 3,
        'sidelight.cost_usd': 0.02,
        'user.id': 'u_7',
        apiKey: '[redacted]',
        tags: ['a', 'b'],
        cartId,
      })
    }
    t.same(events.slice(4), [
      {
        event: 'sidelight.business WARN',
        'business.event': 'checkout',
        'sidelight.outcome': 'failed',
        'error.type': 'RangeError',
        'error.message': 'out of stock',
      },
      {
        event: 'sidelight.business INFO',
        'business.event': 'newsletter',
        'sidelight.outcome': 'succeeded',
        'sidelight.count': 5_100,
        'sidelight.duration_ms': 7,
        at: '1970-01-01T00:00:00.000Z',
      },
      {
        event: 'sidelight.business INFO',
        'business.event': 'nested',
        'sidelight.outcome': 'succeeded',
        order: { items: [{ sku: 'x', token: '[redacted]' }] },
      },
    ])
    t.match(stderr, 'businessEvent: names of fields must')
  })

  t.test(`${assembly}: a cost is of the user and endpoint given`, async (t) => {
    const { logs } = await tell(t, 'costs')
    t.same(eventsOf(logs), [
      {
        event: 'sidelight.cost INFO',
        'sidelight.cost_usd': 0.0042,
        'user.id': 'u_7',
        'cost.endpoint': '/v1/chat',
      },
      { event: 'sidelight.cost INFO', 'sidelight.cost_usd': 1 },
    ])
  })

  t.test(`${assembly}: within a request a cost is of its route, and of its span`, async (t) => {
    const { receiver, logs } = await tell(t, 'request')
    const named = (name: RegExp) => receiver.spans.find((span) => name.test(span.name))
    const [cost, delivery] = logs
    t.match(cost?.attributes, { 'sidelight.cost_usd': 0.5, 'cost.endpoint': '/v1/chat/:id' })
    t.equal(cost?.spanId, named(/^charge$/)?.spanId)
    t.equal(delivery?.spanId, named(/^GET \/v1\/chat/)?.spanId)
  })

  t.test(`${assembly}: the audit trail says who did what, and no secret`, async (t) => {
    const { logs, receiver } = await tell(t, 'audit')
    t.match(
      logs.map(({ eventName, severityText, body }) => `${eventName} ${severityText}: ${body}`),
      [
        'sidelight.audit INFO: u_7 role.grant user u_9',
        'sidelight.audit INFO: u_7 configuration.change setting checkout.max_items',
        'sidelight.audit INFO: u_7 configuration.change setting STRIPE_API_KEY',
        'sidelight.audit INFO: job order.delete order 17',
        'sidelight.audit WARN: admin user.suspend u_9 (failed)',
        'sidelight.security WARN: login failed',
        'sidelight.security ERROR: token_revoked',
      ],
    )
    t.same(logs[0]?.attributes, {
      'audit.action': 'role.grant',
      'audit.actor': 'u_7',
      'audit.target': 'u_9',
      'audit.target_type': 'user',
      'audit.changes': {
        role: { from: 'editor', to: 'owner' },
        password: { from: '[redacted]', to: '[redacted]' },
      },
      'client.address': '203.0.113.9',
      'sidelight.outcome': 'succeeded',
      ticket: 'T-1',
    })
    t.match(logs[1]?.attributes, {
      'audit.category': 'configuration',
      'audit.changes': { 'checkout.max_items': { from: 50, to: 100 } },
    })
    t.match(logs[3]?.attributes, { 'audit.category': 'data', 'audit.actor_type': 'task' })
    t.match(logs[4]?.attributes, {
      'audit.category': 'admin',
      'audit.reason': 'token=[redacted]',
      'sidelight.outcome': 'failed',
    })
    t.same(logs[5]?.attributes, {
      'security.event': 'login',
      'security.severity': 'medium',
      'sidelight.outcome': 'failed',
      'user.id': 'u_7',
      'client.address': '203.0.113.9',
      password: '[redacted]',
    })
    const sent = receiver.requests.map(({ body }) => body.toString('latin1')).join()
    t.notMatch(sent, /hunter2|s3cret/)
  })

  t.test(`${assembly}: uploads are business events, counted by type and reason`, async (t) => {
    const { logs, receiver } = await tell(t, 'uploads')
    t.same(
      eventsOf(logs).map((event) => [event['business.event'], event['sidelight.outcome']]),
      [
        ['upload', 'succeeded'],
        ['upload', 'succeeded'],
        ['upload', 'failed'],
      ],
    )
    t.match(logs[2]?.attributes, {
      'upload.type': 'video/mp4',
      'upload.size_bytes': 9e9,
      'upload.reason': 'too_large',
    })
    const of = (metric: string, type: string) =>
      receiver.points.find(
        (point) => point.metric === metric && point.attributes['upload.type'] === type,
      )
    t.match(of('sidelight.uploads', 'image/png'), {
      value: 2,
      attributes: { 'sidelight.outcome': 'succeeded', 'upload.source': 'web' },
    })
    t.match(of('sidelight.uploads', 'video/mp4'), {
      value: 1,
      attributes: { 'sidelight.outcome': 'failed', 'upload.reason': 'too_large' },
    })
    t.match(of('sidelight.upload.size', 'image/png'), { count: 2, sum: 3_072, unit: 'By' })
    t.match(of('sidelight.upload.duration', 'image/png'), { count: 2, sum: 0.2, unit: 's' })
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

async function tellOf(t: Test, scenario: string, env: NodeJS.ProcessEnv): Promise<Told> {
  const receiver = await startReceiver(t)
  const folder = install(t, 'trackers.cjs')
  link(join(ROOT, 'node_modules', 'express'), join(folder, 'node_modules', 'express'))
  const ended = await launch(t, join(folder, 'trackers.cjs'), {
    cwd: folder,
    args: [scenario],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
  }).ended
  return { ...ended, receiver, logs: receiver.logs }
}

interface Event {
  readonly event: string
  readonly [attribute: string]: unknown
}

function eventsOf(logs: readonly ReceivedLog[]): Event[] {
  return logs.map(({ eventName, severityText, attributes }) => ({
    event: `${eventName} ${severityText}`,
    ...attributes,
  }))
}

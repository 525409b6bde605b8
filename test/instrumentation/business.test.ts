import t from 'tap'
import { ASSEMBLIES, eventsOf, tellOf, type Test } from './told'

t.setTimeout(240_000)

for (const [assembly, env] of Object.entries(ASSEMBLIES)) {
  const tell = (t: Test, scenario: string) => tellOf(t, scenario, env)

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
    t.match(of('upload.attempts', 'image/png'), {
      value: 2,
      attributes: { 'sidelight.outcome': 'succeeded' },
    })
    t.match(of('upload.attempts', 'video/mp4'), {
      value: 1,
      attributes: { 'sidelight.outcome': 'failed', 'upload.reason': 'too_large' },
    })
    t.match(of('upload.size', 'image/png'), { count: 2, sum: 3_072, unit: 'By' })
    t.match(of('upload.duration', 'image/png'), { count: 2, sum: 0.2, unit: 's' })
  })
}

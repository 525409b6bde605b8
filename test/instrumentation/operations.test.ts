import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Ended, install, launch } from './application'
import { CLIENT, INTERNAL, type ReceivedSpan, type Receiver, startReceiver } from './receiver'

t.setTimeout(240_000)

const DONE = { code: 0, signal: null, stdout: 'done\n', stderr: '' }
/** The first of what cannot be used is said, where there is an SDK. */
const TOLD = {
  ...DONE,
  stderr: 'sidelight: trackCache: cache must be a text that is not empty\n',
}

t.test('what operations helpers send', async (t) => {
  const receiver = await startReceiver(t)
  t.same(await runOperations(t, receiver), TOLD, 'results and errors pass unchanged')

  t.test('operations and measurements are spans with their metadata', async (t) => {
    const [total] = named(t, receiver, 'total', 2)
    t.match(total, { kind: INTERNAL, scope: 'sidelight', status: {} })
    t.strictSame(total?.attributes, {
      'user.id': 'u-1',
      order: '{"id":7,"lines":[1,"two"]}',
      apiKey: '[redacted]',
      n: 12,
      module: 'billing',
    })
    for (const sum of named(t, receiver, 'sum', 2)) {
      t.type(sum.attributes['sidelight.heap_delta_bytes'], 'number')
    }
    named(t, receiver, 'odd', 1)
  })

  t.test('queries and calls are client spans that say what they asked', async (t) => {
    const expected: [string, object][] = [
      ['SELECT orders', { 'db.operation.name': 'SELECT', 'db.collection.name': 'orders' }],
      ['UPDATE users', { 'db.operation.name': 'UPDATE', 'db.collection.name': 'users' }],
      ['openOrders', { 'db.operation.name': 'openOrders' }],
      ['stripe charges.create', { 'peer.service': 'stripe', 'rpc.method': 'charges.create' }],
      [
        'GET /v1/rates',
        {
          'peer.service': 'rates',
          'url.template': '/v1/rates',
          'http.request.method': 'GET',
        },
      ],
    ]
    for (const [name, attributes] of expected) {
      for (const span of named(t, receiver, name, 2)) {
        t.equal(span.kind, CLIENT, name)
        t.strictSame(span.attributes, attributes, name)
      }
    }
  })

  t.test('what failed has the exception with its causes', async (t) => {
    for (const name of ['failed', 'DELETE orders', 'purge', 'failed operation']) {
      for (const { attributes, events, status } of named(t, receiver, name, 2)) {
        t.match(status, { code: 2, message: 'declined' })
        t.equal(attributes['error.type'], 'RangeError')
        t.match(events, [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }])
        t.match(events[0]?.attributes['exception.stacktrace'], /caused by: .*no route/s)
      }
    }
    for (const { status } of named(t, receiver, 'odd throw', 4)) t.equal(status.code, 2)
  })

  t.test('errors that are told of are log records, as whole as on spans', async (t) => {
    const declined = receiver.logs.find(({ body }) => body === 'declined')
    const [span] = named(t, receiver, 'failed', 2)
    t.match(declined, {
      eventName: 'exception',
      severityNumber: 17,
      body: 'declined',
      attributes: {
        ...span?.events[0]?.attributes,
        module: 'billing',
        operation: 'charge',
        'user.id': 'u-1',
        password: '[redacted]',
      },
    })
    const both = receiver.logs.find(({ body }) => body === 'both')
    t.match(both, {
      severityNumber: 21,
      severityText: 'FATAL',
      attributes: { module: 'mail', 'exception.type': 'AggregateError' },
    })
    t.notHas(both?.attributes, { severity: '' })
    const stack = String(both?.attributes['exception.stacktrace'])
    t.match(stack, /\[errors\]: \[.*TypeError: one.*RangeError: declined.*caused by: .*no route/s)
    t.match(stack, /code: "EHOSTUNREACH"/)
    t.ok(receiver.logs.some(({ body }) => body === 'only a text'))
  })

  t.test('jobs, caches and queues are metrics', async (t) => {
    const point = (metric: string, attributes: object) =>
      receiver.points.find(
        (point) =>
          point.metric === metric &&
          JSON.stringify(point.attributes) === JSON.stringify(attributes),
      )
    const newsletter = { 'job.name': 'newsletter', module: 'mail' }
    t.match(point('job.duration', { ...newsletter, 'sidelight.outcome': 'succeeded' }), {
      kind: 'histogram',
      unit: 's',
      count: 2,
    })
    const purge = { 'job.name': 'purge', 'sidelight.outcome': 'failed' }
    t.equal(point('job.duration', purge)?.count, 2)
    for (const [result, value] of [
      ['hit', 2],
      ['miss', 1],
    ]) {
      const found = point('cache.requests', { 'cache.name': 'prices', 'cache.result': result })
      t.match(found, { kind: 'sum', value })
    }
    const queue = { 'queue.name': 'mails' }
    t.match(point('queue.depth', queue), { kind: 'gauge', value: 3 })
    t.match(point('queue.oldest_age', queue), { kind: 'gauge', unit: 's', value: 1.5 })
    const outcome = (outcome: string) => ({ ...queue, 'sidelight.outcome': outcome })
    t.equal(point('queue.processed', outcome('succeeded'))?.value, 2)
    t.equal(point('queue.processed', outcome('failed'))?.value, 1)
  })

  t.test(
    'what is hostile is bounded, and nothing is left out but what cannot be read',
    async (t) => {
      const [whole, ...others] = named(t, receiver, 'hostile', 10)
      t.match(whole?.attributes, {
        cycle: /"self":.*\[circular\]/,
        big: String(2n ** 70n),
        bytes: '[1000 bytes]',
        map: '{"a":1}',
        'field 0': 0,
        module: 'test',
      })
      for (const name of ['broken', 'date', 'json', 'fn'])
        t.notOk(name in (whole?.attributes ?? {}))
      t.ok(Object.keys(whole?.attributes ?? {}).length <= 65)
      for (const span of [whole, ...others]) {
        t.ok(JSON.stringify(span?.attributes).length < 20_000)
      }
    },
  )

  t.test('no planted secret is sent', async (t) => {
    for (const { path, body } of receiver.requests) t.notOk(body.includes('planted'), path)
  })
})

t.test('the switches turn the helpers of performance and errors off', async (t) => {
  for (const [value, isOn] of [
    ['false', false],
    ['0', false],
    ['true', true],
  ] as const) {
    const receiver = await startReceiver(t)
    const env = { PERF_METRICS_ENABLED: value, ERROR_AGGREGATION_ENABLED: value }
    t.same(await runOperations(t, receiver, env), TOLD)
    const tracked = ['total', 'SELECT orders', 'openOrders', 'stripe charges.create', 'sum']
    t.same(
      tracked.filter((name) => receiver.spans.some((span) => span.name === name)),
      isOn ? tracked : [],
    )
    t.equal(
      receiver.logs.some(({ eventName }) => eventName === 'exception'),
      isOn,
    )
    for (const name of ['UPDATE users', 'newsletter']) named(t, receiver, name, 2)
  }
})

t.test('without the bootstrap all of it just runs', async (t) => {
  const receiver = await startReceiver(t)
  t.same(await runOperations(t, receiver, {}, []), DONE)
  t.equal(receiver.requests.length, 0)
})

async function runOperations(
  t: Test,
  receiver: Receiver,
  env: NodeJS.ProcessEnv = {},
  flags?: string[],
): Promise<Ended> {
  const folder = install(t, 'operations.cjs')
  return launch(t, join(folder, 'operations.cjs'), {
    cwd: folder,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
    ...(flags === undefined ? undefined : { flags }),
  }).ended
}

/** The spans of a name, which are to be so many. */
function named(t: Test, receiver: Receiver, name: string, count: number): ReceivedSpan[] {
  const spans = receiver.spans.filter((span) => span.name === name)
  t.equal(spans.length, count, `spans called ${name}`)
  return spans
}

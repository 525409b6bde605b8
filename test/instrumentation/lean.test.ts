import t from 'tap'
import { APPS, run, NODE_RELEASE } from './application'
import { type Receiver, startReceiver } from './receiver'

t.setTimeout(240_000)

type Test = Parameters<typeof startReceiver>[0]

t.test('traces, metrics and logs go out in protobuf and say the same of the process', async (t) => {
  const { receiver, stderr } = await sent(t)
  t.equal(stderr, '')
  t.same(
    new Set(receiver.requests.map(({ path }) => path)),
    new Set(['/v1/traces', '/v1/metrics', '/v1/logs']),
  )
  t.ok(
    receiver.requests.every(({ headers }) => headers['content-type'] === 'application/x-protobuf'),
  )
  const [span] = receiver.spans
  t.match(span, {
    name: 'order',
    scope: 'shop',
    attributes: { id: 17, note: 'a long text', extra: true },
  })
  t.match(receiver.logs, [
    {
      body: 'ordered',
      severityNumber: 9,
      scope: 'shop',
      traceId: span?.traceId,
      spanId: span?.spanId,
    },
  ])
  const point = receiver.points.find(({ metric }) => metric === 'orders')
  t.match(point, { kind: 'sum', value: 2, attributes: { kind: 'book' } })
  for (const { resource } of [receiver.logs[0]!, point!]) t.same(resource, span?.resource)
})

t.test('the process is described without its arguments', async (t) => {
  const { receiver } = await sent(t, {}, ['--password=secret'])
  const resource = receiver.spans[0]!.resource
  t.match(resource, {
    'service.name': 'checkout',
    'service.version': '2.3.4',
    'service.instance.id': /^[0-9a-f-]{36}$/,
    'process.pid': Number,
    'process.executable.name': /^node/,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': NODE_RELEASE,
    'host.name': String,
    'host.arch': String,
    'os.type': 'linux',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.distro.name': 'sidelight',
    'sidelight.app.root': APPS,
  })
  t.notMatch(JSON.stringify(resource), /secret/)
})

t.test('the runtime is measured as the semantic conventions name it', async (t) => {
  const { receiver } = await sent(t)
  const names = new Set(receiver.points.map(({ metric }) => metric))
  for (const name of [
    'nodejs.eventloop.utilization',
    'nodejs.eventloop.time',
    'v8js.memory.heap.used',
    'v8js.memory.heap.space.physical_size',
    'process.cpu.time',
    'process.cpu.utilization',
    'process.memory.usage',
    'process.uptime',
  ]) {
    t.ok(names.has(name), name)
  }
  const used = receiver.points.filter(({ metric }) => metric === 'v8js.memory.heap.used')
  t.match(
    used.find(({ attributes }) => attributes['v8js.heap.space.name'] === 'old_space'),
    { kind: 'sum', unit: 'By' },
  )
})

t.test('a signal whose exporter is none is not sent, and the others are', async (t) => {
  for (const [signal, path] of [
    ['TRACES', '/v1/traces'],
    ['METRICS', '/v1/metrics'],
    ['LOGS', '/v1/logs'],
  ]) {
    const { receiver, stderr } = await sent(t, { [`OTEL_${signal}_EXPORTER`]: 'none' })
    t.equal(stderr, '')
    const paths = new Set(receiver.requests.map((request) => request.path))
    t.equal(paths.size, 2)
    t.notOk(paths.has(path!), path!)
  }
})

t.test('runtime-node is turned off by its name', async (t) => {
  const { receiver } = await sent(t, { OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'runtime-node' })
  t.same([...new Set(receiver.points.map(({ metric }) => metric))].sort(), ['orders', 'size'])
})

t.test('limits cut attributes of spans and records', async (t) => {
  const { receiver } = await sent(t, {
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '6',
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2',
    OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '0',
  })
  t.same(receiver.spans[0]?.attributes, { id: 17, note: 'a long' })
  t.same(receiver.logs[0]?.attributes, {})
})

t.test('values nobody knows are told in one line and the default is used', async (t) => {
  for (const [name, value] of [
    ['OTEL_TRACES_EXPORTER', 'pigeon'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'smoke/signals'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_PROPAGATORS', 'smoke'],
    ['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', 'never'],
    ['OTEL_BSP_SCHEDULE_DELAY', 'soon'],
    ['OTEL_NODE_RESOURCE_DETECTORS', 'env,gcp'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'team=shop,broken'],
  ] as const) {
    const { receiver, code, stderr } = await sent(t, { [name]: value })
    t.equal(code, 0)
    t.match(stderr, new RegExp(`^sidelight: ${name}[^\\n]*\\n$`), name)
    t.equal(receiver.spans.length, 1, name)
    if (name === 'OTEL_RESOURCE_ATTRIBUTES') t.equal(receiver.spans[0]?.resource['team'], 'shop')
    if (name === 'OTEL_NODE_RESOURCE_DETECTORS') t.notOk('host.name' in receiver.spans[0]!.resource)
  }
})

t.test('counters are told as what was added when deltas are preferred', async (t) => {
  const { receiver } = await sent(
    t,
    {
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
      OTEL_METRIC_EXPORT_INTERVAL: '100',
    },
    ['stay'],
  )
  const values = receiver.points
    .filter(({ metric }) => metric === 'orders')
    .map(({ value }) => value)
  t.equal(
    values.reduce((sum, value) => sum! + value!, 0),
    2,
  )
})

t.test(
  'what the lean assembly has not is handed to sdk-node, and one line says what asked for it',
  async (t) => {
    t.test('JSON, of all signals', async (t) => {
      const { receiver, stderr } = await sent(t, { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })
      t.equal(stderr, 'sidelight: http/json for traces: handed over to @opentelemetry/sdk-node\n')
      t.ok(receiver.requests.every(({ headers }) => headers['content-type'] === 'application/json'))
      t.match(receiver.spans, [{ name: 'order' }])
      t.match(receiver.logs, [{ body: 'ordered' }])
      const names = new Set(receiver.points.map(({ metric }) => metric))
      t.ok(names.has('orders'))
      t.ok(names.has('process.memory.usage'), 'runtime metrics go through the API')
    })
    t.test('JSON, of logs only', async (t) => {
      const { receiver, stderr } = await sent(t, { OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json' })
      t.equal(stderr, 'sidelight: http/json for logs: handed over to @opentelemetry/sdk-node\n')
      const types = receiver.requests.map(
        ({ path, headers }) => `${path} ${headers['content-type']}`,
      )
      t.same([...new Set(types)].sort(), [
        '/v1/logs application/json',
        '/v1/metrics application/x-protobuf',
        '/v1/traces application/x-protobuf',
      ])
    })
    t.test('gRPC with an endpoint it cannot use falls back', async (t) => {
      const { code, stdout, stderr } = await run(t, 'signals.cjs', {
        env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://[' },
      })
      t.equal(code, 0)
      t.equal(stdout, 'done\n')
      t.match(stderr, /^sidelight: [^\n]*\n$/)
    })
  },
)

async function sent(
  t: Test,
  environment: NodeJS.ProcessEnv = {},
  args: readonly string[] = [],
): Promise<{ receiver: Receiver; code: number | null; stderr: string }> {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment }
  const { code, stderr } = await run(t, 'signals.cjs', { env, args })
  return { receiver, code, stderr }
}

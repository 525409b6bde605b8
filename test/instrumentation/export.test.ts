import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { run } from './application'
import { type ReceivedSpan, startReceiver } from './receiver'

t.setTimeout(240_000)

/** The other signals are told of in lean.test.ts. */
const TRACES_ONLY = { OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }

t.test('spans go out as protobuf, or as JSON on demand, with the headers given', async (t) => {
  for (const [protocol, contentType] of [
    [undefined, 'application/x-protobuf'],
    ['http/json', 'application/json'],
  ]) {
    const receiver = await startReceiver(t)
    await run(t, 'http.cjs', {
      env: {
        ...TRACES_ONLY,
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret',
        ...(protocol === undefined ? {} : { OTEL_EXPORTER_OTLP_PROTOCOL: protocol }),
      },
    })
    t.match(receiver.requests, [
      {
        path: '/v1/traces',
        headers: { 'content-type': contentType, authorization: 'Bearer secret' },
      },
    ])
    t.equal(receiver.requests.length, 1)
    t.equal(receiver.spans.length, 2, 'and the exporter does not trace itself')
  }
})

t.test('the endpoint of the traces signal is taken as it is', async (t) => {
  const receiver = await startReceiver(t)
  await run(t, 'http.cjs', {
    env: { ...TRACES_ONLY, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/custom/path` },
  })
  t.same(
    receiver.requests.map(({ path }) => path),
    ['/custom/path'],
  )
})

t.test('OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win', async (t) => {
  t.match(
    await resourceOf(t, {
      OTEL_SERVICE_NAME: 'till',
      OTEL_RESOURCE_ATTRIBUTES:
        'service.name=ignored,service.version=9,service.instance.id=pod-1,deployment.environment.name=test',
    }),
    {
      'service.name': 'till',
      'service.version': '9',
      'service.instance.id': 'pod-1',
      'deployment.environment.name': 'test',
    },
  )
})

t.test('the sampler of the environment decides', async (t) => {
  for (const [environment, count] of [
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '1' }, 2],
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, 2],
  ] as const) {
    t.equal((await spansOf(t, environment)).length, count, JSON.stringify(environment))
  }
})

t.test('the limits of the environment hold', async (t) => {
  const spans = await spansOf(t, { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2' })
  t.ok(spans.every(({ attributes }) => Object.keys(attributes).length === 2))
})

t.test('OTEL_PROPAGATORS none keeps the context to the process', async (t) => {
  const spans = await spansOf(t, { OTEL_PROPAGATORS: 'none' })
  t.equal(new Set(spans.map(({ traceId }) => traceId)).size, 2)
})

t.test('what the lean assembly has not is handed to the full SDK', async (t) => {
  t.test('another exporter', async (t) => {
    const { code, stdout } = await run(t, 'http.cjs', {
      env: { ...TRACES_ONLY, OTEL_TRACES_EXPORTER: 'console' },
    })
    t.equal(code, 0)
    t.match(stdout, /'service.name': 'checkout'/)
  })
  t.test('another propagator', async (t) => {
    const spans = await spansOf(t, { OTEL_PROPAGATORS: 'b3' })
    t.equal(spans.length, 2)
    t.equal(new Set(spans.map(({ traceId }) => traceId)).size, 1)
  })
  t.test('a configuration file', async (t) => {
    const receiver = await startReceiver(t)
    const folder = mkdtempSync(join(tmpdir(), 'sidelight-config-'))
    t.teardown(() => {
      rmSync(folder, { recursive: true, force: true })
    })
    writeFileSync(
      join(folder, 'otel.yaml'),
      `file_format: "1.0"
resource: { attributes: [{ name: service.name, value: configured }] }
tracer_provider:
  processors:
    - batch: { exporter: { otlp_http: { endpoint: "${receiver.url}/v1/traces" } } }
`,
    )
    const env = { OTEL_CONFIG_FILE: join(folder, 'otel.yaml') }
    t.match(await run(t, 'http.cjs', { env }), { code: 0, stdout: 'hello from /greeting\n' })
    t.equal(receiver.spans.length, 2)
    t.equal(receiver.spans[0]?.resource['service.name'], 'configured')
  })
})

t.test('an answer that refuses the spans is said once and costs nothing else', async (t) => {
  const receiver = await startReceiver(t)
  receiver.answerWith(401)
  const env = { ...TRACES_ONLY, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  const { code, stderr } = await run(t, 'http.cjs', { env })
  t.equal(code, 0)
  t.equal(stderr, 'sidelight: the collector refuses spans, they are dropped: it answers 401\n')
})

async function spansOf(
  t: Parameters<typeof startReceiver>[0],
  env: NodeJS.ProcessEnv = {},
): Promise<readonly ReceivedSpan[]> {
  const receiver = await startReceiver(t)
  await run(t, 'http.cjs', {
    env: { ...TRACES_ONLY, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env },
  })
  return receiver.spans
}

async function resourceOf(t: Parameters<typeof startReceiver>[0], env: NodeJS.ProcessEnv = {}) {
  const [span] = await spansOf(t, env)
  if (span === undefined) throw new Error('no span arrived')
  return span.resource
}

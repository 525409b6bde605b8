import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../helpers/until'
import { APPS, launch, ROOT, run } from './application'
import { CLIENT, SERVER, startReceiver } from './receiver'

t.setTimeout(240_000)

/** Nothing listens on the port of a service that was never meant to be reached (tcpmux). */
const NOBODY = 'http://127.0.0.1:1'

t.test('an application runs as without the bootstrap when the collector is away', async (t) => {
  for (const app of ['http.cjs', 'http.mjs', 'exit.cjs', 'crash.cjs', 'worker.cjs']) {
    const bare = await run(t, app, { flags: [] })
    const traced = await run(t, app, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY } })
    t.equal(traced.code, bare.code, `${app} ends with the same code`)
    t.equal(traced.stdout, bare.stdout, `${app} prints the same`)
    const lines = traced.stderr.split('\n').filter((line) => line.startsWith('sidelight: '))
    t.ok(lines.length <= 1, `${app}: one line at most about it`)
    if (bare.stderr === '') t.match(traced.stderr, /^(sidelight: .*\n)?$/)
  }
})

t.test('a collector that never answers does not keep an application from ending', async (t) => {
  const silent = createServer((socket) => socket.on('error', () => socket.destroy()))
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => silent.close())
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const { code, stdout } = await run(t, 'http.cjs', {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint },
  })
  t.equal(code, 0)
  t.equal(stdout, 'hello from /greeting\n')
})

const BAD_ENVIRONMENTS: Record<string, string>[] = [
  // These two fall back to the usual port, where a collector may listen.
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'no url', OTEL_TRACES_SAMPLER: 'always_off' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://127.0.0.1' },
  { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ':::', OTEL_TRACES_SAMPLER: 'always_off' },
  { OTEL_EXPORTER_OTLP_PROTOCOL: 'smoke/signals' },
  { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://[' },
  { OTEL_EXPORTER_OTLP_HEADERS: '=,;=\n' },
  { OTEL_EXPORTER_OTLP_TIMEOUT: '-1' },
  { OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere' },
  { OTEL_TRACES_EXPORTER: 'carrier-pigeon' },
  { OTEL_TRACES_SAMPLER: 'sometimes' },
  { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: 'half' },
  { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '17' },
  { OTEL_PROPAGATORS: 'smoke' },
  { OTEL_RESOURCE_ATTRIBUTES: '%%%=,==' },
  { OTEL_BSP_MAX_QUEUE_SIZE: '-5', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'many' },
  { OTEL_BSP_SCHEDULE_DELAY: 'NaN' },
  { OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '-1' },
  { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'everything' },
  { OTEL_LOG_LEVEL: 'loud' },
  { OTEL_CONFIG_FILE: '/nowhere.yaml' },
]

t.test('an application runs whatever the OTEL_ variables say', async (t) => {
  for (const environment of BAD_ENVIRONMENTS) {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY, ...environment }
    const { code, stdout } = await run(t, 'http.cjs', { env })
    const name = JSON.stringify(environment)
    t.equal(code, 0, `exit code with ${name}`)
    t.ok(stdout.endsWith('hello from /greeting\n'), `output with ${name}`)
  }
})

t.test('the bundle works where nothing else is, and says what it cannot hand over', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sidelight-mounted-'))
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const mounted = join(folder, 'bootstrap.js')
  cpSync(join(ROOT, 'dist', 'instrumentation', 'bootstrap.js'), mounted)
  const receiver = await startReceiver(t)
  for (const [environment, lines] of [
    [{}, /^$/],
    [
      { OTEL_PROPAGATORS: 'b3' },
      /^sidelight: OTEL_PROPAGATORS=b3: cannot hand over to @opentelemetry\/sdk-node, [^\n]*\n$/,
    ],
  ] as const) {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment }
    const flags = ['--require', mounted]
    const { code, stdout, stderr } = await run(t, 'http.cjs', { flags, env })
    t.equal(code, 0)
    t.equal(stdout, 'hello from /greeting\n')
    t.match(stderr, lines)
  }
  t.equal(receiver.spans.length, 4)
})

t.test('a library that cannot be instrumented costs no other one', async (t) => {
  const receiver = await startReceiver(t)
  const { code, stdout, stderr } = await run(t, 'undici.cjs', {
    flags: ['--require', join(APPS, 'frozen.cjs'), '--require', 'sidelight/bootstrap'],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url },
  })
  t.equal(code, 0)
  t.equal(stdout, 'from undici\n')
  t.match(stderr, /^sidelight: cannot instrument http: [^\n]*\n$/)
  t.same(
    receiver.spans.map(({ scope }) => scope),
    ['sidelight/undici'],
  )
})

t.test('OTEL_SDK_DISABLED and an exporter of none leave the application alone', async (t) => {
  const receiver = await startReceiver(t)
  const none = {
    OTEL_TRACES_EXPORTER: 'none',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
  }
  for (const environment of [{ OTEL_SDK_DISABLED: 'true' }, none]) {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...environment }
    t.match(await run(t, 'http.cjs', { env }), { code: 0, stderr: /^$/ })
  }
  t.equal(receiver.requests.length, 0)
})

t.test('the bootstrap works with --import, and once when it is given twice', async (t) => {
  for (const flags of [
    ['--import', 'sidelight/bootstrap'],
    ['--require', 'sidelight/bootstrap', '--import', 'sidelight/bootstrap'],
  ]) {
    for (const app of ['express.cjs', 'express.mjs']) {
      const receiver = await startReceiver(t)
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
      t.match(await run(t, app, { flags, env }), { code: 0, stderr: /^$/ })
      t.equal(receiver.spans.length, 2, `${app} with ${flags.join(' ')}`)
    }
  }
})

t.test('a worker thread is traced as part of its service', async (t) => {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  t.match(await run(t, 'worker.cjs', { env }), { code: 0, stderr: /^$/ })
  const client = await receiver.span(({ kind }) => kind === CLIENT, 'the span of the worker')
  const server = await receiver.span(({ kind }) => kind === SERVER, 'the span of the main thread')
  t.equal(server.parentSpanId, client.spanId)
  t.equal(client.resource['service.name'], server.resource['service.name'])
})

t.test('SIGTERM still ends an application that does not handle it, after its spans', async (t) => {
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const app = launch(t, join(APPS, 'idle.cjs'), { env })
    await until(() => app.stdout().includes('serving'), 20_000, 'the application to serve')
    app.child.kill(signal)
    t.same(await app.ended, { code: null, signal, stdout: 'serving\n', stderr: '' })
  }
  t.equal(receiver.spans.length, 4, 'a client and a server span of each')
})

t.test('SIGTERM is left to an application that handles it, its spans still go out', async (t) => {
  const receiver = await startReceiver(t)
  // Nothing but the signal sends what has ended.
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_BSP_SCHEDULE_DELAY: '600000' }
  const app = launch(t, join(APPS, 'idle.cjs'), { env, args: ['graceful'] })
  await until(() => app.stdout().includes('serving'), 20_000, 'the application to serve')
  app.child.kill('SIGTERM')
  await until(() => receiver.spans.length === 2, 20_000, 'its spans while it winds down')
  app.child.kill('SIGUSR2')
  t.same(await app.ended, {
    code: 0,
    signal: null,
    stdout: 'serving\ndraining\n',
    stderr: '',
  })
  t.equal(receiver.spans.length, 2)
})

t.test('SIGTERM ends an application when the collector is away, too', async (t) => {
  const app = launch(t, join(APPS, 'idle.cjs'), { env: { OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY } })
  await until(() => app.stdout().includes('serving'), 20_000, 'the application to serve')
  app.child.kill('SIGTERM')
  t.match(await app.ended, { code: null, signal: 'SIGTERM' })
})

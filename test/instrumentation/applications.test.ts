/**
 * Applications as their users write them, with the real packages. Each calls a second service, which asks Postgres: all that
 * the two processes tell of the same requests is compared as a whole.
 */
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { freePorts } from '../helpers/collector'
import { ExportTraceServiceRequest } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import {
  APPS,
  type Application,
  BOOTSTRAP,
  type Ended,
  launch,
  link,
  ROOT,
  stage,
} from './application'
import {
  decode,
  spansOf,
  type ReceivedLog,
  type ReceivedPoint,
  type ReceivedSpan,
  startReceiver,
} from './receiver'

t.setTimeout(300_000)

const READY_MS = 60_000
const DURATION = 'http.server.request.duration'
const TSX = ['--import', join(ROOT, 'node_modules', 'tsx', 'dist', 'loader.mjs')]
const ORDERS = 3

interface Real {
  readonly title: string
  readonly app: string
  readonly libraries?: 'older'
  /** Flags besides the bootstrap. */
  readonly flags?: readonly string[]
  /** How the route is named; nothing for applications without a framework. */
  readonly route?: string
  /** The scope of the call to the second service. */
  readonly client?: 'sidelight/http'
  /** The scope of its log records. */
  readonly logger?: 'sidelight/winston' | 'sidelight/console'
}

const ORDER = '/orders/:id'
const REAL: readonly Real[] = [
  { title: 'Express 5', app: 'express.cjs', route: ORDER },
  { title: 'Express 4', app: 'express.cjs', libraries: 'older', route: ORDER },
  {
    title: 'Express as an ES module, with winston',
    app: 'express.mjs',
    route: ORDER,
    client: 'sidelight/http',
    logger: 'sidelight/winston',
  },
  {
    title: 'Express 4 as an ES module, with winston',
    app: 'express.mjs',
    libraries: 'older',
    route: ORDER,
    client: 'sidelight/http',
    logger: 'sidelight/winston',
  },
  { title: 'Fastify with undici', app: 'fastify.cjs', route: ORDER },
  { title: 'Fastify 4 with undici', app: 'fastify.cjs', libraries: 'older', route: ORDER },
  { title: 'Fastify as an ES module', app: 'fastify.mjs', route: ORDER },
  { title: 'Koa', app: 'koa.mjs', route: ORDER },
  { title: 'Nest through tsx', app: 'nest.ts', flags: TSX, route: ORDER },
  {
    title: 'node:http',
    app: 'http.cjs',
    client: 'sidelight/http',
    logger: 'sidelight/console',
  },
  { title: 'TypeScript through tsx', app: 'typed.mts', flags: TSX, route: ORDER },
  { title: 'a thread that does the work', app: 'worker.cjs' },
  { title: 'a cluster', app: 'cluster.cjs', route: ORDER },
  { title: 'pino with a transport', app: 'transport.cjs', route: ORDER },
]

for (const real of REAL) {
  const { title, app, route, client = 'sidelight/undici', logger = 'sidelight/pino' } = real
  t.test(`one trace a request through both services, and nothing else: ${title}`, async (t) => {
    const plain = await serve(t, real, false)
    const traced = await serve(t, real, true)
    t.same(traced.answers, plain.answers)
    t.equal(traced.shop.code, plain.shop.code)
    t.strictSame(linesOf(traced.shop.stdout), linesOf(plain.shop.stdout))
    t.strictSame(linesOf(traced.shop.stderr), linesOf(plain.shop.stderr))
    t.equal(traced.stock.stderr, '')

    const name = route === undefined ? 'GET' : `GET ${route}`
    const order = [
      `shop SERVER ${name} sidelight/http`,
      `  shop CLIENT GET ${client}`,
      '    stock SERVER GET sidelight/http',
      '      stock CLIENT SELECT sidelight/pg',
    ]
    const health = `shop SERVER ${route === undefined ? 'GET' : 'GET /health'} sidelight/http`
    const orders = Array.from({ length: ORDERS }, () => order.join('\n'))
    t.strictSame(treesOf(traced.spans), [...orders, health].sort())
    t.equal(new Set(traced.spans.map(({ traceId }) => traceId)).size, ORDERS + 1)

    compareLogs(t, app, logger, traced)
    t.equal(countOf(traced.points, 'shop'), ORDERS + 1)
    t.equal(countOf(traced.points, 'stock'), ORDERS)
  })
}

t.test('a script that ends itself: one trace a call, its output and its code', async (t) => {
  const { env, stock, spans: sent } = await startStock(t, true)
  const app = layOut(t, 'cli.mjs')
  const folder = join(dirname(app), 'handover')
  const traced = await launch(t, app, {
    flags: ['--require', BOOTSTRAP],
    env: { ...env, SIDELIGHT_HANDOVER_DIR: folder },
  }).ended
  const plain = await launch(t, app, { flags: [], env: { ...env, ...SILENT } }).ended
  stock.child.kill('SIGTERM')
  await stock.ended
  t.match(plain, { code: 3, stdout: '14 in stock\n', stderr: '' })
  t.strictSame(traced, plain)
  // Who ends by process.exit leaves what is not sent yet to the collector in the folder.
  // What is on its way at that moment is there as well, and may have arrived.
  const found = [...sent, ...spansIn(folder)]
  const spans = [...new Map(found.map((span) => [span.spanId, span])).values()]
  const own = spans.filter(({ traceId }) =>
    spans.some((span) => span.traceId === traceId && span.resource['service.name'] === 'shop'),
  )
  t.strictSame(treesOf(own), [
    'shop CLIENT GET sidelight/undici\n  stock SERVER GET sidelight/http\n    stock CLIENT SELECT sidelight/pg',
    'shop CLIENT SELECT sidelight/pg',
  ])
})

t.test('a server that SIGTERM stops has sent the spans of all it answered', async (t) => {
  const { env, stock, spans } = await startStock(t, true)
  const [port = 0] = await freePorts(1)
  const shop = launch(t, layOut(t, 'express.cjs'), {
    flags: ['--require', BOOTSTRAP],
    env: { ...env, PORT: `${port}` },
  })
  await listening(shop)
  const asked = Array.from({ length: 300 }, (_, index) =>
    fetch(`http://127.0.0.1:${port}/orders/${index}`).then((answer) => answer.text()),
  )
  await Promise.all(asked)
  shop.child.kill('SIGTERM')
  t.match(await shop.ended, { code: 0, stderr: '' })
  stock.child.kill('SIGTERM')
  t.match(await stock.ended, { code: 0, stderr: '' })
  t.equal(spans.length, asked.length * 4)
  t.equal(treesOf(spans).length, asked.length)
})

interface Told {
  readonly spans: readonly ReceivedSpan[]
  readonly logs: readonly ReceivedLog[]
  readonly points: readonly ReceivedPoint[]
}

interface Served extends Told {
  readonly answers: readonly string[]
  readonly shop: Ended
  readonly stock: Ended
}

/** Starts both services, asks the first one, and ends them in the order they depend on each other. */
async function serve(t: Test, { app, libraries, flags = [] }: Real, isTraced: boolean) {
  const { env, stock, ...told } = await startStock(t, isTraced)
  const [port = 0] = await freePorts(1)
  const file = layOut(t, app, libraries)
  const shop = launch(t, file, {
    // Where tsx looks for its settings.
    cwd: dirname(file),
    flags: [...(isTraced ? ['--require', BOOTSTRAP] : []), ...flags],
    env: { ...env, PORT: `${port}` },
  })
  await listening(shop)
  const answers: string[] = []
  for (const path of ['/health', ...Array.from({ length: ORDERS }, (_, id) => `/orders/${id}`)]) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`)
    answers.push(`${answer.status} ${await answer.text()}`)
  }
  shop.child.kill('SIGTERM')
  const shopEnded = await shop.ended
  stock.child.kill('SIGTERM')
  return { ...told, answers, shop: shopEnded, stock: await stock.ended } satisfies Served
}

/** The second service; `env` is what the first is to be given. */
async function startStock(t: Test, isTraced: boolean) {
  const { spans, logs, points, url } = await startReceiver(t)
  const { connectionString } = await withDatabase(t, { migrated: false })
  const [port = 0] = await freePorts(1)
  const common = {
    APP_DATABASE_URL: connectionString,
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    // Once, at the end, so that counts are of all of it.
    OTEL_METRIC_EXPORT_INTERVAL: '600000',
  }
  const stock = launch(t, layOut(t, 'stock.cjs'), {
    flags: isTraced ? ['--require', BOOTSTRAP] : [],
    env: { ...common, OTEL_SERVICE_NAME: 'stock', PORT: `${port}` },
  })
  await listening(stock)
  const env = { ...common, OTEL_SERVICE_NAME: 'shop', STOCK_URL: `http://127.0.0.1:${port}` }
  return { spans, logs, points, stock, env }
}

function spansIn(folder: string): ReceivedSpan[] {
  const files = readdirSync(folder).filter((name) => name.startsWith('traces-'))
  return files.flatMap((name) => {
    const file = readFileSync(join(folder, name))
    const body = file.subarray(file.indexOf('\n') + 1)
    return spansOf(decode(body, 'application/x-protobuf', ExportTraceServiceRequest))
  })
}

const SILENT = { OTEL_SDK_DISABLED: 'true' }

function listening(application: Application): Promise<unknown> {
  return until(
    () => application.stdout().split('\n').includes('listening'),
    READY_MS,
    'an open port',
  )
}

function layOut(t: Test, app: string, libraries: 'current' | 'older' = 'current'): string {
  const folder = join(dirname(stage(t, 'crash.cjs', libraries)), 'app')
  cpSync(join(APPS, 'real'), folder, { recursive: true })
  const api = join('node_modules', '@opentelemetry', 'api')
  link(join(ROOT, api), join(folder, api))
  return join(folder, app)
}

const KINDS = ['', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']

/** Each tree of spans as text, indented, in the order of the alphabet. A span whose parent is not there is a tree as well. */
function treesOf(spans: readonly ReceivedSpan[]): string[] {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const draw = (span: ReceivedSpan, indent: string): string => {
    const { resource, kind, name, scope, spanId } = span
    const below = spans
      .filter(({ parentSpanId, traceId }) => parentSpanId === spanId && traceId === span.traceId)
      .map((child) => draw(child, `${indent}  `))
    const orphan = indent === '' && span.parentSpanId !== '' ? ' without its parent' : ''
    const line = `${indent}${String(resource['service.name'])} ${KINDS[kind]} ${name} ${scope}${orphan}`
    return [line, ...below.sort()].join('\n')
  }
  return spans
    .filter(({ parentSpanId }) => !known.has(parentSpanId))
    .map((root) => draw(root, ''))
    .sort()
}

/** A record a line, each in the server's span of its request; in a thread the span is that of the request it works for. */
function compareLogs(t: Test, app: string, scope: string, { logs, spans }: Told): void {
  for (const [service, body, from] of [
    ['shop', 'order asked for', scope],
    ['stock', 'stock read', 'sidelight/pino'],
  ]) {
    const told = logs.filter((log) => log.resource['service.name'] === service && log.body === body)
    t.equal(told.length, ORDERS, `${app}: lines of ${service}`)
    for (const { traceId, spanId, scope } of told) {
      t.equal(scope, from)
      const span = spans.find((span) => span.spanId === spanId && span.traceId === traceId)
      t.match(span, { kind: 2, resource: { 'service.name': service } }, 'the span of its request')
    }
    t.equal(new Set(told.map(({ spanId }) => spanId)).size, ORDERS, 'each another')
  }
}

function countOf(points: readonly ReceivedPoint[], service: string): number {
  return points
    .filter(({ metric, resource }) => metric === DURATION && resource['service.name'] === service)
    .reduce((sum, { count = 0 }) => sum + count, 0)
}

/** What it printed, without the ids that loggers write into their lines, and what differs between any two runs: order, too. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/,"(?:trace_id|span_id|trace_flags)":"[0-9a-f]+"/g, '')
    .replaceAll(/127\.0\.0\.1:\d+|\(node:\d+\)/g, '')
    .split('\n')
    .sort()
}

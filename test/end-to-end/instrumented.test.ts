/** Two services under the bootstrap, the built collector and Postgres: what was told of them is found over the API. */
import { cpSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import {
  ADMIN_TOKEN,
  collectors,
  dataFolder,
  freePorts,
  readMetric,
  type RunningCollector,
} from '../helpers/collector'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { type Application, APPS, BOOTSTRAP, launch, stage } from '../instrumentation/application'

t.setTimeout(110_000)

const PATIENCE_MS = 40_000
const ORDERS = 3
const PAYMENTS = 4

t.test('what two services did is found over the API, once', async (t) => {
  const collector = await run(t)

  await t.test('a trace is the tree of both services, with their log records', async (t) => {
    const lines = await logsOf(collector, { service: 'shop', text: 'order asked for' })
    t.equal(lines.length, ORDERS)
    t.equal(new Set(lines.map(({ traceId }) => traceId)).size, ORDERS)
    for (const { traceId } of lines) {
      const path = `/api/admin/observability/traces/${traceId}`
      const { tree, logs, services, occurrences } = await ask<Trace>(collector, path)
      t.strictSame(tree.map(draw), [
        [
          'shop server GET /orders/:id',
          [
            ['shop client SELECT payment'],
            ['shop client GET', [['stock server GET', [['stock client SELECT']]]]],
          ],
        ],
      ])
      t.strictSame([services, occurrences], [['shop', 'stock'], []])
      const told = await logsOf(collector, { traceId: traceId! })
      t.strictSame(told, logs)
      const [shop] = tree
      const stock = shop?.children[1]?.children[0]
      t.strictSame(
        told.map(({ service, body, spanId }) => [service, body, spanId]),
        [
          ['shop', 'order asked for', shop?.spanId],
          ['stock', 'stock read', stock?.spanId],
        ],
      )
    }
  })

  await t.test(
    'the durations of requests have counted each once, also those before a crash',
    async (t) => {
      const query = {
        name: 'http.server.request.duration',
        aggregation: 'count',
        groupBy: 'service,attribute.http.route,attribute.http.response.status_code',
      }
      const { series } = await ask<Metric>(collector, '/api/v1/metrics/query', query)
      const counted = series.map(({ labels, values }) => [
        ...Object.values(labels),
        values.reduce((sum: number, value) => sum + Number(value), 0),
      ])
      t.strictSame(counted, [
        ['shop', '/orders/:id', '200', ORDERS],
        ['shop', '/payments/:id', '500', PAYMENTS],
        // The service without a framework.
        ['stock', null, '200', ORDERS],
      ])
    },
  )

  const { errors } = await ask<Errors>(collector, '/api/v1/errors')
  t.equal(errors.length, 2)
  const detailOf = (name: string) => {
    const id = errors.find((error) => error.class === name)?.id
    return ask<Detail>(collector, `/api/v1/errors/${id}`)
  }

  await t.test(
    'an error that is thrown and logged is one group, counted once a request',
    async (t) => {
      const { group, latest, traceIds } = await detailOf('PaymentError')
      t.match(group, {
        service: 'shop',
        operation: 'GET /payments/:id',
        class: 'PaymentError',
        code: 'E_PAYMENT',
        message: 'cannot pay order <int>',
        culprit: 'book (app/payments.cjs)',
        occurrenceCount: PAYMENTS,
        severeCount: PAYMENTS,
        unhandledCount: 0,
      })
      const told = latest.exceptions.map(({ class: name, code, message, frames }) => {
        const own = frames.filter((frame) => frame.isInApp)
        return [name, code, message, own.map((frame) => [frame.path, frame.function])]
      })
      const file = 'app/payments.cjs'
      const caller = [file, null]
      t.strictSame(told, [
        ['PaymentError', 'E_PAYMENT', `cannot pay order ${PAYMENTS}`, [[file, 'pay'], caller]],
        [
          'error',
          '23505',
          'duplicate key value violates unique constraint "payment_pkey"',
          [[file, 'book'], [file, 'pay'], caller],
        ],
      ])
      const lines = await logsOf(collector, { service: 'shop', text: 'payment refused' })
      // Of throws that are alike not all are kept.
      t.ok(traceIds.length > 1 && traceIds.every((id) => lines.some((line) => line.traceId === id)))
      t.equal(lines.length, PAYMENTS)
    },
  )

  await t.test('what nobody caught is a fatal error with its trace', async (t) => {
    const { group, latest } = await detailOf('RangeError')
    t.match(group, { service: 'shop', occurrenceCount: 1, unhandledCount: 1, code: null })
    t.match(latest, { severity: 'fatal', isHandled: false, message: 'nothing catches this' })
    const path = `/api/admin/observability/traces/${latest.traceId}`
    const { tree, logs, occurrences } = await ask<Trace>(collector, path)
    t.strictSame(tree.map(draw), [['shop server GET']])
    t.strictSame(
      logs.map(({ body, severity }) => [body, severity]),
      [
        ['about to fail', 'info'],
        ['nothing catches this', 'fatal'],
      ],
    )
    t.match(occurrences, [{ class: 'RangeError', spanId: tree[0]?.spanId }])
  })
})

interface Node {
  readonly spanId: string
  readonly service?: string
  readonly kind?: string
  readonly name?: string
  readonly children: readonly Node[]
}

interface Log {
  readonly service: string
  readonly body: unknown
  readonly severity: string | null
  readonly traceId: string | null
  readonly spanId: string | null
}

interface Trace {
  readonly services: readonly string[]
  readonly tree: readonly Node[]
  readonly logs: readonly Log[]
  readonly occurrences: readonly unknown[]
}

interface Metric {
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string | null>>
    readonly values: readonly (number | null)[]
  }[]
}

interface Errors {
  readonly errors: readonly { readonly id: string; readonly class: string }[]
}

interface Detail {
  readonly group: object
  readonly latest: {
    readonly traceId: string | null
    readonly exceptions: readonly {
      readonly class: string
      readonly code: string | null
      readonly message: string
      readonly frames: readonly {
        readonly path: string
        readonly function: string | null
        readonly isInApp: boolean
      }[]
    }[]
  }
  readonly traceIds: readonly string[]
}

/** Runs the services, asks them until one ends, and waits until all of it is stored. */
async function run(t: Test): Promise<RunningCollector> {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0, shopPort = 0, stockPort = 0] = await freePorts(4)
  const dataDir = dataFolder(t)
  const options = { databaseUrl: connectionString, otlpPort, apiPort, dataDir }
  const collector = await collectors(t).start(options)
  const database = await withDatabase(t, { migrated: false })
  const app = layOut(t)
  const start = (name: string, file: string, port: number) =>
    launch(t, join(app, file), {
      flags: ['--require', BOOTSTRAP],
      env: {
        APP_DATABASE_URL: database.connectionString,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl,
        OTEL_SERVICE_NAME: name,
        SIDELIGHT_HANDOVER_DIR: join(dataDir, 'handover'),
        STOCK_URL: `http://127.0.0.1:${stockPort}`,
        PORT: `${port}`,
      },
    })
  const stock = start('stock', 'stock.cjs', stockPort)
  const shop = start('shop', 'payments.cjs', shopPort)
  await Promise.all([stock, shop].map(listening))
  const get = (path: string) => fetch(`http://127.0.0.1:${shopPort}${path}`)
  for (let id = 1; id <= ORDERS; id++) t.equal((await get(`/orders/${id}`)).status, 200)
  for (let id = 1; id <= PAYMENTS; id++) t.equal((await get(`/payments/${id}`)).status, 500)
  await t.rejects(get('/crash'))
  t.match(await shop.ended, { code: 1, stderr: /RangeError: nothing catches this/ })
  stock.child.kill('SIGTERM')
  t.match(await stock.ended, { code: 0, stderr: '' })
  const isStored = async () =>
    // What they left is there when they have ended, and goes when it is committed.
    !readdirSync(join(dataDir, 'handover')).some((name) => name.endsWith('.otlp')) &&
    (await readMetric(collector, 'sidelight_spool_records')) === 0 &&
    (await logsOf(collector, { service: 'shop', eventName: 'exception' })).length > 0
  await until(isStored, PATIENCE_MS, 'all of it in Postgres')
  return collector
}

/** The applications in a folder of their own, beside the newest libraries. */
function layOut(t: Test): string {
  const folder = join(dirname(stage(t, 'crash.cjs', 'current')), 'app')
  cpSync(join(APPS, 'real'), folder, { recursive: true })
  return folder
}

function listening(application: Application): Promise<unknown> {
  return until(() => application.stdout().includes('listening\n'), PATIENCE_MS, 'an open port')
}

function draw({ service, kind, name, children }: Node): unknown[] {
  const drawn = [`${service} ${kind} ${name}`]
  return children.length === 0 ? drawn : [...drawn, children.map(draw)]
}

async function logsOf(collector: RunningCollector, query: Query): Promise<readonly Log[]> {
  return (await ask<{ logs: readonly Log[] }>(collector, '/api/v1/logs', query)).logs
}

type Query = Readonly<Record<string, string>>

async function ask<T>(collector: RunningCollector, path: string, query: Query = {}): Promise<T> {
  const answer = await fetch(`${collector.apiUrl}${path}?${new URLSearchParams(query)}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

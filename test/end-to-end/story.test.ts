/** Two services with correlation middleware, the built collector and Postgres: one question tells the whole story of an id. */
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
import { APPS, BOOTSTRAP, launch, ROOT, stage } from '../instrumentation/application'

t.setTimeout(110_000)

const PATIENCE_MS = 40_000

t.test('a correlation id tells what two services did for it', async (t) => {
  const { collector, answers } = await run(t)
  const [, failed] = answers
  t.match(failed, {
    status: 502,
    headers: { 'x-correlation-id': 'c-2', 'x-service': 'gateway' },
    body: { correlationId: 'c-2', userId: 'ann', bill: 500 },
  })

  await t.test('its request, its spans and log records, and why it failed', async (t) => {
    const { requestId } = failed!.body
    const byCorrelation = await ask<Story>(collector, '/api/v1/correlations/c-2')
    const byRequest = await ask<Story>(collector, `/api/v1/correlations/${requestId}`)
    for (const story of [byCorrelation, byRequest]) {
      t.match(story.request, {
        service: 'gateway',
        name: 'GET /orders/:id',
        kind: 'server',
        statusCode: 502,
        status: 'error',
      })
      t.strictSame([story.traceIds.length, story.services], [1, ['gateway', 'billing']])
      t.strictSame(
        // In order of start, but by the clocks of two processes.
        story.spans.map(({ service, kind, name }) => `${service} ${kind} ${name}`).sort(),
        [
          'billing client SELECT',
          'billing server GET /bills/:id',
          'gateway client GET',
          'gateway client SELECT',
          'gateway internal bill',
          'gateway server GET /orders/:id',
        ],
      )
      t.strictSame(
        story.logs.filter(({ body }) => body !== null).map(({ service, body }) => [service, body]),
        [
          ['gateway', 'order asked for'],
          ['billing', 'bill made'],
          ['billing', 'bill refused'],
        ],
      )
      t.ok(
        story.errors.some(
          ({ service, message }) => service === 'billing' && message === 'no bill for order 2',
        ),
      )
    }
  })

  await t.test('each span and record of both services carries the id and the user', async (t) => {
    const { spans, logs } = await ask<Story>(collector, '/api/v1/correlations/c-2')
    for (const { name, service, attributes } of [...spans, ...logs]) {
      const what = `${service} ${name ?? ''}`
      t.equal(attributes['correlation.id'], 'c-2', what)
      // The gateway asks the database who it is.
      if (name !== 'SELECT' || service !== 'gateway') t.equal(attributes['user.id'], 'ann', what)
    }
    t.equal(new Set(spans.map(({ attributes }) => attributes['request.id'])).size, 2)
  })

  await t.test('another id tells of its own request alone', async (t) => {
    const { services, errors, logs, traceIds } = await ask<Story>(
      collector,
      '/api/v1/correlations/c-1',
    )
    t.strictSame([services, errors, traceIds.length], [['gateway', 'billing'], [], 1])
    t.ok(logs.every(({ attributes }) => attributes['user.id'] === 'bob'))
  })

  await t.test('the error says whom it has hit', async (t) => {
    const { errors } = await ask<{ errors: { id: string; class: string }[] }>(
      collector,
      '/api/v1/errors',
    )
    const group = errors.find((error) => error.class === 'RangeError')
    const detail = await ask<object>(collector, `/api/v1/errors/${group?.id}`)
    t.match(detail, {
      group: { service: 'billing', userCount: 1, occurrenceCount: 1 },
      latest: { userId: 'ann', correlationId: 'c-2' },
    })
  })
})

interface Item {
  readonly service: string
  readonly kind?: string
  readonly name?: string
  readonly body?: unknown
  readonly attributes: Readonly<Record<string, unknown>>
}

interface Story {
  readonly request: object
  readonly traceIds: readonly string[]
  readonly services: readonly string[]
  readonly spans: readonly Item[]
  readonly logs: readonly Item[]
  readonly errors: readonly { readonly service: string; readonly message: string }[]
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
}

/** Runs the services, asks for an order of each of two users, and waits until all of it is stored. */
async function run(t: Test): Promise<{ collector: RunningCollector; answers: Answer[] }> {
  const { connectionString } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0, gatewayPort = 0, billingPort = 0] = await freePorts(4)
  const dataDir = dataFolder(t)
  const collector = await collectors(t).start({
    databaseUrl: connectionString,
    otlpPort,
    apiPort,
    dataDir,
  })
  const database = await withDatabase(t, { migrated: false })
  const folder = join(dirname(stage(t, 'crash.cjs', 'current')), 'app')
  cpSync(join(APPS, 'story'), folder, { recursive: true })
  const start = (name: string, file: string, port: number) =>
    launch(t, join(folder, file), {
      flags: ['--require', BOOTSTRAP],
      env: {
        APP_DATABASE_URL: database.connectionString,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.otlpUrl,
        OTEL_SERVICE_NAME: name,
        SIDELIGHT_HANDOVER_DIR: join(dataDir, 'handover'),
        SIDELIGHT: join(ROOT, 'dist', 'instrumentation', 'index.js'),
        BILLING_URL: `http://127.0.0.1:${billingPort}`,
        PORT: `${port}`,
      },
    })
  const services = [
    start('billing', 'billing.mjs', billingPort),
    start('gateway', 'gateway.cjs', gatewayPort),
  ]
  for (const { stdout } of services) {
    await until(() => stdout().includes('listening\n'), PATIENCE_MS, 'an open port')
  }
  const answers: Answer[] = []
  for (const [order, authorization] of [
    [1, 'bob'],
    [2, 'ann'],
  ] as const) {
    const headers = { authorization, 'x-correlation-id': `c-${order}` }
    const answer = await fetch(`http://127.0.0.1:${gatewayPort}/orders/${order}`, { headers })
    answers.push({
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: (await answer.json()) as Answer['body'],
    })
  }
  for (const { child, ended } of services) {
    child.kill('SIGTERM')
    t.match(await ended, { code: 0, stderr: '' })
  }
  const isStored = async () =>
    // What they left is there when they have ended, and goes when it is committed.
    !readdirSync(join(dataDir, 'handover')).some((name) => name.endsWith('.otlp')) &&
    (await readMetric(collector, 'sidelight_spool_records')) === 0 &&
    (await spansOf(collector, 'c-2')) === SPANS
  await until(isStored, PATIENCE_MS, 'all of it in Postgres')
  return { collector, answers }
}

const SPANS = 6

async function spansOf(collector: RunningCollector, id: string): Promise<number> {
  const answer = await get(collector, `/api/v1/correlations/${id}`)
  return answer.ok ? ((await answer.json()) as Story).spans.length : 0
}

async function ask<T>(collector: RunningCollector, path: string): Promise<T> {
  const answer = await get(collector, path)
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

function get(collector: RunningCollector, path: string): Promise<Response> {
  return fetch(`${collector.apiUrl}${path}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
}

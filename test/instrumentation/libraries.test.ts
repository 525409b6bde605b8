import t, { type Test } from 'tap'
import { withDatabase } from '../helpers/postgres'
import { run } from './application'
import { CLIENT, type ReceivedSpan, SERVER, startReceiver } from './receiver'
import { startRedis } from './redis'

t.setTimeout(240_000)

const HTTP = 'sidelight/http'
const UNDICI = 'sidelight/undici'

for (const kind of ['cjs', 'mjs']) {
  t.test(`a node:http server and its client are traced (${kind})`, async (t) => {
    const { spans, stdout, stderr } = await traced(t, `http.${kind}`)
    t.equal(stdout, 'hello from /greeting\n')
    t.equal(stderr, '')
    t.equal(spans.length, 2)
    const client = find(spans, HTTP, CLIENT)
    const server = find(spans, HTTP, SERVER)
    t.equal(server.parentSpanId, client.spanId, 'the context travelled in the request')
    t.equal(server.traceId, client.traceId)
    t.match(server.attributes, { 'url.path': '/greeting', 'http.response.status_code': 200 })
  })

  t.test(`an Express app is traced with its routes (${kind})`, async (t) => {
    const { spans, stdout, stderr } = await traced(t, `express.${kind}`)
    t.equal(stdout, '{"id":"7"}\n')
    t.equal(stderr, '')
    const server = find(spans, HTTP, SERVER)
    t.equal(server.name, 'GET /orders/:id')
    t.equal(server.attributes['http.route'], '/orders/:id')
    t.equal(server.parentSpanId, find(spans, UNDICI, CLIENT).spanId)
    t.equal(spans.length, 2, 'no span for its middleware and handlers')
  })

  t.test(`a Fastify app is traced with its routes without doing anything (${kind})`, async (t) => {
    const { spans, stderr } = await traced(t, `fastify.${kind}`)
    t.equal(stderr, '')
    const server = find(spans, HTTP, SERVER)
    t.equal(server.name, 'GET /orders/:id')
    t.equal(server.attributes['http.route'], '/orders/:id')
    t.equal(spans.length % 2, 0, 'a client and a server, and nothing else')
  })

  t.test(`a query of pg is traced with its text (${kind})`, async (t) => {
    const database = await withDatabase(t, { migrated: false })
    const { spans, stdout, stderr } = await traced(t, `pg.${kind}`, {
      APP_DATABASE_URL: database.connectionString,
    })
    t.equal(stdout, '42\n')
    t.equal(stderr, '')
    t.equal(spans.length, 1)
    t.match(find(spans, 'sidelight/pg', CLIENT), {
      attributes: {
        'db.query.text': 'select $1::int + 1 as answer',
        'db.namespace': database.name,
      },
    })
  })

  t.test(`a command of ioredis is traced under its request (${kind})`, async (t) => {
    const { spans, stdout, stderr } = await traced(t, `ioredis.${kind}`, {
      APP_REDIS_URL: await startRedis(t, '4711'),
    })
    t.equal(stdout, '4711\n')
    t.equal(stderr, '')
    const server = find(spans, HTTP, SERVER)
    const get = spans.find(({ scope }) => scope === 'sidelight/ioredis')
    t.match(get, { kind: CLIENT, name: 'GET', parentSpanId: server.spanId })
  })
}

t.test('what a Fastify handler throws is on its span', async (t) => {
  const { spans } = await traced(t, 'fastify.cjs')
  const failed = spans.find(
    ({ kind, attributes }) => kind === SERVER && attributes['url.path'] === '/orders/bad',
  )
  t.match(failed, {
    status: { code: 2 },
    events: [{ name: 'exception', attributes: { 'exception.message': 'no such order' } }],
  })
})

t.test('a request of undici is traced', async (t) => {
  const { spans, stdout } = await traced(t, 'undici.cjs')
  t.equal(stdout, 'from undici\n')
  t.equal(spans.length, 2)
  t.equal(find(spans, HTTP, SERVER).parentSpanId, find(spans, UNDICI, CLIENT).spanId)
})

t.test('OTEL_NODE_DISABLED_INSTRUMENTATIONS and _ENABLED_ choose the libraries', async (t) => {
  const disabled = await traced(t, 'express.cjs', {
    OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'express, undici',
  })
  t.same(new Set(disabled.spans.map(({ scope }) => scope)), new Set([HTTP]))
  const enabled = await traced(t, 'express.cjs', { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'undici' })
  t.same(new Set(enabled.spans.map(({ scope }) => scope)), new Set([UNDICI]))
})

async function traced(t: Test, app: string, env: NodeJS.ProcessEnv = {}) {
  const receiver = await startReceiver(t)
  const ended = await run(t, app, { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env } })
  t.equal(ended.code, 0)
  return { ...ended, spans: receiver.spans }
}

function find(spans: readonly ReceivedSpan[], scope: string, kind: number): ReceivedSpan {
  const span = spans.find((span) => span.scope === scope && span.kind === kind)
  if (span === undefined) throw new Error(`no span of kind ${kind} from ${scope}`)
  return span
}

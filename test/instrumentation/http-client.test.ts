import t from 'tap'
import { run } from './application'
import { CLIENT, type ReceivedSpan, SERVER, startReceiver } from './receiver'

t.setTimeout(240_000)

/** Path, method, status code, kind of error, and whether the status is an error. */
const EXPECTED = [
  ['/array', 'POST', 200, undefined, false],
  ['/cut', 'GET', 200, 'ECONNRESET', true],
  ['/expects', 'PUT', 200, undefined, false],
  ['/has', 'GET', 200, undefined, false],
  ['/missing', 'GET', 404, '404', true],
  ['/nobody', 'GET', undefined, 'ECONNREFUSED', true],
  ['/options', 'GET', 200, undefined, false],
  ...Array.from({ length: 50 }, () => ['/pool', 'GET', 200, undefined, false]),
  ['/reset', 'GET', undefined, 'ECONNRESET', true],
  ['/text?sig=REDACTED&a=1', 'GET', 200, undefined, false],
  ['/unheard', 'GET', 200, undefined, false],
  ['/url', 'GET', 200, undefined, false],
  // One was aborted, which is no failure, the other destroyed.
  ['/waits', 'GET', undefined, undefined, false],
  ['/waits', 'GET', undefined, 'ECONNRESET', true],
]

t.test('each request of node:http has one span, and goes as it would without', async (t) => {
  const bare = await run(t, 'calls.mjs', { flags: [] })
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, APP_SPANS: 'yes' }
  const traced = await run(t, 'calls.mjs', { env })
  t.equal(traced.stdout, bare.stdout, 'events, headers, listeners and errors are the same')
  t.same([traced.code, traced.stderr], [bare.code, bare.stderr])
  const clients = receiver.spans.filter(({ kind }) => kind === CLIENT)
  t.same(clients.map(describe).sort(), EXPECTED.map((each) => JSON.stringify(each)).sort())
  t.same(new Set(clients.map(({ scope }) => scope)), new Set(['sidelight/http']))
  for (const client of clients) {
    const url = String(client.attributes['url.full'])
    t.notMatch(url, /user|pass|secret/, 'no credentials')
    t.match(client.attributes, { 'server.address': '127.0.0.1', 'server.port': Number })
    if (client.attributes['http.response.status_code'] === undefined) continue
    t.match(client.attributes, {
      'network.protocol.version': '1.1',
      'network.peer.address': '127.0.0.1',
    })
  }
  const servers = receiver.spans.filter(({ kind }) => kind === SERVER)
  const ids = new Set(clients.map(({ spanId }) => spanId))
  const strays = servers.filter(({ parentSpanId }) => !ids.has(parentSpanId))
  t.same(
    strays.map(({ attributes }) => attributes['url.path']),
    ['/suppressed'],
    'what must not be traced tells no other of it',
  )
})

t.test('what a request failed with is on its span', async (t) => {
  const receiver = await startReceiver(t)
  await run(t, 'calls.mjs', { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } })
  const nobody = receiver.spans.find((span) => pathOf(span) === '/nobody')
  t.match(nobody, {
    status: { code: 2, message: 'connect ECONNREFUSED 127.0.0.1:1' },
    events: [{ name: 'exception' }],
  })
})

function describe(span: ReceivedSpan): string {
  const { attributes, status } = span
  return JSON.stringify([
    pathOf(span),
    span.name,
    attributes['http.response.status_code'],
    attributes['error.type'],
    status.code === 2,
  ])
}

function pathOf({ attributes }: ReceivedSpan): string {
  return String(attributes['url.full']).replace(/^http:\/\/127\.0\.0\.1:\d+/, '')
}

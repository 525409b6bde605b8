import t from 'tap'
import { BOOTSTRAP, launch, run, stage } from './application'
import { type ReceivedSpan, SERVER, startReceiver } from './receiver'

t.setTimeout(240_000)

/** What every request of answers.cjs to the plain server is described by. */
const COMMON = {
  'http.request.method': 'GET',
  'url.scheme': 'http',
  'network.protocol.version': '1.1',
  'network.peer.address': '127.0.0.1',
  'client.address': '127.0.0.1',
  'server.address': 'shop.example',
  'server.port': 8080,
  'http.response.status_code': 200,
}

type Expected = Readonly<Record<string, unknown>>

const EXPECTED: readonly Expected[] = [
  {
    'url.path': '/plain',
    'url.query': 'q=1&sig=REDACTED&X-Goog-Signature=REDACTED#',
    'user_agent.original': 'test/1',
  },
  {
    'http.request.method': 'POST',
    'url.path': '/body',
    'server.address': 'a',
    'server.port': undefined,
  },
  { 'url.path': '/fails', 'http.response.status_code': 503, 'error.type': '503' },
  { 'url.path': '/throws', 'http.response.status_code': undefined, 'error.type': 'RangeError' },
  { 'url.path': '/destroyed', 'http.response.status_code': undefined, 'error.type': 'TypeError' },
  { 'url.path': '/waits', 'http.response.status_code': undefined, 'error.type': 'aborted' },
  { 'url.path': '/half', 'error.type': 'aborted' },
  { 'url.path': '/two' },
  { 'url.path': '/two' },
  { 'url.path': '/absolute', 'url.query': 'x' },
  { 'url.path': '//double' },
  { 'http.request.method': 'OPTIONS', 'url.path': '*', 'server.address': '::1', 'server.port': 81 },
  {
    'url.path': '/old',
    'network.protocol.version': '1.0',
    'server.address': undefined,
    'server.port': undefined,
  },
  {
    'http.request.method': '_OTHER',
    'http.request.method_original': 'PROPFIND',
    'url.path': '/odd',
    'server.address': 'a',
    'server.port': undefined,
  },
  {
    'url.path': '/proxied',
    'url.scheme': 'https',
    'client.address': '203.0.113.9',
    'server.address': 'www.example',
    'server.port': undefined,
  },
  {
    'url.path': '/forwarded',
    'url.scheme': 'https',
    'client.address': '[2001:db8::1]',
    'server.address': 'www.example',
    'server.port': undefined,
  },
  { 'url.path': '/expects' },
  { 'url.path': '/upgrade', 'http.response.status_code': 101 },
  { 'url.path': `/${'x'.repeat(15_000)}` },
  { 'url.path': '/unix', 'network.peer.address': undefined, 'client.address': undefined },
  {
    'http.request.method': 'POST',
    'url.path': '/second',
    'network.protocol.version': '2',
    'server.address': '127.0.0.1',
    'server.port': 0,
  },
]

t.test('each request has one span, whatever it asks for and however it ends', async (t) => {
  const bare = await run(t, 'answers.cjs', { flags: [] })
  const receiver = await startReceiver(t)
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, APP_SPANS: 'yes' }
  const traced = await run(t, 'answers.cjs', { env })
  t.equal(traced.stdout, bare.stdout, 'the application and its clients see the same')
  t.same([traced.code, traced.stderr], [bare.code, bare.stderr])
  const spans = receiver.spans
  t.equal(spans.length, EXPECTED.length, 'and no other span')
  t.same(new Set(spans.map(({ kind }) => kind)), new Set([SERVER]))
  t.same(new Set(spans.map(({ scope }) => scope)), new Set(['sidelight/http']))
  t.equal(new Set(spans.map(({ traceId }) => traceId)).size, EXPECTED.length, 'each a trace')
  const found = spans.map(({ attributes }) => describe(attributes))
  const expected = EXPECTED.map((each) => describe({ ...COMMON, ...each }))
  t.same(found.sort(), expected.sort())
})

/** A line to compare; ports of connections are whatever they are. */
function describe(attributes: Expected): string {
  const rest: Record<string, unknown> = { ...attributes, 'network.peer.port': undefined }
  if (rest['url.path'] === '/second') rest['server.port'] = 0
  const entries = Object.entries(rest).filter(([, value]) => value !== undefined)
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

t.test('only what fails in the server is an error', async (t) => {
  const receiver = await startReceiver(t)
  await run(t, 'answers.cjs', { env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url } })
  const failed = receiver.spans.filter(({ status }) => status.code === 2)
  t.same(failed.map((span) => [pathOf(span), span.status.message ?? '']).sort(), [
    ['/destroyed', 'no more'],
    ['/fails', ''],
    ['/throws', 'too far'],
  ])
  const thrown = failed.find((span) => pathOf(span) === '/throws')
  t.match(thrown?.events, [{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }])
  t.equal(receiver.spans.find((span) => pathOf(span) === '/odd')?.name, 'HTTP')
  t.equal(receiver.spans.find((span) => pathOf(span) === '/body')?.name, 'POST')
})

function pathOf({ attributes }: ReceivedSpan): unknown {
  return attributes['url.path']
}

for (const libraries of ['current', 'older'] as const) {
  t.test(`nobody sees on a message that it is followed: ${libraries} Express`, async (t) => {
    const app = stage(t, 'printed.cjs', libraries)
    const bare = await launch(t, app, { flags: [] }).ended
    const receiver = await startReceiver(t)
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
    const traced = await launch(t, app, { flags: ['--require', BOOTSTRAP], env }).ended
    t.same([traced.code, traced.stderr], [bare.code, bare.stderr])
    t.same(seenBy(traced.stdout), seenBy(bare.stdout))
    t.match(receiver.spans.map(({ name }) => name).sort(), ['GET', 'GET /shop/orders/:id'])
  })
}

/** But for the trace context that is sent. */
function seenBy(stdout: string): unknown {
  return JSON.parse(stdout.replaceAll(/00-[0-9a-f]{32}-[0-9a-f]{16}-01/g, 'PARENT'))
}

import t from 'tap'
import { BOOTSTRAP, launch, stage } from './application'
import { CLIENT, type ReceivedSpan, SERVER, startReceiver } from './receiver'

t.setTimeout(240_000)

/** Path, method, status code, kind of error, and whether the status is an error. */
const EXPECTED = [
  ['/missing', 'GET', 404, '404', true],
  ['/moved', 'GET', 302, undefined, false],
  ['/nobody', 'GET', undefined, 'ECONNREFUSED', true],
  ['/plain?sig=REDACTED', 'GET', 200, undefined, false],
  ['/post', 'POST', 200, undefined, false],
  ['/reset', 'GET', undefined, 'UND_ERR_SOCKET', true],
  ['/target', 'GET', 200, undefined, false],
  ['/undici', 'GET', 200, undefined, false],
  ['/undici', 'GET', 200, undefined, false],
  ['/undici', 'PUT', 200, undefined, false],
  // Aborted by the application, which is no failure.
  ['/waits', 'GET', undefined, undefined, false],
]

for (const libraries of ['current', 'older'] as const) {
  t.test(`each request of fetch and undici has one span (${libraries})`, async (t) => {
    const app = stage(t, 'fetches.cjs', libraries)
    const bare = await launch(t, app, { flags: [] }).ended
    const receiver = await startReceiver(t)
    const traced = await launch(t, app, {
      flags: ['--require', BOOTSTRAP],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, APP_SPANS: 'yes' },
    }).ended
    t.same(traced, bare, 'answers, headers and errors are the same')
    const clients = receiver.spans.filter(({ kind }) => kind === CLIENT)
    t.same(clients.map(describe).sort(), EXPECTED.map((each) => JSON.stringify(each)).sort())
    t.same(new Set(clients.map(({ scope }) => scope)), new Set(['sidelight/undici']))
    const ids = new Set(clients.map(({ spanId }) => spanId))
    const servers = receiver.spans.filter(({ kind }) => kind === SERVER)
    t.equal(servers.length, EXPECTED.length - 1)
    t.ok(servers.every(({ parentSpanId }) => ids.has(parentSpanId)))
  })
}

function describe({ name, attributes, status }: ReceivedSpan): string {
  return JSON.stringify([
    String(attributes['url.full']).replace(/^http:\/\/127\.0\.0\.1:\d+/, ''),
    name,
    attributes['http.response.status_code'],
    attributes['error.type'],
    status.code === 2,
  ])
}

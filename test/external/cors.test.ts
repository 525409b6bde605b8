import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { collectors, dataFolder, freePorts } from '../helpers/collector'
import { traces } from '../helpers/otlp'
import { withDatabase } from '../helpers/postgres'
import { until } from '../helpers/until'
import { Browser } from './browser'

const TIMEOUT_MS = 60_000

/** Serves a page that exports a span over OTLP/JSON, and takes what became of that. */
async function servePage(t: Test, service: string, otlpUrl: string) {
  const send = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: traces({ service }, 'json').toString(),
  }
  const page = `<!doctype html><script>
    fetch('${otlpUrl}/v1/traces', ${JSON.stringify(send)})
      .then((response) => 'status ' + response.status, (error) => error.name)
      .then((body) => fetch('/outcome', { method: 'POST', body }))
  </script>`
  let told: string | null = null
  const server = createServer((request, response) => {
    if (request.url === '/outcome') void text(request).then((outcome) => (told = outcome))
    response.setHeader('content-type', 'text/html').end(page)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, outcome: () => until(() => told, TIMEOUT_MS, `the outcome of ${service}`) }
}

t.test('a browser lets a page that is named send, and no other', async (t) => {
  const { connectionString: databaseUrl } = await withDatabase(t)
  const [otlpPort = 0, apiPort = 0] = await freePorts(2)
  const otlpUrl = `http://127.0.0.1:${otlpPort}`
  const named = await servePage(t, 'named', otlpUrl)
  const other = await servePage(t, 'other', otlpUrl)
  const env = { SIDELIGHT_OTLP_CORS_ORIGINS: named.origin }
  await collectors(t).start({ databaseUrl, otlpPort, apiPort, dataDir: dataFolder(t), env })
  const browser = await Browser.start(t)
  await browser.open(named.origin)
  t.equal(await named.outcome(), 'status 200')
  await browser.open(other.origin)
  t.equal(await other.outcome(), 'TypeError', 'a fetch that is not allowed says no more')
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  t.teardown(() => client.end())
  const { rows } = await client.query('select service from sidelight.spans')
  t.strictSame(rows, [{ service: 'named' }])
})

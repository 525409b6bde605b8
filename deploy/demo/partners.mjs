import { createServer } from 'node:http'
import { once } from 'node:events'

const IMPORT_EVERY_MS = 3_601_000
const IMPORTED_ITEMS = 950
const REQUEST_TIMEOUT_MS = 10_000

/**
 * Those the shop has to do with: they take its webhooks, but for the warehouse, which is never well; one of them imports the
 * catalogue at once and whenever its hour is over, which is 95 % of what it may ask for.
 */
export async function openPartners() {
  const server = createServer((request, response) => {
    request.resume()
    response.statusCode = request.url.startsWith('/hooks/warehouse') ? 503 : 204
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  let timer
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async beginImports(gatewayUrl) {
      timer = setInterval(importCatalogue, IMPORT_EVERY_MS, gatewayUrl)
      await importCatalogue(gatewayUrl)
    },
    stop() {
      clearInterval(timer)
      server.closeAllConnections()
      server.close()
    },
  }
}

/** The shop is part of the show: whether it takes the import is seen in its telemetry. */
async function importCatalogue(gatewayUrl) {
  await fetch(`${gatewayUrl}/imports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ org: 'acme', items: IMPORTED_ITEMS }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch(() => {})
}

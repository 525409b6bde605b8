// The door of the shop: what a browser talks to. Passes orders on to the orders service.
import express from 'express'
import { tellAccess } from './access.mjs'
import { logIn } from './login.mjs'
import { RateLimits } from './rate-limits.mjs'
import sidelight from './sidelight.cjs'
import { takeUpload } from './uploads.mjs'

const { createModuleLogger, expressCorrelation, logAdminAction, withMonitoring } = sidelight
const { ORDERS_URL, PORT = '0' } = process.env

const log = createModuleLogger('gateway')
const limits = new RateLimits()
const app = express()
// A gateway knows who a customer is; here the customer says so.
app.use(expressCorrelation())

// Has its own line in the access log, and counts as one of the API.
app.get(
  '/reports/sales',
  withMonitoring(async (request, response) => {
    await passOn(await fetch(`${ORDERS_URL}/reports/sales`), response)
  }),
)

app.use(tellAccess)
app.use((request, response, next) => {
  const apiKey = request.get('x-api-key')
  if (apiKey === undefined || limits.take('api_key', apiKey)) next()
  else response.status(429).json({ error: 'too many requests' })
})
app.post('/uploads', express.raw({ type: () => true, limit: '1mb' }), takeUpload)
app.use(express.json())
app.post('/login', logIn)

app.post('/checkout', async (request, response) => {
  request.log.metric('checkout.items', request.body.quantity)
  const answer = await fetch(`${ORDERS_URL}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request.body),
  })
  await passOn(answer, response)
})

app.get('/orders/:id', async (request, response) => {
  await passOn(await fetch(`${ORDERS_URL}/orders/${request.params.id}`), response)
})

/** A partner takes over the catalogue: each item counts as a request. */
app.post('/imports', (request, response) => {
  const { org, items } = request.body
  const isAllowed = limits.take('org', org, items)
  const outcome = isAllowed ? 'success' : 'failed'
  logAdminAction({ action: 'catalogue.import', actor: { id: org, type: 'org' }, outcome, items })
  log.info({ org, items, outcome }, 'a partner imports the catalogue')
  response.status(isAllowed ? 202 : 429).json({ org, items })
})

async function passOn(answer, response) {
  const status = answer.status >= 500 ? 502 : answer.status
  response.status(status).json(await answer.json())
}

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`gateway listening on http://127.0.0.1:${server.address().port}`)
})

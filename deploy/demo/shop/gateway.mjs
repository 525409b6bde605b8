// The door of the shop: what a browser talks to. Passes everything on to the orders service.
import express from 'express'

const { ORDERS_URL, PORT = '0' } = process.env

const app = express()
app.use(express.json())

app.post('/checkout', async (request, response) => {
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

app.get('/reports/sales', async (request, response) => {
  await passOn(await fetch(`${ORDERS_URL}/reports/sales`), response)
})

async function passOn(answer, response) {
  const status = answer.status >= 500 ? 502 : answer.status
  response.status(status).json(await answer.json())
}

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`gateway listening on http://127.0.0.1:${server.address().port}`)
})

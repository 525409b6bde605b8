// Keeps the orders in Postgres and has them paid.
const fastify = require('fastify')
const { checkOut } = require('./checkout.cjs')
const { registerRules } = require('./rules.cjs')
const { fastifyCorrelation } = require('./sidelight.cjs')
const { createTables, findOrder, readSales } = require('./store.cjs')
const { registerWebhooks } = require('./webhooks.cjs')
const { startWork } = require('./work.cjs')

const { PORT = '0' } = process.env

const app = fastify()
app.register(fastifyCorrelation)
// What an error says is not for customers.
app.setErrorHandler((error, request, reply) => {
  reply.code(error.statusCode ?? 500).send({ error: 'the order could not be placed' })
})

app.post('/orders', async (request, reply) => {
  const { status, body } = await checkOut(request.body)
  return reply.code(status).send(body)
})

app.get('/orders/:id', async (request, reply) => {
  const order = await findOrder(request.params.id)
  return order ?? reply.code(404).send({ error: 'no such order' })
})

app.get('/reports/sales', readSales)

async function start() {
  await createTables()
  registerWebhooks()
  registerRules()
  startWork()
  console.log(`orders listening on ${await app.listen({ port: Number(PORT), host: '127.0.0.1' })}`)
}

start()

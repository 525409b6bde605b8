// Keeps the orders in Postgres and has them paid.
const fastify = require('fastify')
const { Pool } = require('pg')

const { DATABASE_URL, PAYMENTS_URL, PORT = '0' } = process.env

const pool = new Pool({ connectionString: DATABASE_URL, max: 4 })
pool.on('error', () => {}) // an idle connection was lost; the next query opens another
const app = fastify()

class PaymentError extends Error {
  name = 'PaymentError'
}

app.post('/orders', async function placeOrder(request, reply) {
  const { sku, quantity, card } = request.body
  const found = await pool.query('select price from sidelight_demo.item where sku = $1', [sku])
  if (found.rowCount === 0) return reply.code(404).send({ error: `no item ${sku}` })
  const amount = found.rows[0].price * quantity
  const order = await pool.query(
    'insert into sidelight_demo.purchase (sku, quantity, amount) values ($1, $2, $3) returning id',
    [sku, quantity, amount],
  )
  const { id } = order.rows[0]
  const payment = await pay({ order: id, amount, card })
  const state = payment.ok ? 'paid' : 'unpaid'
  await pool.query('update sidelight_demo.purchase set state = $2 where id = $1', [id, state])
  if (payment.status >= 500) {
    throw new PaymentError(`order ${id} is not paid: payments answered ${payment.status}`)
  }
  if (!payment.ok) return reply.code(payment.status).send(await payment.json())
  return reply.code(201).send({ id, amount, state })
})

async function pay(charge) {
  return fetch(`${PAYMENTS_URL}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(charge),
  })
}

app.get('/orders/:id', async (request, reply) => {
  const { rows } = await pool.query(
    'select id, sku, quantity, amount, state from sidelight_demo.purchase where id = $1',
    [request.params.id],
  )
  return rows.length === 0 ? reply.code(404).send({ error: 'no such order' }) : rows[0]
})

// Slow on purpose.
app.get('/reports/sales', async () => {
  const { rows } = await pool.query(
    `select sku, sum(amount) as sales from sidelight_demo.purchase, pg_sleep(0.6 + random() * 0.6)
     where state = 'paid' group by sku order by sales desc limit 10`,
  )
  return rows
})

async function start() {
  await pool.query('create schema if not exists sidelight_demo')
  await pool.query(
    'create table if not exists sidelight_demo.item (sku text primary key, price int not null)',
  )
  await pool.query(
    `create table if not exists sidelight_demo.purchase (
       id bigint generated always as identity primary key, sku text not null, quantity int not null,
       amount int not null, state text not null default 'new')`,
  )
  await pool.query(
    `insert into sidelight_demo.item values ('lamp', 4900), ('chair', 12900), ('desk', 34900)
     on conflict do nothing`,
  )
  console.log(`orders listening on ${await app.listen({ port: Number(PORT), host: '127.0.0.1' })}`)
}

start()

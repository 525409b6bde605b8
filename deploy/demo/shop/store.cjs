// What the shop keeps in Postgres.
const { Pool } = require('pg')
const { trackCache, trackDatabaseQuery, trackQuery } = require('./sidelight.cjs')

const FRESH_MS = 2_000

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 4 })
pool.on('error', () => {}) // an idle connection was lost; the next query opens another

/** Prices change seldom: they are asked for every two seconds at most. */
const prices = new Map()

/** The price of an item; undefined when there is none. */
async function findPrice(sku) {
  const known = prices.get(sku)
  const isFresh = known !== undefined && known.readAt > performance.now() - FRESH_MS
  trackCache('prices', isFresh ? 'hit' : 'miss')
  if (isFresh) return known.price
  const { rows } = await trackDatabaseQuery('SELECT', 'item', () =>
    pool.query('select price from sidelight_demo.item where sku = $1', [sku]),
  )
  prices.set(sku, { price: rows[0]?.price, readAt: performance.now() })
  return rows[0]?.price
}

async function addOrder(sku, quantity, amount) {
  const { rows } = await pool.query(
    'insert into sidelight_demo.purchase (sku, quantity, amount) values ($1, $2, $3) returning id',
    [sku, quantity, amount],
  )
  return rows[0].id
}

async function setState(id, state) {
  await pool.query('update sidelight_demo.purchase set state = $2 where id = $1', [id, state])
}

async function findOrder(id) {
  const { rows } = await pool.query(
    'select id, sku, quantity, amount, state from sidelight_demo.purchase where id = $1',
    [id],
  )
  return rows[0]
}

/** Slow on purpose. */
async function readSales() {
  const { rows } = await trackQuery('sales report', () =>
    pool.query(
      `select sku, sum(amount) as sales from sidelight_demo.purchase, pg_sleep(0.6 + random() * 0.6)
       where state = 'paid' group by sku order by sales desc limit 10`,
    ),
  )
  return rows
}

async function createTables() {
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
}

module.exports = { addOrder, createTables, findOrder, findPrice, readSales, setState }

// Everything between an order that is asked for and one that is paid.
const { PLANTED } = require('./planted.cjs')
const { addOrder, findPrice, setState } = require('./store.cjs')
const { orderPaid } = require('./work.cjs')
const {
  addSpanEvent,
  businessEvent,
  createModuleLogger,
  logDataChange,
} = require('./sidelight.cjs')
const { traceOperation, trackCost, trackError, trackExternalApiCall } = require('./sidelight.cjs')

const { PAYMENTS_URL } = process.env
/** What one answer of the fraud check costs, US dollars. */
const FRAUD_CHECK_USD = 0.002

const log = createModuleLogger('checkout')
const checkout = businessEvent('checkout')

/** A failure of payments. Its text has an address with a secret in it, as such texts do. */
class PaymentError extends Error {
  name = 'PaymentError'
}

/** Resolves with the status and body to answer with. */
async function checkOut({ sku, quantity, card, customer }) {
  log.info({ sku, quantity, customer }, 'an order is asked for')
  checkout.started({ sku, count: quantity })
  try {
    const answer = await traceOperation('check out', 'checkout', (span) => {
      return placeOrder({ sku, quantity, card }, span)
    })
    const { status, body } = answer
    const fields = { sku, count: quantity, costUsd: FRAUD_CHECK_USD }
    if (status < 400) checkout.completed({ ...fields, order: body.id })
    else checkout.failed({ ...fields, error: body.error })
    return answer
  } catch (error) {
    checkout.failed({ sku, count: quantity, costUsd: FRAUD_CHECK_USD, error })
    trackError(error, { module: 'checkout', operation: 'check out', sku })
    throw error
  }
}

async function placeOrder({ sku, quantity, card }, span) {
  const price = await findPrice(sku)
  if (price === undefined) return { status: 404, body: { error: `no item ${sku}` } }
  const amount = price * quantity
  await checkFraud(amount)
  const id = await addOrder(sku, quantity, amount)
  addSpanEvent(span, 'order added', { order: id })
  const payment = await pay({ order: id, amount, card })
  const state = payment.ok ? 'paid' : 'unpaid'
  await setState(id, state)
  logDataChange({
    operation: 'update',
    entity: 'order',
    id,
    changes: { state: { from: 'new', to: state } },
  })
  if (payment.status >= 500) {
    const address = `${PAYMENTS_URL}/charges?access_token=${PLANTED.message}`
    throw new PaymentError(`an order is not paid: ${address} answered ${payment.status}`)
  }
  if (!payment.ok) return { status: payment.status, body: await payment.json() }
  orderPaid({ id, amount })
  return { status: 201, body: { id, amount, state } }
}

/** Asked of somebody else, who is paid by the answer. */
async function checkFraud(amount) {
  await trackExternalApiCall('fraud-score', 'scores.create', async () => amount < 1_000_000)
  trackCost(FRAUD_CHECK_USD, { endpoint: '/checkout' })
}

async function pay(charge) {
  return fetch(`${PAYMENTS_URL}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(charge),
  })
}

module.exports = { checkOut }

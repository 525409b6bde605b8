// What is done once an order is paid, a second later and all at once.
const { runRules } = require('./rules.cjs')
const { createModuleLogger, trackJob, trackQueue } = require('./sidelight.cjs')
const { deliver } = require('./webhooks.cjs')

const INTERVAL_MS = 1_000

const log = createModuleLogger('work')
let waiting = []

function orderPaid(order) {
  waiting.push({ ...order, at: Date.now() })
}

function startWork() {
  setInterval(() => {
    if (waiting.length > 0) void trackJob('order-events', workOff, { module: 'work' })
  }, INTERVAL_MS).unref()
}

async function workOff() {
  const taken = waiting
  waiting = []
  const oldestAgeMs = Date.now() - taken[0].at
  runRules(taken)
  const failed = await deliver('order.paid', { orders: taken.map(({ id }) => id) })
  trackQueue('order-events', {
    depth: waiting.length,
    oldestAgeMs,
    processed: taken.length,
    failed,
  })
  log.debug({ orders: taken.length, failed }, 'orders are worked off')
}

module.exports = { orderPaid, startWork }

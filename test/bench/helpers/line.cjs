/**
 * Writes lines of one shape by one logger, and says on stderr how many nanoseconds a line takes. Arguments: `ours`, `bare` (pino, set
 * up the way its documentation has it for the same line) or `clock` (the same with our timestamp), and `flat` or `nested`.
 */
'use strict'
const { writeSync } = require('node:fs')

const [, , kind, shape] = process.argv
const SLICES = 200
const SLICE = 500
let lastMs = 0
let lastText = ''

const logger =
  kind === 'ours'
    ? require('sidelight').createModuleLogger('payments')
    : bareLogger(kind === 'clock')
const write = shape === 'flat' ? writeFlat : writeNested

void main()

async function main() {
  const nanos = []
  for (let slice = 0; slice < SLICES; slice++) {
    const start = process.hrtime.bigint()
    for (let at = 0; at < SLICE; at++) write(at)
    nanos.push(Number(process.hrtime.bigint() - start) / SLICE)
    // What was written goes out now, not while others are made.
    await new Promise((resolve) => logger.flush(resolve))
  }
  // The fastest tenth: whatever else the machine does makes a slice slower only.
  nanos.sort((a, b) => a - b)
  writeSync(2, JSON.stringify({ nanos: nanos[SLICES / 10] }))
}

function writeFlat(at) {
  logger.info(
    { orderId: `ord_${at & 255}`, userId: 'user_42', durationMs: at },
    'order placed in the shop',
  )
}

function writeNested(at) {
  const customer = { name: 'ada', address: { city: 'London' } }
  const items = [
    { sku: 'a', count: 1 },
    { sku: 'b', count: at },
  ]
  logger.info({ orderId: `ord_${at & 255}`, customer, items }, 'order placed in the shop')
}

function bareLogger(hasClock) {
  const { pino } = require('pino')
  const root = pino({
    base: { app: 'shop', version: '1.0.0' },
    messageKey: 'message',
    timestamp: hasClock
      ? keptTimestamp
      : () => `,"timestamp":"${new Date(Date.now()).toISOString()}"`,
    formatters: { level: (level) => ({ level }) },
  })
  return root.child({ logger: 'payments', module: 'payments' })
}

function keptTimestamp() {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastText = `,"timestamp":"${new Date(now).toISOString()}"`
  }
  return lastText
}

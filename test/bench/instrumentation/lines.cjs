/** Writes lines with pino inside a span, and says the CPU a line took. */
'use strict'
const { trace } = require('@opentelemetry/api')
const { pino } = require('pino')

const WARM_UP = 20_000
const LINES = 100_000
/** So many at a time, so that batches go out in between. */
const BURST = 400

const log = pino({ base: { service: 'bench' } }, pino.destination('/dev/null'))
main()

async function main() {
  await trace.getTracer('bench').startActiveSpan('lines', async (span) => {
    await write(WARM_UP)
    const before = process.cpuUsage()
    await write(LINES)
    const { user, system } = process.cpuUsage(before)
    span.end()
    console.log('bench ' + JSON.stringify({ microsALine: (user + system) / LINES }))
  })
  process.exit(0)
}

async function write(count) {
  for (let line = 0; line < count; line++) {
    log.info({ user: 'u-17', items: line, ok: true }, 'an order was taken')
    if (line % BURST === 0) await new Promise((resolve) => setImmediate(resolve))
  }
}

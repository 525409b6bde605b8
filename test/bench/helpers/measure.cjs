/** Calls each helper many times inside an operation, and says how many microseconds a call of each takes. */
'use strict'
const sidelight = require('sidelight')
const { callsOf } = require('./calls.cjs')

const BURSTS = 60
const WARM_UP = 40
/** So many calls at a time, and a pause in which what they made goes out: what is lost or kept for later costs differently. */
const BURST = 100
const PAUSE_MS = 4

sidelight.traceOperation('bench', 'bench', async (span) => {
  const micros = {}
  const calls = callsOf(sidelight, span)
  // The engine must not know what is measured now from what was measured before: all are warm first.
  for (const call of Object.values(calls)) await measure(call, WARM_UP)
  for (const [name, call] of Object.entries(calls)) micros[name] = await measure(call, BURSTS)
  console.log('bench ' + JSON.stringify({ micros }))
  process.exit(0)
})

/** The median of bursts. */
async function measure(call, bursts) {
  const micros = []
  for (let burst = 0; burst < bursts; burst++) {
    const start = process.hrtime.bigint()
    for (let at = 0; at < BURST; at++) call()
    micros.push(Number(process.hrtime.bigint() - start) / 1e3 / BURST)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  return micros.sort((a, b) => a - b)[bursts >> 1]
}

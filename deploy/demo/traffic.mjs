const GOOD_CARD = '4242 4242 4242 4242'
const SLOW_CARD = '4000 0000 0000 0341'
const DECLINED_CARD = '4000 0000 0000 0002'
const BROKEN_CARD = '4000 0000 0000 0119'

/** What customers do and how often, in percent. `bought` is the number of good orders so far. */
const MIX = [
  { percent: 72, choose: (random) => checkout(random, { card: GOOD_CARD }) },
  { percent: 10, choose: (random, bought) => ({ path: `/orders/${1 + below(random, bought)}` }) },
  { percent: 6, choose: (random) => checkout(random, { card: SLOW_CARD }) },
  { percent: 5, choose: (random) => checkout(random, { card: DECLINED_CARD }) },
  { percent: 3, choose: (random) => checkout(random, { card: GOOD_CARD, sku: 'unicorn' }) },
  { percent: 2, choose: (random) => checkout(random, { card: BROKEN_CARD }) },
  { percent: 2, choose: () => ({ path: '/reports/sales' }) },
]

const SLOW_MS = 500
const TICK_MS = 50
const MAX_IN_FLIGHT = 200
const REQUEST_TIMEOUT_MS = 10_000

/** Returns a function that gives the next request of a customer; the same seed gives the same requests in the same order. */
export function createCustomer(seed) {
  const random = mulberry32(seed)
  let bought = 0
  return () => {
    const { choose } = choice(random() * 100)
    // Nobody asks for an order before there is one.
    const request = bought === 0 ? MIX[0].choose(random) : choose(random, bought)
    if (request.body?.card === GOOD_CARD) bought += 1
    return request
  }
}

/** Sends `rate` requests a second to `url` until it is stopped. `counts` grows meanwhile. */
export function startTraffic({ url, seed, rate }) {
  const next = createCustomer(seed)
  const counts = { sent: 0, slow: 0, failed: 0, skipped: 0 }
  const inFlight = new Set()
  const startedAt = performance.now()
  const passed = () => ((performance.now() - startedAt) / 1000) * rate
  let due = 0
  let isHeld = false
  const timer = setInterval(() => {
    if (isHeld) return
    for (const now = passed(); due < now; due += 1) {
      if (inFlight.size >= MAX_IN_FLIGHT) {
        counts.skipped += 1
        continue
      }
      const request = send(url, next(), counts).finally(() => inFlight.delete(request))
      inFlight.add(request)
    }
  }, TICK_MS)
  return {
    counts,
    /** Nothing is in flight during `work`, as when a load balancer has drained what is replaced. */
    async hold(work) {
      isHeld = true
      await Promise.all(inFlight)
      await work()
      due = passed()
      isHeld = false
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(inFlight)
    },
  }
}

function choice(percentile) {
  let left = percentile
  return MIX.find(({ percent }) => (left -= percent) < 0) ?? MIX[0]
}

/** A well-known small generator of numbers in [0, 1). */
function mulberry32(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function checkout(random, { card, sku = ['lamp', 'chair', 'desk'][below(random, 3)] }) {
  const body = { sku, quantity: 1 + below(random, 3), card }
  return { method: 'POST', path: '/checkout', body }
}

function below(random, limit) {
  return Math.floor(random() * limit)
}

async function send(url, { method = 'GET', path, body }, counts) {
  counts.sent += 1
  const startedAt = performance.now()
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    if (!answer.ok) counts.failed += 1
  } catch {
    // The shop is part of the show: a request that got no answer is one that failed.
    counts.failed += 1
  }
  if (performance.now() - startedAt > SLOW_MS) counts.slow += 1
}

import { createRequire } from 'node:module'

const { PLANTED } = createRequire(import.meta.url)('./shop/planted.cjs')

const GOOD_CARD = '4242 4242 4242 4242'
const SLOW_CARD = '4000 0000 0000 0341'
const DECLINED_CARD = '4000 0000 0000 0002'
const BROKEN_CARD = '4000 0000 0000 0119'

/** What customers do and how often, in percent. `bought` is the number of good orders so far. */
const MIX = [
  { percent: 66, choose: (random) => checkout(random, { card: GOOD_CARD }) },
  { percent: 10, choose: (random, bought) => ({ path: `/orders/${1 + below(random, bought)}` }) },
  { percent: 6, choose: (random) => checkout(random, { card: SLOW_CARD }) },
  { percent: 5, choose: (random) => checkout(random, { card: DECLINED_CARD }) },
  { percent: 3, choose: (random) => checkout(random, { card: GOOD_CARD, sku: 'unicorn' }) },
  { percent: 2, choose: (random) => checkout(random, { card: BROKEN_CARD }) },
  { percent: 2, choose: () => ({ path: '/reports/sales' }) },
  { percent: 4, choose: (random) => upload(random) },
  { percent: 2, choose: (random) => login(random) },
]

const USERS = ['u-ada', 'u-grace', 'u-linus', 'u-margaret']
const FORGETFUL_USER = 'u-forgetful'
const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/png', 'application/pdf']
const MOST_PICTURE_BYTES = 80_000

const SLOW_MS = 500
const TICK_MS = 50
const MAX_IN_FLIGHT = 200
const REQUEST_TIMEOUT_MS = 10_000

/** Returns a function that gives the next request of a customer; the same seed gives the same requests in the same order. */
export function createCustomer(seed) {
  const random = mulberry32(seed)
  let bought = 0
  return () => {
    const user = USERS[below(random, USERS.length)]
    const { choose } = choice(random() * 100)
    // Nobody asks for an order before there is one.
    const request = { user, ...(bought === 0 ? MIX[0] : { choose }).choose(random, bought) }
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

/** A checkout with a card that cannot be charged. */
export function brokenCheckout() {
  return checkout(() => 0, { card: BROKEN_CARD }).body
}

function checkout(random, { card, sku = ['lamp', 'chair', 'desk'][below(random, 3)] }) {
  const quantity = 1 + below(random, 3)
  const body = { sku, quantity, card, customer: { newsletter: false, password: PLANTED.password } }
  return { method: 'POST', path: '/checkout', body }
}

function upload(random) {
  const type = PICTURE_TYPES[below(random, PICTURE_TYPES.length)]
  return { method: 'POST', path: '/uploads', type, bytes: below(random, MOST_PICTURE_BYTES) }
}

function login(random) {
  const user = below(random, 3) === 0 ? FORGETFUL_USER : USERS[below(random, USERS.length)]
  const body = { user, password: PLANTED.password }
  return { method: 'POST', path: `/login?access_token=${PLANTED.query}`, user, body }
}

function below(random, limit) {
  return Math.floor(random() * limit)
}

async function send(url, { method = 'GET', path, ...request }, counts) {
  counts.sent += 1
  const startedAt = performance.now()
  try {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: headersOf(request),
      body: bodyOf(request),
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

/** What a browser and a gateway before this one would send, secrets included. */
export function headersOf({ user, type = 'application/json' }) {
  return {
    'content-type': type,
    'x-user-id': user,
    'x-api-key': PLANTED.apiKey,
    authorization: `Bearer ${PLANTED.authorization}`,
    cookie: `session=${PLANTED.session}`,
  }
}

function bodyOf({ body, bytes }) {
  if (bytes !== undefined) return Buffer.alloc(bytes)
  return body === undefined ? undefined : JSON.stringify(body)
}

import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { get } from './collector.mjs'
import { brokenCheckout, headersOf } from './traffic.mjs'

const CORRELATIONS = '/api/v1/correlations'
const REQUEST_TIMEOUT_MS = 10_000
const POLL_MS = 250
/** What a checkout that fails leaves behind, beside its spans. */
const EVENTS = ['sidelight.business', 'sidelight.cost', 'exception']

/** A customer checks out with a card that cannot be charged. Resolves with the correlation id of that. */
export async function failCheckout(gatewayUrl) {
  const correlationId = `checkout-${randomUUID().slice(0, 8)}`
  const answer = await fetch(`${gatewayUrl}/checkout`, {
    method: 'POST',
    headers: { ...headersOf({ user: 'u-ada' }), 'x-correlation-id': correlationId },
    body: JSON.stringify(brokenCheckout()),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  await answer.arrayBuffer()
  return answer.headers.get('x-correlation-id')
}

/** Whether the collector tells the whole story of a correlation id, with spans of `services` services, within the time. */
export async function isStoryTold({ apiUrl }, { token, id, services, timeoutMs, signal }) {
  const deadline = performance.now() + timeoutMs
  while (performance.now() < deadline && !signal.aborted) {
    const story = await get(`${apiUrl}${CORRELATIONS}/${id}`, token)
    const told = new Set(story?.logs.map(({ eventName }) => eventName))
    const isWhole = EVENTS.every((name) => told.has(name))
    if (isWhole && story.services.length >= services) return true
    await wait(POLL_MS)
  }
  return false
}

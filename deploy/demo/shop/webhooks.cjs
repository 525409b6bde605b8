// Tells others what happens in the shop.
const { PLANTED } = require('./planted.cjs')
const { registerWebhook, trackWebhookDelivery } = require('./sidelight.cjs')

const MOST_FAILURES = 12
const PAUSE_MS = 60_000
const TIMEOUT_MS = 2_000

/** The warehouse never answers well, and nobody returns anything to this shop. */
const WEBHOOKS = [
  { id: 'wh_accounting', event: 'order.paid', enabled: true },
  { id: 'wh_mail', event: 'order.paid', enabled: true },
  { id: 'wh_warehouse', event: 'order.paid', enabled: true },
  { id: 'wh_partner', event: 'order.returned', enabled: true },
  { id: 'wh_old_shop', event: 'order.paid', enabled: false },
]

/** The failures in a row of a webhook, and when it is tried again. */
const state = new Map(WEBHOOKS.map(({ id }) => [id, { failures: 0, pausedUntil: 0 }]))

function registerWebhooks() {
  for (const { id, enabled } of WEBHOOKS) registerWebhook({ id, url: urlOf(id), enabled })
}

/** Tells those who want to know; resolves with how many could not be told. */
async function deliver(event, body) {
  const told = WEBHOOKS.filter(
    ({ id, enabled, ...webhook }) =>
      enabled && webhook.event === event && state.get(id).pausedUntil <= Date.now(),
  )
  const delivered = await Promise.all(told.map(({ id }) => attempt(id, body)))
  return delivered.filter((isDelivered) => !isDelivered).length
}

/** After twelve failures in a row it is tried once a minute. */
async function attempt(id, body) {
  const startedAt = performance.now()
  const error = await send(urlOf(id), body)
  const durationMs = performance.now() - startedAt
  trackWebhookDelivery(id, error === undefined ? 'sent' : 'failed', durationMs, error)
  const webhook = state.get(id)
  webhook.failures = error === undefined ? 0 : webhook.failures + 1
  if (webhook.failures >= MOST_FAILURES) webhook.pausedUntil = Date.now() + PAUSE_MS
  return error === undefined
}

/** What went wrong, if anything did. */
async function send(url, body) {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    return answer.ok ? undefined : new Error(`${url} answered ${answer.status}`)
  } catch (error) {
    return error
  }
}

function urlOf(id) {
  return `${process.env.PARTNERS_URL}/hooks/${id.slice(3)}?token=${PLANTED.webhook}`
}

module.exports = { deliver, registerWebhooks }

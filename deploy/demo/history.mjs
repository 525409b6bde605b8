import { ORDERS } from './shop.mjs'

const REQUEST_TIMEOUT_MS = 10_000
const DAY_MS = 86_400_000
const DAYS = 12
/** When the schedule of a rule was lost. */
const LOST_DAYS_AGO = 9
const MONITORING = '/api/v1/monitoring/metrics'
const REFRESH = '/api/cron/refresh-monitoring-views'
const CUSTOMERS = ['u-ada', 'u-grace', 'u-linus', 'u-margaret']

/**
 * Sends what the shop would have told in the twelve days before, as its helpers would have: that a rule ran until nine days
 * ago, that nothing was ever delivered to one webhook, and what each customer has cost. Once: where the rule is known there is
 * a history already. A collector that takes none is no reason not to open the shop.
 */
export async function sendHistory({ apiUrl, otlpUrl, ingestToken }, token) {
  if (await isKnown('rule_win_back', apiUrl, token)) return
  const nowMs = Date.now()
  await post(`${otlpUrl}/v1/logs`, ingestToken, {
    resourceLogs: [logsOf(ORDERS, ordersHistory(nowMs))],
  })
  // What the shop is about to tell comes after it.
  await post(`${apiUrl}${REFRESH}`, token, {})
}

function ordersHistory(nowMs) {
  const records = [
    event('rule.registration', nowMs - DAYS * DAY_MS, {
      'rule.id': 'rule_win_back',
      'rule.name': 'Win back customers',
      'rule.type': 'segment',
      'rule.enabled': true,
    }),
    event('webhook.registration', nowMs - DAYS * DAY_MS, {
      'webhook.id': 'wh_partner',
      'webhook.enabled': true,
    }),
  ]
  for (let day = DAYS; day > 0; day--) records.push(...ordersOfDay(day, nowMs - day * DAY_MS))
  return records
}

function ordersOfDay(day, timeMs) {
  const costs = CUSTOMERS.map((user, index) =>
    event('cost', timeMs + index * 1000, {
      'sidelight.cost_usd': 0.02 * (index + 1) + 0.01 * (day % 4),
      'user.id': user,
      'cost.endpoint': '/checkout',
    }),
  )
  const told = { 'sidelight.outcome': 'succeeded', 'sidelight.duration_ms': 80 + day }
  const delivered = event('webhook.delivery', timeMs, { ...told, 'webhook.id': 'wh_accounting' })
  if (day < LOST_DAYS_AGO) return [...costs, delivered]
  const run = { ...told, 'rule.id': 'rule_win_back', 'rule.affected_count': 100 + day }
  return [...costs, delivered, event('rule.execution', timeMs, run)]
}

function event(name, timeMs, attributes) {
  const time = `${Math.round(timeMs)}000000`
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: 9,
    severityText: 'INFO',
    eventName: `sidelight.${name}`,
    attributes: listOf(attributes),
  }
}

function logsOf(service, logRecords) {
  return {
    resource: {
      attributes: listOf({
        'service.name': service,
        'service.namespace': 'shop',
        'deployment.environment.name': 'demo',
      }),
    },
    scopeLogs: [{ scope: { name: 'sidelight' }, logRecords }],
  }
}

function listOf(attributes) {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }))
}

function valueOf(value) {
  if (typeof value === 'boolean') return { boolValue: value }
  return typeof value === 'number' ? { doubleValue: value } : { stringValue: value }
}

async function isKnown(rule, apiUrl, token) {
  const answer = await fetch(`${apiUrl}${MONITORING}?type=rule`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch(() => undefined)
  const { rules } = answer?.ok ? await answer.json() : {}
  return rules?.rules.some(({ rule_id: id }) => id === rule) ?? true
}

async function post(url, token, body) {
  await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch(() => {})
}

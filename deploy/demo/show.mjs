import { findAdminToken, findTrace } from './collector.mjs'
import { GATEWAY, SERVICE_NAMES } from './shop.mjs'
import { failCheckout, isStoryTold } from './story.mjs'

const TIMEOUT_MS = 60_000

/**
 * Prints where to look, once the collector has answered with a trace across all three services and with the story of a checkout.
 * Rejects when it does not; nothing is printed when `signal` is aborted before.
 */
export async function show({ collector, gatewayUrl, since, print, signal }) {
  const { token, shell } = findAdminToken(collector, process.env)
  const asked = { token, services: SERVICE_NAMES.length, timeoutMs: TIMEOUT_MS, signal }
  const id = await failCheckout(gatewayUrl)
  const traceId = await findTrace(collector, { ...asked, service: GATEWAY, since })
  const isTold = traceId !== undefined && (await isStoryTold(collector, { ...asked, id }))
  if (isTold) print(...linesOf(collector.apiUrl, shell, traceId, id))
  else if (!signal.aborted) throw new Error(missing(collector.apiUrl, traceId, id))
}

function missing(apiUrl, traceId, id) {
  const what = traceId === undefined ? 'trace across the three services' : `whole story of ${id}`
  return `the collector at ${apiUrl} has no ${what} after ${TIMEOUT_MS / 1000} s`
}

function linesOf(apiUrl, shell, traceId, id) {
  const curl = `curl -s -H "Authorization: Bearer ${shell}"`
  const admin = `${apiUrl}/api/admin/observability`
  const columns = 'service, name, duration_ms'
  return [
    '',
    'A trace across the three services has arrived:',
    `  ${curl} ${admin}/traces/${traceId}`,
    `  npx sidelight sql -c "select ${columns} from sidelight.spans where trace_id = '${traceId}' order by start_time"`,
    'The slow ones, and what they add up to:',
    `  ${curl} "${admin}/traces/slow?threshold=500"`,
    `  ${curl} ${admin}/traces/stats`,
    'The whole story of a checkout that failed, by its correlation id:',
    `  ${curl} ${apiUrl}/api/v1/correlations/${id}`,
    'Webhooks, automation rules, rate limits and alerts; what each customer cost a day:',
    `  ${curl} ${apiUrl}/v1/monitoring/metrics`,
    `  ${curl} "${apiUrl}/api/v1/costs?groupBy=user,endpoint,day&hours=240"`,
    '  npx sidelight sql -c "select type, severity, resource_id, message from sidelight.v_alert_conditions"',
    'How healthy the services are and why, for a terminal and for a browser:',
    `  ${curl} ${admin}/health`,
    '  npx sidelight login',
    'What fails, grouped by fault:',
    `  ${curl} ${apiUrl}/api/v1/errors`,
    'Ctrl-C ends the shop.',
    '',
  ]
}

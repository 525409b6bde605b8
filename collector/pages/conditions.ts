import type { Condition } from '../api/monitoring-contract'
import { counted } from './format'
import { html, type Html, type Part } from './html'
import { severityMark } from './status'

/** More of them than anybody reads at once. */
const MAX_CONDITIONS = 20

const WORDS: Readonly<Record<Condition['type'], string>> = {
  webhook_failure: 'Webhook',
  webhook_inactive: 'Webhook',
  rule_not_triggering: 'Rule',
  api_error_rate: 'API',
  slow_query: 'Database',
  rate_limit: 'Rate limit',
}

/** What is out of order with what applications tell of; nothing where all is in order. */
export function conditionList(conditions: readonly Condition[]): Html | null {
  if (conditions.length === 0) return null
  const rest = conditions.length - MAX_CONDITIONS
  return html`<section aria-labelledby="alerts">
    <h2 id="alerts">Alerts of webhooks, rules, limits and APIs</h2>
    <table class="conditions">
      <thead>
        <tr>
          <th scope="col">About</th>
          <th scope="col">Status</th>
          <th scope="col">What it is</th>
        </tr>
      </thead>
      <tbody>
        ${conditions.slice(0, MAX_CONDITIONS).map(row)}
      </tbody>
    </table>
    ${rest <= 0 ? null : html`<p class="fine">${counted(rest, 'alert')} more.</p>`}
  </section>`
}

function row({ type, severity, message, tenant, ...condition }: Condition): Html {
  const name = condition.resource_name || condition.resource_id
  const where = [WORDS[type], tenant].filter(Boolean).join(' / ')
  return html`<tr>
    <th scope="row">${name}<small>${where}</small></th>
    <td class="state">${severityMark(severity)}</td>
    <td>${withTrace(message)}</td>
  </tr>`
}

/** That of a slow query names the trace it was in. */
function withTrace(message: string): Part {
  const [, before = '', traceId = '', after = ''] =
    /^(.* \(trace )([0-9a-f]{32})(\))$/.exec(message) ?? []
  return traceId === ''
    ? message
    : html`${before}<a href="traces/${traceId}">${traceId.slice(0, 8)}</a>${after}`
}

import { ask, type CallOptions } from './ask'
import type { MonitoringMetrics, MonitoringMetricsQuery } from './openapi'

/** As many as an answer can have. */
const MAX_LISTED = 10_000

/** A webhook, with its deliveries. */
export type WebhookMetrics = NonNullable<MonitoringMetrics['webhooks']>['webhooks'][number]
/** A rule, with its executions. */
export type RuleMetrics = NonNullable<MonitoringMetrics['rules']>['rules'][number]
/** A rate limit, and how much of it is used. */
export type RateLimitMetrics = NonNullable<MonitoringMetrics['rate_limits']>[number]
/** Something out of order at present. */
export type AlertCondition = NonNullable<MonitoringMetrics['alerts']>['alerts'][number]

/**
 * How webhooks, rules and rate limits stand, and what is out of order: with `type` one of them, else all, each with a summary of
 * all and the worst ones first. Names are those of the SQL views; durations are milliseconds, rates percent.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getMonitoringMetrics } from 'sidelight/client'
 *
 * const { webhooks, rules, alerts } = await getMonitoringMetrics({ type: 'all' })
 * console.log(webhooks?.summary.critical_webhooks, rules?.summary.triggers_24h, alerts?.total)
 */
export function getMonitoringMetrics(
  query: MonitoringMetricsQuery = {},
  options: CallOptions = {},
): Promise<MonitoringMetrics> {
  return ask('getMonitoringMetrics', { query }, options)
}

/**
 * How the deliveries of webhooks went, the worst webhooks first, 10,000 at most; of one alone with its id, which is an empty list
 * where nobody knows it. Durations are milliseconds, `success_rate_pct` is percent, `consecutive_failures` is since the last
 * success.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getWebhookMetrics } from 'sidelight/client'
 *
 * for (const { webhook_id, success_rate_pct, consecutive_failures } of await getWebhookMetrics()) {
 *   console.log(webhook_id, `${success_rate_pct} %`, consecutive_failures)
 * }
 * const [webhook] = await getWebhookMetrics('orders-to-erp')
 * console.log(webhook?.p95_duration_ms, webhook?.last_success_at)
 */
export async function getWebhookMetrics(
  webhookId?: string,
  options: CallOptions = {},
): Promise<WebhookMetrics[]> {
  const query = { type: 'webhook', webhook_id: webhookId, limit: MAX_LISTED }
  const { webhooks } = await ask<MonitoringMetrics>('getWebhookMetrics', { query }, options)
  return webhooks?.webhooks ?? []
}

/**
 * How the executions of rules went, those first that are enabled and did nothing for 7 days, 10,000 at most.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getRuleMetrics } from 'sidelight/client'
 *
 * for (const { rule_name, rule_id, executions_7d, failure_count } of await getRuleMetrics()) {
 *   console.log(rule_name ?? rule_id, executions_7d, failure_count)
 * }
 */
export async function getRuleMetrics(options: CallOptions = {}): Promise<RuleMetrics[]> {
  const query = { type: 'rule', limit: MAX_LISTED }
  const { rules } = await ask<MonitoringMetrics>('getRuleMetrics', { query }, options)
  return rules?.rules ?? []
}

/**
 * Rate limits, the most used up first, 10,000 at most: `utilization_pct` in percent, `status` throttled, warning or normal, and
 * the seconds until it is reset.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { getRateLimitMetrics } from 'sidelight/client'
 *
 * for (const { key_type, identifier, utilization_pct, status } of await getRateLimitMetrics()) {
 *   console.log(key_type, identifier, `${utilization_pct} %`, status)
 * }
 */
export async function getRateLimitMetrics(options: CallOptions = {}): Promise<RateLimitMetrics[]> {
  const query = { type: 'rate_limit', limit: MAX_LISTED }
  const answer = await ask<MonitoringMetrics>('getRateLimitMetrics', { query }, options)
  return answer.rate_limits ?? []
}

/**
 * All that is out of order at present for one organisation (tenant), critical ones first; of all of them without an id, of what
 * belongs to none with ''. Webhooks that fail or are inactive, rules that stopped, API error rates, slow queries, rate limits,
 * the health of services and patterns of errors. Empty when nothing is. A token that is bound to a tenant asks about that one.
 *
 * A token of scope read is enough. Rejects with {@link SidelightError}.
 *
 * @example
 * import { checkAlerts } from 'sidelight/client'
 *
 * for (const { type, severity, resource_name, message } of await checkAlerts('acme')) {
 *   console.log(severity, type, resource_name, message)
 * }
 */
export async function checkAlerts(
  orgId?: string,
  options: CallOptions = {},
): Promise<AlertCondition[]> {
  const query = { type: 'alerts', ...(orgId === undefined ? undefined : { tenant: orgId }) }
  const { alerts } = await ask<MonitoringMetrics>('checkAlerts', { query }, options)
  return alerts?.alerts ?? []
}

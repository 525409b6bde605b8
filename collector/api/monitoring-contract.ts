import type { Alert } from '../health/alerts'

/** What can be asked for apart. */
export const MONITORING_PARTS = ['webhook', 'rule', 'rate_limit', 'alerts'] as const
export type MonitoringPart = (typeof MONITORING_PARTS)[number]

/** What is monitored that no alert is about, in parts as they were asked for. Fields are named like columns: they are those. */
export interface Monitored {
  readonly webhooks?: {
    readonly summary: WebhookSummary
    readonly webhooks: readonly WebhookPerformance[]
  }
  readonly rules?: { readonly summary: RuleSummary; readonly rules: readonly RulePerformance[] }
  readonly rate_limits?: readonly RateLimitUtilization[]
}

export interface WebhookSummary {
  readonly total_webhooks: number
  readonly enabled_webhooks: number
  readonly total_deliveries: number
  readonly successful_deliveries: number
  readonly failed_deliveries: number
  /** Percent; null without deliveries. */
  readonly avg_success_rate: number | null
  readonly webhooks_with_failures: number
  readonly critical_webhooks: number
}

/** A webhook; times are RFC 3339. */
export interface WebhookPerformance {
  readonly webhook_id: string
  readonly url: string | null
  readonly enabled: boolean
  readonly total_deliveries: number
  readonly successful_deliveries: number
  readonly failed_deliveries: number
  readonly success_rate_pct: number | null
  readonly avg_duration_ms: number | null
  readonly p95_duration_ms: number | null
  readonly max_duration_ms: number | null
  readonly deliveries_24h: number
  readonly deliveries_7d: number
  readonly failures_24h: number
  readonly consecutive_failures: number
  readonly last_success_at: string | null
  readonly last_failure_at: string | null
  readonly tenant: string
}

export interface RuleSummary {
  readonly total_rules: number
  readonly enabled_rules: number
  readonly total_triggers: number
  readonly triggers_24h: number
  readonly triggers_7d: number
  readonly rules_by_type: Readonly<Record<string, number>>
}

export interface RulePerformance {
  readonly rule_id: string
  readonly rule_name: string | null
  readonly rule_type: string | null
  readonly enabled: boolean
  readonly trigger_count: number
  readonly success_count: number
  readonly failure_count: number
  readonly executions_24h: number
  readonly executions_7d: number
  readonly affected_total: number
  readonly segment_member_count: number | null
  readonly last_triggered_at: string | null
  readonly tenant: string
}

export interface RateLimitUtilization {
  readonly key_type: string
  readonly identifier: string
  readonly request_count: number | null
  readonly limit_max: number | null
  readonly utilization_pct: number | null
  readonly status: 'throttled' | 'warning' | 'normal'
  readonly seconds_until_reset: number | null
  readonly tenant: string
}

/** What is out of order with it. */
export const CONDITION_TYPES = [
  'webhook_failure',
  'webhook_inactive',
  'rule_not_triggering',
  'api_error_rate',
  'slow_query',
  'rate_limit',
] as const

/** What is out of order with a webhook, a rule, a rate limit, an API or a database at present. */
export interface Condition {
  readonly type: (typeof CONDITION_TYPES)[number]
  readonly severity: Alert['severity']
  readonly resource_id: string
  readonly resource_name: string
  readonly message: string
  readonly tenant: string
}

/** The questions the API asks about what applications tell of webhooks, rules and rate limits. Each throws Unavailable. */
export interface MonitoringQueries {
  /** The worst `limit` of each, beside a summary of all. */
  readMonitored(question: {
    readonly tenant: string | null
    readonly parts: readonly MonitoringPart[]
    readonly limit: number
    /** Only this webhook; null for all. */
    readonly webhookId: string | null
  }): Promise<Monitored>
  /** Critical ones first; those of errors and of the health of services are not among them. */
  readConditions(question: { readonly tenant: string | null }): Promise<readonly Condition[]>
  /** Brings what the views read up to date, and tells up to when each is. */
  refreshViews(): Promise<{ readonly monitoringMs: number; readonly observabilityMs: number }>
}

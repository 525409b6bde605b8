import type { Alert } from '../health/alerts'

/** What can be asked for apart. */
export const MONITORING_PARTS = ['webhook', 'rule', 'rate_limit', 'alerts'] as const
export type MonitoringPart = (typeof MONITORING_PARTS)[number]

/** What is monitored that no alert is about, in parts as they were asked for: JSON of what the schema of the answer says. */
export interface Monitored {
  readonly webhooks?: string
  readonly rules?: string
  readonly rate_limits?: string
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

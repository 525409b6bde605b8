/*
 * The names of the events, and of their attributes, that rows of `catalogue`, `event` and `event_rollup` follow from. The
 * helpers have them in `instrumentation/api/attributes.ts`; a test compares the two.
 */

/** What the names of all of them begin with. */
export const EVENT_PREFIX = 'sidelight.'

export const EVENT_NAME = {
  webhookDelivery: 'sidelight.webhook.delivery',
  webhookRegistration: 'sidelight.webhook.registration',
  ruleExecution: 'sidelight.rule.execution',
  ruleRegistration: 'sidelight.rule.registration',
  apiRequest: 'sidelight.api.request',
  rateLimit: 'sidelight.rate_limit',
  business: 'sidelight.business',
  cost: 'sidelight.cost',
} as const

export const EVENT_ATTRIBUTE = {
  outcome: 'sidelight.outcome',
  durationMs: 'sidelight.duration_ms',
  costUsd: 'sidelight.cost_usd',
  webhookId: 'webhook.id',
  ruleId: 'rule.id',
  ruleAffectedCount: 'rule.affected_count',
  apiResource: 'api.resource',
  httpStatusCode: 'http.response.status_code',
  rateLimitKeyType: 'rate_limit.key_type',
  rateLimitIdentifier: 'rate_limit.identifier',
  rateLimitRequestCount: 'rate_limit.request_count',
  businessEvent: 'business.event',
  costEndpoint: 'cost.endpoint',
  userId: 'user.id',
} as const

/** What an event is about, as `catalogue` has it. */
export type EventKind = 'webhook' | 'rule' | 'api' | 'rate_limit' | 'business' | 'cost'

/** How what an event tells of ended; what was registered or observed is in no count. */
export type EventOutcome = 'succeeded' | 'failed' | 'started' | 'registered' | 'observed'

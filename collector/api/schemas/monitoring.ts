import { Type, type Static } from 'typebox'
import { AlertConditions } from './alert'
import { closed, count, orNull, text } from './field'

const tenant = text('Empty for none')
const milliseconds = (description: string) => orNull<number>('number', description)
const time = (description: string) => orNull<string>('string', `RFC 3339: ${description}`)

/** A webhook, as `mv_webhook_performance` has it. */
const Webhook = closed({
  webhook_id: text('As it was told'),
  url: orNull<string>('string', 'null until it is registered'),
  enabled: Type.Boolean({ description: 'As it was registered last; true until it is' }),
  total_deliveries: count('Ever, as far as rollups are kept'),
  successful_deliveries: count('Of them'),
  failed_deliveries: count('Of them'),
  success_rate_pct: orNull<number>('number', 'Percent; null without deliveries'),
  avg_duration_ms: milliseconds('null without a known duration'),
  p95_duration_ms: milliseconds('Within 2.2 % of exact'),
  max_duration_ms: milliseconds('Slowest'),
  deliveries_24h: count('In the last 24 hours'),
  deliveries_7d: count('In the last 7 days'),
  failures_24h: count('In the last 24 hours'),
  consecutive_failures: count('Since the last success, by the times at which they happened'),
  last_success_at: time('of the latest delivery that succeeded'),
  last_failure_at: time('of the latest delivery that failed'),
  tenant,
})

/** A rule, as `mv_rule_performance` has it. */
const Rule = closed({
  rule_id: text('As it was told'),
  rule_name: orNull<string>('string', 'null until it is registered'),
  rule_type: orNull<string>('string', 'null until it is registered'),
  enabled: Type.Boolean({ description: 'As it was registered last; true until it is' }),
  trigger_count: count('Executions'),
  success_count: count('Of them'),
  failure_count: count('Of them'),
  executions_24h: count('In the last 24 hours'),
  executions_7d: count('In the last 7 days'),
  affected_total: Type.Number({ description: 'What all executions changed together' }),
  segment_member_count: orNull<number>('number', 'As it was registered last'),
  last_triggered_at: time('of the latest execution'),
  tenant,
})

const RateLimit = closed({
  key_type: text('api_key, org or ip'),
  identifier: text('Who is limited'),
  request_count: orNull<number>('number', 'As it was observed last; 0 after the reset'),
  limit_max: orNull<number>('number', 'The limit'),
  utilization_pct: orNull<number>('number', 'Percent; null without a limit'),
  status: Type.Unsafe<'throttled' | 'warning' | 'normal'>({
    type: 'string',
    enum: ['throttled', 'warning', 'normal'],
  }),
  seconds_until_reset: orNull<number>('number', 'null where no reset was told'),
  tenant,
})

const webhooks = closed({
  summary: closed({
    total_webhooks: count('Registered, or with a delivery'),
    enabled_webhooks: count('Of them'),
    total_deliveries: count('Of all'),
    successful_deliveries: count('Of them'),
    failed_deliveries: count('Of them'),
    avg_success_rate: orNull<number>(
      'number',
      'Percent, the mean of those that have deliveries, each counting alike; null without any',
    ),
    webhooks_with_failures: count('Those whose latest delivery failed'),
    critical_webhooks: count('Enabled ones with 10 failures in a row or more'),
  }),
  webhooks: Type.Array(Webhook, { description: 'Worst first, disabled ones last' }),
})

const rules = closed({
  summary: closed({
    total_rules: count('Registered, or with an execution'),
    enabled_rules: count('Of them'),
    total_triggers: count('Executions of all'),
    triggers_24h: count('In the last 24 hours'),
    triggers_7d: count('In the last 7 days'),
    rules_by_type: Type.Record(Type.String(), count('How many'), {
      description: 'Those without a type are unknown',
    }),
  }),
  rules: Type.Array(Rule, {
    description: 'Worst first: enabled ones without an execution in 7 days, then by failures',
  }),
})

/** Webhooks, rules, rate limits and alerts. */
export const MonitoringMetrics = closed(
  {
    org_id: text('The tenant, empty for all'),
    timestamp: text('When it was answered, RFC 3339'),
    webhooks: Type.Optional(webhooks),
    rules: Type.Optional(rules),
    rate_limits: Type.Optional(Type.Array(RateLimit, { description: 'The most used up first' })),
    alerts: Type.Optional(AlertConditions),
  },
  { description: 'Parts that were not asked for are left out' },
)
export type MonitoringMetrics = Static<typeof MonitoringMetrics>

/** What a refresh came to. */
export const Refreshed = closed(
  {
    asOf: text('Up to here all views are current, RFC 3339'),
    monitoringAsOf: text('Those of webhooks, rules, API usage, rate limits and costs'),
    observabilityAsOf: text('Those of performance and errors'),
    durationMs: Type.Number({ minimum: 0, description: 'What it took' }),
  },
  { description: 'Views that are up to date' },
)

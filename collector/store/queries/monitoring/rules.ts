import type { Reading } from '../read'
import { formatTimes } from './times'

/** $1 and $2: the tenant or null, how many. First come enabled rules that do nothing, then those that fail most. */
const RULES = `
with rule as materialized (
  select rule_id, rule_name, rule_type, enabled, trigger_count, success_count, failure_count, executions_24h,
    executions_7d, affected_total, segment_member_count, last_triggered_at, tenant
  from sidelight.mv_rule_performance
  where $1::text is null or tenant = $1
),
worst as (
  select * from rule
  order by enabled desc, executions_7d > 0, failure_count desc, last_triggered_at nulls first, tenant collate "C",
    rule_id collate "C"
  limit $2
),
type as (
  select coalesce(nullif(rule_type, ''), 'unknown') as name, count(*) as count from rule group by 1
)
select count(*)::float8 as total_rules,
  count(*) filter (where enabled)::float8 as enabled_rules,
  coalesce(sum(trigger_count), 0)::float8 as total_triggers,
  coalesce(sum(executions_24h), 0)::float8 as triggers_24h,
  coalesce(sum(executions_7d), 0)::float8 as triggers_7d,
  (select coalesce(json_object_agg(name, count order by name), '{}') from type) as rules_by_type,
  (select coalesce(json_agg(worst), '[]') from worst) as rules
from rule`

/** Rules, worst first, and a summary of all of them. */
export async function readRules({ ask }: Reading, tenant: string | null, limit: number) {
  const [row] = await ask<RulesRow>({ text: RULES, values: [tenant, limit] })
  if (row === undefined) throw new Error('an aggregate has no row')
  const { rules, ...summary } = row
  return { summary, rules: rules.map((each) => formatTimes(each, ['last_triggered_at'])) }
}

interface RulesRow {
  readonly total_rules: number
  readonly enabled_rules: number
  readonly total_triggers: number
  readonly triggers_24h: number
  readonly triggers_7d: number
  readonly rules_by_type: Readonly<Record<string, number>>
  readonly rules: readonly Rule[]
}

export interface Rule {
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

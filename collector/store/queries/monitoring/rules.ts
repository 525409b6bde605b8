import { type Reading, readJson } from '../read'
import { formatTime } from './times'

/** $1 and $2: the tenant or null, how many. First come enabled rules that do nothing, then those that fail most. */
const RULES = `
with rule as materialized (
  select rule_id, rule_name, rule_type, enabled, trigger_count, success_count, failure_count, executions_24h,
    executions_7d, affected_total, segment_member_count, last_triggered_at, tenant
  from sidelight.mv_rule_performance
  where $1::text is null or tenant = $1
),
worst as (
  select rule_id, rule_name, rule_type, enabled, trigger_count, success_count, failure_count, executions_24h,
    executions_7d, affected_total, segment_member_count, ${formatTime('last_triggered_at')}, tenant
  from rule
  order by enabled desc, executions_7d > 0, failure_count desc, rule.last_triggered_at nulls first, tenant collate "C",
    rule_id collate "C"
  limit $2
),
type as (
  select coalesce(nullif(rule_type, ''), 'unknown') as name, count(*) as count from rule group by 1
)
select json_build_object(
  'summary', json_build_object(
    'total_rules', count(*),
    'enabled_rules', count(*) filter (where enabled),
    'total_triggers', coalesce(sum(trigger_count), 0),
    'triggers_24h', coalesce(sum(executions_24h), 0),
    'triggers_7d', coalesce(sum(executions_7d), 0),
    'rules_by_type', (select coalesce(json_object_agg(name, count order by name), '{}') from type)
  ),
  'rules', (select coalesce(json_agg(worst), '[]') from worst)
)::text as json
from rule`

/** Rules, worst first, and a summary of all of them: JSON, as it is answered. */
export async function readRules(
  reading: Reading,
  tenant: string | null,
  limit: number,
): Promise<string> {
  return readJson(reading, { text: RULES, values: [tenant, limit] })
}

import type { AnyValueMap } from '@opentelemetry/api-logs'
import {
  readChoice,
  readObject,
  readOptionalAmount,
  readOptionalFlag,
  readOptionalText,
  readText,
} from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { emitEvent, tell } from './emit'
import { addFailure } from './failure'
import { redactText } from './secret-texts'

/**
 * Tells that an automation rule ran. `durationMs` is how long it took, in milliseconds; `affected` how many members, orders or
 * whatever it changed; `error` an error, a text or a status code. A duration or a count that is no number of 0 or more
 * is left out; without an id, or with another status, nothing is sent. Never throws; does nothing without an
 * OpenTelemetry SDK.
 *
 * @example
 * import { trackRuleExecution } from 'sidelight'
 *
 * trackRuleExecution('rule_vip', 'success', 340, 128)
 * trackRuleExecution('rule_vip', 'failed', 20, 0, new Error('segment not found'))
 */
export function trackRuleExecution(
  ruleId: string,
  status: 'success' | 'failed',
  durationMs: number,
  affected: number,
  error?: unknown,
): void {
  tell('trackRuleExecution', () => {
    const id = readText('trackRuleExecution', 'ruleId', ruleId)
    const known = readChoice('trackRuleExecution', 'status', status, OUTCOMES)
    if (id === undefined || known === undefined) return
    const attributes: AnyValueMap = { [ATTRIBUTE.ruleId]: id, [ATTRIBUTE.outcome]: OUTCOMES[known] }
    const duration = readOptionalAmount('trackRuleExecution', 'durationMs', durationMs)
    if (duration !== undefined) attributes[ATTRIBUTE.durationMs] = duration
    const count = readOptionalAmount('trackRuleExecution', 'affected', affected)
    if (count !== undefined) attributes[ATTRIBUTE.ruleAffectedCount] = count
    if (known === 'failed') addFailure(attributes, error)
    emitEvent(EVENT.ruleExecution, attributes, known === 'failed' ? 'warn' : 'info')
  })
}

/** What is known of a rule beyond its executions. */
export interface RuleRegistration {
  readonly id: string
  readonly name?: string
  /** What kind of rule it is, as `segment` or `schedule`. */
  readonly type?: string
  /** Whether it runs at all. */
  readonly enabled?: boolean
  /** How many members the segment has that it is about. */
  readonly segmentMemberCount?: number
}

/**
 * Tells what is known of a rule: call it when the application starts, and whenever the rule is changed. The latest call counts.
 * Without an id nothing is sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { registerRule } from 'sidelight'
 *
 * registerRule({ id: 'rule_vip', name: 'Welcome VIPs', type: 'segment', enabled: true, segmentMemberCount: 5_100 })
 */
export function registerRule(rule: RuleRegistration): void {
  tell('registerRule', () => {
    const given = readObject('registerRule', rule)
    const id = readText('registerRule', 'id', given.id)
    if (id === undefined) return
    const attributes: AnyValueMap = { [ATTRIBUTE.ruleId]: id }
    const name = readOptionalText('registerRule', 'name', given.name)
    if (name !== undefined) attributes[ATTRIBUTE.ruleName] = redactText(name)
    const type = readOptionalText('registerRule', 'type', given.type)
    if (type !== undefined) attributes[ATTRIBUTE.ruleType] = redactText(type)
    const enabled = readOptionalFlag('registerRule', 'enabled', given.enabled)
    if (enabled !== undefined) attributes[ATTRIBUTE.ruleEnabled] = enabled
    const members = readOptionalAmount(
      'registerRule',
      'segmentMemberCount',
      given.segmentMemberCount,
    )
    if (members !== undefined) attributes[ATTRIBUTE.ruleSegmentMemberCount] = members
    emitEvent(EVENT.ruleRegistration, attributes)
  })
}

const OUTCOMES = { success: 'succeeded', failed: 'failed' } as const

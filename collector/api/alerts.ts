import { type Alert, bySeverity, listAlerts } from '../health/alerts'
import { composeHealth, MINUTE_MS, VERDICT_MINUTES } from '../health/system'
import type { ThresholdSet } from '../health/thresholds'
import { listPatterns, PATTERN_MS, type Patterns, REPEATED_THROWS } from '../health/patterns'
import type { ErrorCountQueries } from './error-contract'
import { describeService } from './figures'
import type { Condition, MonitoringQueries } from './monitoring-contract'
import type { AlertConditions, ListedAlert } from './schemas/alert'
import { type HealthQueries, type HealthQuestion, readHealth } from './service-health'
import { formatMs } from './window'

/** As many as anybody reads. */
const MAX_REPEATED = 100

/** What alerts are read by. */
export type AlertQueries = HealthQueries &
  Pick<ErrorCountQueries, 'countFatal' | 'listRepeated'> &
  Pick<MonitoringQueries, 'readConditions'>

/**
 * The limits that are passed at the end of the window, the patterns errors make in the hour before it, and, where it ends now and
 * is of no service, what is out of order with webhooks, rules and the like; critical ones first. Where `isUndated`, a limit is passed
 * since the begin of the window, whatever was before.
 */
export async function readAlerts(
  queries: AlertQueries,
  question: HealthQuestion,
  isUndated = false,
): Promise<ListedAlert[]> {
  const { window, tenant, service, module, nowMs } = question
  const isOfAll = service === null && module === null && window.untilMs >= nowMs
  const [answer, patterns, conditions] = await Promise.all([
    readHealth(queries, question, isUndated),
    readPatterns(queries, question),
    isOfAll ? queries.readConditions({ tenant }) : [],
  ])
  const breached = listAlerts(answer.health, answer.module, answer.window.sinceMs)
  const alerts = [...breached, ...listPatterns(patterns)]
  return bySeverity([...alerts.map(describeAlert), ...conditions.map(describeCondition)])
}

/** The limits of health that services of all tenants pass at `nowMs`; one question after the other. */
export async function readBreaches(
  { readFigures, countUnresolved }: HealthQueries,
  thresholds: ThresholdSet,
  nowMs: number,
): Promise<readonly Alert[]> {
  const window = { sinceMs: nowMs - VERDICT_MINUTES * MINUTE_MS, untilMs: nowMs }
  const everything = { tenant: null, service: null, module: null }
  const { figures } = await readFigures({
    window,
    filter: { ...everything, operation: null },
    of: 'requests',
    by: ['service'],
    stepMs: null,
  })
  const unresolved = await countUnresolved({ window, ...everything })
  const health = composeHealth({ figures, unresolved, past: null, thresholds, module: null })
  return listAlerts(health, null, window.sinceMs)
}

/** Alerts as conditions of resources, with how many there are. */
export function describeConditions(alerts: readonly ListedAlert[]): AlertConditions {
  const conditions = alerts.map(({ type, severity, resourceId, resourceName, message }) => ({
    type,
    severity,
    resource_id: resourceId,
    resource_name: resourceName,
    message,
  }))
  const critical = conditions.filter(({ severity }) => severity === 'critical').length
  const total = conditions.length
  return { total, critical, warning: total - critical, alerts: conditions }
}

async function readPatterns(
  { listRepeated, countFatal }: AlertQueries,
  { window: { untilMs }, tenant, service, module, nowMs }: HealthQuestion,
): Promise<Patterns> {
  const endMs = Math.min(untilMs, nowMs)
  const window = { sinceMs: Math.max(0, endMs - PATTERN_MS), untilMs: endMs }
  const question = { window, tenant, service, module }
  const [repeated, fatal] = await Promise.all([
    listRepeated({ ...question, least: REPEATED_THROWS, limit: MAX_REPEATED }),
    countFatal(question),
  ])
  return { repeated, fatal, module, sinceMs: window.sinceMs }
}

function describeAlert({ sinceMs, ...alert }: Alert): ListedAlert {
  const service = describeService(alert)
  return {
    type: alert.criterion,
    resourceId: alert.errorId ?? service.service,
    ...alert,
    ...service,
    since: formatMs(sinceMs),
  }
}

/** What is the collector's to tell has neither a service nor a figure. */
function describeCondition(condition: Condition): ListedAlert {
  const { type, severity, message, tenant } = condition
  const identity = { tenant, environment: null, namespace: null, service: null }
  return {
    type,
    severity,
    message,
    resourceId: condition.resource_id,
    resourceName: condition.resource_name,
    ...describeService(identity),
    module: null,
    criterion: type,
    value: null,
    limit: null,
    unit: '',
    errorId: null,
    since: null,
  }
}

import { Type, type Static } from 'typebox'
import { ALERT_CRITERIA } from '../../health/alerts'
import { FATAL_THROWS, REPEATED_THROWS } from '../../health/patterns'
import { CONDITION_TYPES } from '../monitoring-contract'
import { serviceFields } from './figure'
import { closed, count, orNull, text } from './field'

/** What an alert is about. */
const TYPES = [...ALERT_CRITERIA, ...CONDITION_TYPES] as const
type AlertType = (typeof TYPES)[number]

const AlertType = Type.Unsafe<AlertType>({
  type: 'string',
  enum: TYPES,
  description:
    `error_pattern: in an hour ${REPEATED_THROWS} throws of one unresolved error with the severity of an error, or ` +
    `${FATAL_THROWS} fatal errors of a service. webhook_failure: 5 deliveries failed in a row, critical from 10. ` +
    'webhook_inactive, rule_not_triggering: enabled, and nothing for 7 days. api_error_rate: more than half of the requests ' +
    'of an hour failed. slow_query: a database query took more than 5 s. rate_limit: more than 90 % used up',
})

const Severity = Type.Unsafe<'critical' | 'warning'>({
  type: 'string',
  enum: ['critical', 'warning'],
  description: 'warning for degraded',
})

const message = text('In words, with the figures')

/** An alert. */
export const ListedAlert = closed({
  severity: Severity,
  message,
  type: AlertType,
  resourceId: text('The service, the group of errors, the webhook, the rule, or whatever it is'),
  resourceName: text('The same for people'),
  ...serviceFields,
  module: orNull<string>('string', 'null where it is about the requests of the service'),
  criterion: AlertType,
  value: orNull<number>('number', 'null where the message alone has it'),
  limit: orNull<number>('number', 'The one that is passed; null likewise'),
  unit: text('%, ms, errors, or empty'),
  errorId: orNull<string>('string', 'The group of errors it is about, if it is about one'),
  since: orNull<string>(
    'string',
    'The first of the latest minutes in all of which it was passed, at most half an hour ago; of unresolved errors the ' +
      'last minute; of a pattern of errors the begin of the hour, or the first throw ever; null where it is not known',
  ),
})
export type ListedAlert = Static<typeof ListedAlert>

/** Limits that are passed. */
export const Alerts = Type.Array(ListedAlert, {
  description: 'Critical ones first; empty when no limit is passed',
})

/** The same as conditions of resources. */
export const AlertConditions = closed({
  total: count('Conditions'),
  critical: count('Of them'),
  warning: count('Of them'),
  alerts: Type.Array(
    closed({
      type: AlertType,
      severity: Severity,
      resource_id: text(
        'The service, the group of errors, the webhook, the rule, or whatever it is',
      ),
      resource_name: text('The same for people'),
      message,
    }),
    { description: 'Critical ones first' },
  ),
})
export type AlertConditions = Static<typeof AlertConditions>

import type { EventFields } from './event-fields'
import { EVENT_ATTRIBUTE, EVENT_NAME, type EventKind, type EventOutcome } from './event-kinds'

/** What a log record tells by its event name and attributes. */
export interface LogEvent {
  readonly kind: EventKind
  readonly subject: string
  readonly detail: string
  /** Null of what neither succeeds nor fails. */
  readonly outcome: EventOutcome | null
  /** -1 when it is not known. */
  readonly durationNs: number
  readonly amount: number | null
  /** Whether it is asked for one by one, and then with its attributes. */
  readonly keeps: 'nothing' | 'row' | 'row and attributes'
}

/** Tells what a log record of this event name says; null where it does not name its subject, or how it ended. */
export function readEvent(eventName: string, fields: EventFields): LogEvent | null {
  return READERS.get(eventName)?.(fields) ?? null
}

type Reader = (fields: EventFields) => LogEvent | null

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [EVENT_NAME.webhookDelivery, readDelivery],
  [EVENT_NAME.ruleExecution, readExecution],
  [EVENT_NAME.webhookRegistration, (fields) => readRegistration('webhook', fields)],
  [EVENT_NAME.ruleRegistration, (fields) => readRegistration('rule', fields)],
  [EVENT_NAME.rateLimit, readRateLimit],
  [EVENT_NAME.apiRequest, readApiRequest],
  [EVENT_NAME.business, readBusiness],
  [EVENT_NAME.cost, readCost],
])

/** How long the longest of the names is: longer ones need not be decoded. */
export const LONGEST_EVENT_NAME = Math.max(...[...READERS.keys()].map(({ length }) => length))

const SUBJECTS = { webhook: EVENT_ATTRIBUTE.webhookId, rule: EVENT_ATTRIBUTE.ruleId } as const
const FIRST_FAILURE_STATUS = 400

function readDelivery(fields: EventFields): LogEvent | null {
  return readAttempt('webhook', null, fields)
}

function readExecution(fields: EventFields): LogEvent | null {
  return readAttempt('rule', fields.count(EVENT_ATTRIBUTE.ruleAffectedCount), fields)
}

function readAttempt(
  kind: 'webhook' | 'rule',
  amount: number | null,
  fields: EventFields,
): LogEvent | null {
  const subject = fields.text(SUBJECTS[kind])
  const outcome = outcomeOf(fields.text(EVENT_ATTRIBUTE.outcome))
  if (subject === '' || outcome === null || outcome === 'started') return null
  const durationNs = fields.durationNs(EVENT_ATTRIBUTE.durationMs)
  return { kind, subject, detail: '', outcome, durationNs, amount, keeps: 'row' }
}

function readRegistration(kind: 'webhook' | 'rule', fields: EventFields): LogEvent | null {
  const subject = fields.text(SUBJECTS[kind])
  if (subject === '') return null
  return {
    kind,
    subject,
    detail: '',
    outcome: 'registered',
    durationNs: -1,
    amount: null,
    keeps: 'row and attributes',
  }
}

function readRateLimit(fields: EventFields): LogEvent | null {
  const subject = fields.text(EVENT_ATTRIBUTE.rateLimitIdentifier)
  if (subject === '') return null
  return {
    kind: 'rate_limit',
    subject,
    detail: fields.text(EVENT_ATTRIBUTE.rateLimitKeyType),
    outcome: 'observed',
    durationNs: -1,
    amount: fields.count(EVENT_ATTRIBUTE.rateLimitRequestCount),
    keeps: 'row and attributes',
  }
}

/** Whether it failed the status code says, and the outcome where there is none. */
function readApiRequest(fields: EventFields): LogEvent {
  const status = fields.statusCode(EVENT_ATTRIBUTE.httpStatusCode)
  const hasFailed =
    status === ''
      ? outcomeOf(fields.text(EVENT_ATTRIBUTE.outcome)) === 'failed'
      : Number(status) >= FIRST_FAILURE_STATUS
  return {
    kind: 'api',
    subject: fields.text(EVENT_ATTRIBUTE.apiResource),
    detail: status,
    outcome: hasFailed ? 'failed' : 'succeeded',
    durationNs: fields.durationNs(EVENT_ATTRIBUTE.durationMs),
    amount: null,
    keeps: 'nothing',
  }
}

/** One that says nothing else has succeeded: it was told of when it had happened. */
function readBusiness(fields: EventFields): LogEvent | null {
  const subject = fields.text(EVENT_ATTRIBUTE.businessEvent)
  const said = fields.text(EVENT_ATTRIBUTE.outcome)
  const outcome = said === '' ? 'succeeded' : outcomeOf(said)
  if (subject === '' || outcome === null) return null
  return {
    kind: 'business',
    subject,
    detail: outcome,
    outcome,
    durationNs: fields.durationNs(EVENT_ATTRIBUTE.durationMs),
    amount: fields.amount(EVENT_ATTRIBUTE.costUsd),
    keeps: 'row and attributes',
  }
}

function readCost(fields: EventFields): LogEvent | null {
  const amount = fields.amount(EVENT_ATTRIBUTE.costUsd)
  if (amount === null) return null
  return {
    kind: 'cost',
    subject: fields.text(EVENT_ATTRIBUTE.userId),
    detail: fields.text(EVENT_ATTRIBUTE.costEndpoint),
    outcome: null,
    durationNs: -1,
    amount,
    keeps: 'nothing',
  }
}

/** Also of what was sent as whether it succeeded. */
function outcomeOf(said: string): 'succeeded' | 'failed' | 'started' | null {
  if (said === 'succeeded' || said === 'true') return 'succeeded'
  if (said === 'failed' || said === 'false') return 'failed'
  return said === 'started' ? said : null
}

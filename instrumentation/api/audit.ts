import type { AnyValue, AnyValueMap } from '@opentelemetry/api-logs'
import { readChoice, readObject, readOptionalText, readText, refuse, LONGEST } from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { currentContext } from './context'
import { emitEvent, tell } from './emit'
import { readField, readFields } from './fields'
import { redactText } from './secret-texts'

/** Who did something, or what it was done to: an id, or an id and what it is the id of. */
export type Party = string | { readonly id: string; readonly type?: string }

/** What was changed, by name. */
export type Changes = Readonly<Record<string, { readonly from?: unknown; readonly to?: unknown }>>

/** Something somebody did that must be accounted for; what is not named here goes out under its own name, without secrets. */
export interface AuditEvent {
  /** As `user.delete`. */
  readonly action: string
  /** By default the user of the active request. */
  readonly actor?: Party
  readonly target?: Party
  /** By default `success`. */
  readonly outcome?: 'success' | 'failed'
  /** As `data`, by which the trail can be narrowed down. */
  readonly category?: string
  readonly reason?: string
  readonly changes?: Changes
  /** Where the actor is; an address. */
  readonly ip?: string
  readonly [field: string]: unknown
}

/**
 * Adds to the audit trail: one log record `sidelight.audit`, of what the application calls, not of what is traced. Values of changes
 * whose name is that of a secret are not sent. Without an action nothing is sent. Never throws; does nothing without an
 * OpenTelemetry SDK.
 *
 * @example
 * import { logAuditEvent } from 'sidelight'
 *
 * logAuditEvent({
 *   action: 'role.grant',
 *   actor: 'u_7',
 *   target: { id: 'u_9', type: 'user' },
 *   changes: { role: { from: 'editor', to: 'owner' } },
 * })
 */
export function logAuditEvent(event: AuditEvent): void {
  tell('logAuditEvent', () => {
    sendAudit('logAuditEvent', readObject<AuditEventLike>('logAuditEvent', event), {}, KNOWN)
  })
}

/** A setting that was changed. */
export interface ConfigurationChange {
  /** The name of the setting. */
  readonly setting: string
  /** Values of settings whose name is that of a secret are not sent. */
  readonly from?: unknown
  readonly to?: unknown
  /** By default the user of the active request. */
  readonly actor?: Party
  readonly reason?: string
  readonly [field: string]: unknown
}

/**
 * Adds a change of the configuration to the audit trail, as the action `configuration.change`. Without the name of the setting nothing is
 * sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { logConfigurationChange } from 'sidelight'
 *
 * logConfigurationChange({ setting: 'checkout.max_items', from: 50, to: 100, actor: 'u_7' })
 */
export function logConfigurationChange(change: ConfigurationChange): void {
  tell('logConfigurationChange', () => {
    const given = readObject('logConfigurationChange', change)
    const setting = readText('logConfigurationChange', 'setting', given.setting)
    if (setting === undefined) return
    const { from, to } = given
    const what = {
      action: 'configuration.change',
      category: 'configuration',
      target: { id: setting, type: 'setting' },
      changes: { [setting]: { from, to } },
    }
    sendAudit('logConfigurationChange', given, what, KNOWN_OF_CONFIGURATION)
  })
}

/** Data that was created, changed or deleted. */
export interface DataChange {
  readonly operation: 'create' | 'update' | 'delete'
  /** What kind of thing it is, as `order`. */
  readonly entity: string
  readonly id: string
  /** By default the user of the active request. */
  readonly actor?: Party
  readonly changes?: Changes
  readonly reason?: string
  readonly [field: string]: unknown
}

/**
 * Adds a change of data to the audit trail, as the action `order.update`, say. Without its kind, or with another operation,
 * nothing is sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { logDataChange } from 'sidelight'
 *
 * logDataChange({ operation: 'update', entity: 'order', id: '17', changes: { total: { from: 10, to: 12 } } })
 */
export function logDataChange(change: DataChange): void {
  tell('logDataChange', () => {
    const given = readObject('logDataChange', change)
    const type = readText('logDataChange', 'entity', given.entity)
    const operation = readChoice('logDataChange', 'operation', given.operation, OPERATIONS)
    if (type === undefined || operation === undefined) return
    const id = readText('logDataChange', 'id', given.id)
    const what = { action: `${type}.${operation}`, category: 'data', target: { id, type } }
    sendAudit('logDataChange', given, what, KNOWN_OF_DATA)
  })
}

/** Something an administrator did. */
export interface AdminAction {
  readonly action: string
  /** By default the user of the active request. */
  readonly actor?: Party
  readonly target?: Party
  readonly outcome?: 'success' | 'failed'
  readonly reason?: string
  readonly [field: string]: unknown
}

/**
 * Adds what an administrator did to the audit trail. Without an action nothing is sent. Never throws; does nothing without an
 * OpenTelemetry SDK.
 *
 * @example
 * import { logAdminAction } from 'sidelight'
 *
 * logAdminAction({ action: 'user.suspend', actor: 'admin_1', target: { id: 'u_9', type: 'user' } })
 */
export function logAdminAction(action: AdminAction): void {
  tell('logAdminAction', () => {
    const given = readObject<AuditEventLike>('logAdminAction', action)
    sendAudit('logAdminAction', given, { category: 'admin' }, KNOWN)
  })
}

const OPERATIONS = { create: true, update: true, delete: true } as const
const OUTCOMES = { success: 'succeeded', failed: 'failed' } as const

/** Read by their names, or of this helper. */
const KNOWN = {
  action: true,
  actor: true,
  target: true,
  outcome: true,
  category: true,
  reason: true,
  changes: true,
  ip: true,
} as const
const KNOWN_OF_CONFIGURATION = { ...KNOWN, setting: true, from: true, to: true } as const
const KNOWN_OF_DATA = { ...KNOWN, operation: true, entity: true, id: true } as const

/** `what` is what the helper says of it in place of the application. */
function sendAudit(
  caller: string,
  given: AuditEventLike,
  what: AuditEventLike,
  known: Readonly<Record<string, true>>,
): void {
  const action = readText(caller, 'action', what.action ?? given.action)
  if (action === undefined) return
  const attributes = readFields(caller, given, known)
  attributes[ATTRIBUTE.auditAction] = action
  const outcome = readChoice(caller, 'outcome', given.outcome ?? 'success', OUTCOMES)
  if (outcome !== undefined) attributes[ATTRIBUTE.outcome] = OUTCOMES[outcome]
  const category = readOptionalText(caller, 'category', what.category ?? given.category)
  if (category !== undefined) attributes[ATTRIBUTE.auditCategory] = category
  const actor = readParty(caller, 'actor', given.actor ?? currentContext()?.userId)
  setParty(attributes, actor, ATTRIBUTE.auditActor, ATTRIBUTE.auditActorType)
  const target = readParty(caller, 'target', what.target ?? given.target)
  setParty(attributes, target, ATTRIBUTE.auditTarget, ATTRIBUTE.auditTargetType)
  const reason = readOptionalText(caller, 'reason', given.reason, LONGEST.text)
  if (reason !== undefined) attributes[ATTRIBUTE.auditReason] = redactText(reason)
  const ip = readOptionalText(caller, 'ip', given.ip)
  if (ip !== undefined) attributes[ATTRIBUTE.clientAddress] = ip
  const changes = readChanges(caller, what.changes ?? given.changes)
  if (changes !== undefined) attributes[ATTRIBUTE.auditChanges] = changes
  const isFailed = outcome === 'failed'
  const line = [actor?.id, action, target?.type, target?.id, isFailed ? '(failed)' : undefined]
  emitEvent(
    EVENT.audit,
    attributes,
    isFailed ? 'warn' : 'info',
    line.filter((word) => word !== undefined).join(' '),
  )
}

type AuditEventLike = { readonly [Name in keyof typeof KNOWN]?: unknown }

interface KnownParty {
  readonly id: string | undefined
  readonly type: string | undefined
}

function readParty(caller: string, name: string, given: unknown): KnownParty | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'object') return { id: readText(caller, name, given), type: undefined }
  const { id, type } = given as { readonly id?: unknown; readonly type?: unknown }
  return {
    id: readOptionalText(caller, `${name}.id`, id),
    type: readOptionalText(caller, `${name}.type`, type),
  }
}

function setParty(
  attributes: AnyValueMap,
  party: KnownParty | undefined,
  idName: string,
  typeName: string,
): void {
  if (party?.id !== undefined) attributes[idName] = party.id
  if (party?.type !== undefined) attributes[typeName] = party.type
}

const MOST_CHANGES = 64

/** By name, each without secrets: what a change is of says whether its values are one. */
function readChanges(caller: string, given: unknown): AnyValueMap | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'object' || Array.isArray(given)) {
    refuse(caller, 'changes', 'an object')
    return undefined
  }
  const changes: AnyValueMap = {}
  for (const name of Object.keys(given).slice(0, MOST_CHANGES)) {
    if (name !== '__proto__') changes[name.slice(0, LONGEST.name)] = readChange(name, given)
  }
  return changes
}

/** That it was changed is told whatever it is. */
function readChange(name: string, given: object): AnyValue {
  try {
    const change = (given as Record<string, unknown>)[name]
    if (typeof change !== 'object' || change === null) return readField(name, change)
    const { from, to } = change as { readonly from?: unknown; readonly to?: unknown }
    const values: AnyValueMap = {}
    if (from !== undefined) values['from'] = readField(name, from)
    if (to !== undefined) values['to'] = readField(name, to)
    return values
  } catch {
    return '[unreadable]'
  }
}

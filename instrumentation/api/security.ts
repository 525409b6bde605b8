import { LONGEST, readChoice, readObject, readOptionalText, readText } from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { emitEvent, tell } from './emit'
import { readFields } from './fields'
import { redactText } from './secret-texts'

/** What matters to security; what is not named here goes out under its own name, without secrets. */
export interface SecurityEvent {
  /** As `login`, `access_denied` or `token_revoked`. */
  readonly event: string
  /**
   * By default `medium` for what failed, else `low`. From `medium` the record is a warning; a `critical` one is an error, which
   * the collector groups and alerts of as such.
   */
  readonly severity?: 'low' | 'medium' | 'high' | 'critical'
  /** Whether what was tried was let happen. */
  readonly outcome?: 'success' | 'failed'
  /** By default the user of the active request. */
  readonly userId?: string
  /** The address it came from. */
  readonly ip?: string
  readonly userAgent?: string
  /** What was to be used, as a path or an id. */
  readonly resource?: string
  readonly reason?: string
  readonly [field: string]: unknown
}

/**
 * Tells of an event of authentication, authorization or abuse: one log record `sidelight.security`. Without the name of the event
 * nothing is sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { logSecurityEvent } from 'sidelight'
 *
 * logSecurityEvent({ event: 'login', outcome: 'failed', userId: 'u_7', ip: '203.0.113.9', reason: 'wrong password' })
 */
export function logSecurityEvent(event: SecurityEvent): void {
  tell('logSecurityEvent', () => {
    const given = readObject('logSecurityEvent', event)
    const name = readText('logSecurityEvent', 'event', given.event)
    if (name === undefined) return
    const outcome =
      given.outcome === undefined
        ? undefined
        : readChoice('logSecurityEvent', 'outcome', given.outcome, OUTCOMES)
    const usual = outcome === 'failed' ? 'medium' : 'low'
    const severity =
      readChoice('logSecurityEvent', 'severity', given.severity ?? usual, SEVERITIES) ?? usual
    const attributes = readFields('logSecurityEvent', given, KNOWN)
    attributes[ATTRIBUTE.securityEvent] = name
    attributes[ATTRIBUTE.securitySeverity] = severity
    if (outcome !== undefined) attributes[ATTRIBUTE.outcome] = OUTCOMES[outcome]
    for (const [field, attribute] of TEXTS) {
      const text = readOptionalText('logSecurityEvent', field, given[field], LONGEST.text)
      if (text !== undefined) attributes[attribute] = redactText(text)
    }
    const what = outcome === undefined ? name : `${name} ${OUTCOMES[outcome]}`
    emitEvent(EVENT.security, attributes, SEVERITIES[severity], what)
  })
}

const OUTCOMES = { success: 'succeeded', failed: 'failed' } as const
const SEVERITIES = { low: 'info', medium: 'warn', high: 'warn', critical: 'error' } as const

const TEXTS = [
  ['userId', ATTRIBUTE.userId],
  ['ip', ATTRIBUTE.clientAddress],
  ['userAgent', ATTRIBUTE.userAgent],
  ['resource', ATTRIBUTE.securityResource],
  ['reason', ATTRIBUTE.securityReason],
] as const

const KNOWN = {
  event: true,
  severity: true,
  outcome: true,
  userId: true,
  ip: true,
  userAgent: true,
  resource: true,
  reason: true,
} as const

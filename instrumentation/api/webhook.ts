import type { AnyValueMap } from '@opentelemetry/api-logs'
import {
  readChoice,
  readObject,
  readOptionalAmount,
  readOptionalFlag,
  readOptionalText,
  readText,
  LONGEST,
} from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { emitEvent, tell } from './emit'
import { addFailure } from './failure'
import { cleanUrl } from './url'

/**
 * Tells that a webhook was delivered, or could not be: call it once an attempt. `durationMs` is how long the attempt took, in
 * milliseconds; `error` an error, a text or a status code. Deliveries that fail one after the other are counted
 * in the order of these calls. A duration that is no number of 0 or more is left out; without an id, or with another
 * status, nothing is sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { trackWebhookDelivery } from 'sidelight'
 *
 * trackWebhookDelivery('wh_orders', 'sent', 84)
 * trackWebhookDelivery('wh_orders', 'failed', 5_000, new Error('HTTP 503'))
 */
export function trackWebhookDelivery(
  webhookId: string,
  status: 'sent' | 'failed',
  durationMs: number,
  error?: unknown,
): void {
  tell('trackWebhookDelivery', () => {
    const id = readText('trackWebhookDelivery', 'webhookId', webhookId)
    const known = readChoice('trackWebhookDelivery', 'status', status, OUTCOMES)
    if (id === undefined || known === undefined) return
    const attributes: AnyValueMap = {
      [ATTRIBUTE.webhookId]: id,
      [ATTRIBUTE.outcome]: OUTCOMES[known],
    }
    const duration = readOptionalAmount('trackWebhookDelivery', 'durationMs', durationMs)
    if (duration !== undefined) attributes[ATTRIBUTE.durationMs] = duration
    if (known === 'failed') addFailure(attributes, error)
    emitEvent(EVENT.webhookDelivery, attributes, known === 'failed' ? 'warn' : 'info')
  })
}

/** What is known of a webhook beyond its deliveries. */
export interface WebhookRegistration {
  readonly id: string
  /** Where it is delivered to. What may be a secret in it is not sent: user and password, tokens in its path and query. */
  readonly url?: string | URL
  /** Whether it is delivered at all. */
  readonly enabled?: boolean
}

/**
 * Tells what is known of a webhook: call it when the application starts, and whenever it is changed. The latest call counts.
 * Without an id nothing is sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { registerWebhook } from 'sidelight'
 *
 * registerWebhook({ id: 'wh_orders', url: 'https://example.com/hooks?token=s3cret', enabled: true })
 */
export function registerWebhook(webhook: WebhookRegistration): void {
  tell('registerWebhook', () => {
    const given = readObject('registerWebhook', webhook)
    const id = readText('registerWebhook', 'id', given.id)
    if (id === undefined) return
    const attributes: AnyValueMap = { [ATTRIBUTE.webhookId]: id }
    const text = given.url as unknown
    const url = readOptionalText(
      'registerWebhook',
      'url',
      text instanceof URL ? text.href : text,
      LONGEST.url,
    )
    if (url !== undefined) attributes[ATTRIBUTE.webhookUrl] = cleanUrl(url)
    const enabled = readOptionalFlag('registerWebhook', 'enabled', given.enabled)
    if (enabled !== undefined) attributes[ATTRIBUTE.webhookEnabled] = enabled
    emitEvent(EVENT.webhookRegistration, attributes)
  })
}

const OUTCOMES = { sent: 'succeeded', failed: 'failed' } as const

import type { Attributes } from '@opentelemetry/api'
import { logs, SeverityNumber } from '@opentelemetry/api-logs'
import { describeThrown } from '../errors/describe'
import { cutText, LONGEST, propertyOf } from './argument'
import { attempt } from './attempt'
import { ATTRIBUTE } from './attributes'
import { contextAttributes } from './context'
import { attributesOf, type Metadata } from './metadata'
import { textOf } from './span'
import { areErrorsTracked } from './switches'

/** What is known of an error beside itself; any other field becomes an attribute. */
export interface ErrorContext extends Metadata {
  /** `critical` is told as fatal: three in an hour are an alert at once. Default: `error`. */
  readonly severity?: 'error' | 'critical'
  /** The part of the service. */
  readonly module?: string
  readonly operation?: string
}

/**
 * Tells of an error as a log record with class, code, message, and a stack with all causes and the errors of aggregates.
 * The collector groups it with others of its kind. A throw that a span tells of as well counts once. Secrets in texts
 * and context are redacted. With `ERROR_AGGREGATION_ENABLED=false` it does nothing. Never throws.
 *
 * @example
 * import { trackError } from 'sidelight'
 *
 * try {
 *   JSON.parse('{')
 * } catch (error) {
 *   trackError(error, { severity: 'critical', module: 'import', operation: 'read file', file: 'orders.json' })
 * }
 */
export function trackError(error: unknown, context: ErrorContext = {}): void {
  if (areErrorsTracked()) report(error, context, undefined, undefined)
}

/**
 * As `trackError`, for an exception that was caught in an operation of a module.
 *
 * @example
 * import { trackErrorFromException } from 'sidelight'
 *
 * try {
 *   throw new TypeError('no such order')
 * } catch (error) {
 *   trackErrorFromException(error, 'orders', 'cancel', { userId: 'u-17', orderId: 'o-1' })
 * }
 */
export function trackErrorFromException(
  error: unknown,
  module: string,
  operation: string,
  context: ErrorContext = {},
): void {
  if (areErrorsTracked()) report(error, context, module, operation)
}

/** One that finds the SDK whenever it is there. */
const logger = logs.getLogger('sidelight')

function report(
  error: unknown,
  context: ErrorContext,
  module: string | undefined,
  operation: string | undefined,
): void {
  // Describing an error takes a while.
  if (!logger.enabled()) return
  attempt('trackError', () => {
    // Made here, so it may be added to: copies of it take longer than all that is said.
    const attributes: Attributes = attributesOf(context, 'severity')
    const request = contextAttributes()
    for (const name in request) attributes[name] ??= request[name]
    if (module !== undefined) attributes[ATTRIBUTE.module] = cutText(textOf(module), LONGEST.name)
    if (operation !== undefined) {
      attributes[ATTRIBUTE.operation] = cutText(textOf(operation), LONGEST.text)
    }
    // Whoever tells of it has caught it, however bad it is.
    attributes['exception.handled'] = true
    describeThrown(error, attributes)
    const isCritical = propertyOf(context, 'severity') === 'critical'
    logger.emit({
      severityNumber: isCritical ? SeverityNumber.FATAL : SeverityNumber.ERROR,
      severityText: isCritical ? 'FATAL' : 'ERROR',
      eventName: 'exception',
      body: attributes['exception.message'] ?? attributes['exception.type'] ?? '',
      attributes,
    })
  })
}

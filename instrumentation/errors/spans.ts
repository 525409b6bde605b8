import type { Span, SpanStatus, TimeInput } from '@opentelemetry/api'
import { redactText } from '../api/secret-texts'
import { recordThrown } from './describe'

/**
 * Has `recordException` of the SDK's spans, as the application calls it, keep what the SDK leaves out: causes, the errors
 * of aggregates, and the class of errors that have a code. What `setStatus` is told, mostly the message of an error, is kept
 * without secrets, as the exception is. Given the class of the spans, or any span of it.
 */
export function keepWholeExceptions(ofClass: (new (...args: never[]) => Span) | Span): void {
  const prototype: unknown =
    typeof ofClass === 'function' ? ofClass.prototype : Object.getPrototypeOf(ofClass)
  const owner = prototype as Partial<Pick<Span, 'recordException' | 'setStatus'>> | null
  if (owner === null || !Object.hasOwn(owner, 'recordException')) return
  if (owner.recordException === recordException) return
  owner.recordException = recordException
  if (owner.setStatus !== undefined) owner.setStatus = redacting(owner.setStatus)
}

function recordException(this: Span, exception: unknown, time?: TimeInput): void {
  recordThrown(this, exception, time)
}

function redacting(setStatus: Span['setStatus']): Span['setStatus'] {
  return function (this: Span, status: SpanStatus) {
    const { message } = status
    const isTold = typeof message === 'string' && message !== ''
    const kept = isTold ? { ...status, message: redactText(message) } : status
    return setStatus.call(this, kept)
  }
}

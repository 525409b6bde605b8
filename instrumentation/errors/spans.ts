import type { Span, TimeInput } from '@opentelemetry/api'
import { recordThrown } from './describe'

/**
 * Has `recordException` of the SDK's spans, as the application calls it, keep what the SDK leaves out: causes, the errors
 * of aggregates, and the class of errors that have a code. Given the class of the spans, or any span of it.
 */
export function keepWholeExceptions(ofClass: (new (...args: never[]) => Span) | Span): void {
  const prototype: unknown =
    typeof ofClass === 'function' ? ofClass.prototype : Object.getPrototypeOf(ofClass)
  const owner = prototype as { recordException?: Span['recordException'] } | null
  if (owner === null || !Object.hasOwn(owner, 'recordException')) return
  owner.recordException = recordException
}

function recordException(this: Span, exception: unknown, time?: TimeInput): void {
  recordThrown(this, exception, time)
}

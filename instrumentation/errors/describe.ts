import type { Span } from '@opentelemetry/api'

/** Records what was thrown as an exception event of a span. The status is the caller's to set. */
export function recordThrown(span: Span, thrown: unknown): void {
  span.recordException(thrown instanceof Error ? thrown : String(thrown))
}

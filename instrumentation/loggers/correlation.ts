import { isSpanContextValid, type SpanContext, trace } from '@opentelemetry/api'

/** The ids of the active span as fields of a line, named as by the OpenTelemetry project for logs that are not OTLP. */
export interface Correlation {
  readonly trace_id: string
  readonly span_id: string
  readonly trace_flags: string
}

/** Of the span that is active now; undefined when none is. */
export function activeSpanContext(): SpanContext | undefined {
  const spanContext = trace.getActiveSpan()?.spanContext()
  if (spanContext === last) return spanContext
  return spanContext !== undefined && isSpanContextValid(spanContext) ? spanContext : undefined
}

/** As the fields of a line. */
export function correlationOf({ traceId, spanId, traceFlags }: SpanContext): Correlation {
  return { trace_id: traceId, span_id: spanId, trace_flags: flagsOf(traceFlags) }
}

/** As the text of those fields in JSON, each with a comma before it. */
export function correlationJsonOf(spanContext: SpanContext): string {
  if (spanContext === last) return lastJson
  const { traceId, spanId, traceFlags } = spanContext
  const flags = flagsOf(traceFlags)
  last = spanContext
  lastJson = `,"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"${flags}"`
  return lastJson
}

let last: SpanContext | undefined
let lastJson = ''

/** Whether a field is one of them: the record sent has them as such. */
export function isCorrelation(name: string): boolean {
  return name === 'trace_id' || name === 'span_id' || name === 'trace_flags'
}

function flagsOf(traceFlags: number): string {
  if (traceFlags === 1) return '01'
  return traceFlags < 16 ? `0${traceFlags.toString(16)}` : traceFlags.toString(16)
}

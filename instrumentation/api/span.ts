import type { Attributes, Span, SpanKind } from '@opentelemetry/api'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { describeThrown } from '../errors/describe'
import { cutText, LONGEST } from './argument'
import { ATTRIBUTE } from './attributes'
import { contextAttributes, currentContext } from './context'
import { observe } from './observed'
import { mayHoldSecret } from './secret-texts'

/** What a span is of, and what it carries beside what the active request says. */
export interface SpanOptions {
  readonly kind: SpanKind
  readonly attributes: Attributes
  /** Further attributes, made only for a span that is recorded, and for it alone. */
  readonly describe?: (() => Attributes) | undefined
  /** Called for a span that is recorded, right before it ends. */
  readonly ending?: (span: Span) => void
  /** Called at the end, whether or not a span is recorded. */
  readonly settled?: (isFailed: boolean) => void
}

/**
 * Runs `fn` in a new span, the parent of every span started inside, across async calls. The span ends when `fn` returns, or
 * when what it promises settles. What `fn` throws is recorded as an exception with all its causes, makes the status an
 * error, and is thrown on unchanged.
 */
export function runInSpan<T>(name: string, options: SpanOptions, fn: (span: Span) => T): T {
  const { ending, settled } = options
  if (!hasSdk() && settled === undefined) return fn(NO_SPAN)
  const span = begin(name, options)
  const active = trace.setSpan(context.active(), span)
  const isRecording = span.isRecording()
  if (!isRecording && settled === undefined) return context.with(active, fn, undefined, span)
  return observe(
    () => context.with(active, fn, undefined, span),
    (isFailed, thrown) => {
      settled?.(isFailed)
      if (!isRecording) return
      try {
        ending?.(span)
        if (isFailed) fail(span, thrown)
      } finally {
        span.end()
      }
    },
  )
}

/** What stands in a name, whatever an application without types gives, as far as anybody reads it. Never throws. */
export function textOf(given: unknown): string {
  if (typeof given === 'number') return String(given)
  if (typeof given !== 'string') return typeof given
  return given.length > MOST_READ ? given.slice(0, MOST_READ) : given
}

const MOST_READ = LONGEST.text + LONGEST.secret

/** The name of a span is cut: some backends refuse long ones. */
const LONGEST_NAME = 512
const NO_SPAN = trace.wrapSpanContext({
  traceId: '0'.repeat(32),
  spanId: '0'.repeat(16),
  traceFlags: 0,
})

/** Whether whichever copy of the API has an SDK of traces: without one nothing of a span is kept, nor looked at before. */
function hasSdk(): boolean {
  return shared[API]?.trace !== undefined
}

const API = Symbol.for('opentelemetry.js.api.1')
const shared = globalThis as { readonly [API]?: { readonly trace?: unknown } }

/** One that finds the SDK whenever it is there. */
const tracer = trace.getTracer('sidelight')

/** None when the SDK fails. */
function begin(name: string, { kind, attributes, describe }: SpanOptions): Span {
  if (!hasSdk()) return NO_SPAN
  try {
    const given = withoutSecrets(attributes)
    const own = currentContext() === undefined ? given : { ...contextAttributes(), ...given }
    const title = cutText(textOf(name), LONGEST_NAME)
    const span = tracer.startSpan(title, { kind, attributes: own })
    if (describe !== undefined && span.isRecording()) {
      const described = describe()
      for (const key in given) described[key] = given[key]
      span.setAttributes(described)
    }
    return span
  } catch {
    return NO_SPAN
  }
}

/** Who names an operation by its statement or URL names what is in it; all are texts. */
function withoutSecrets(attributes: Attributes): Attributes {
  let clean = attributes
  for (const name in attributes) {
    const value = attributes[name]
    const isText = typeof value === 'string'
    if (isText && value.length <= LONGEST.text && !mayHoldSecret(value)) continue
    if (clean === attributes) clean = { ...attributes }
    clean[name] = cutText(isText ? value : textOf(value), LONGEST.text)
  }
  return clean
}

function fail(span: Span, thrown: unknown): void {
  const described = describeThrown(thrown)
  span.addEvent('exception', described)
  span.setAttribute(ATTRIBUTE.errorType, String(described['exception.type'] ?? '_OTHER'))
  span.setStatus({
    code: SpanStatusCode.ERROR,
    message: String(described['exception.message'] ?? ''),
  })
}

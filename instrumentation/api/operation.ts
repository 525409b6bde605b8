import type { Attributes, AttributeValue, Span } from '@opentelemetry/api'
import { SpanKind } from '@opentelemetry/api'
import { cutText, LONGEST } from './argument'
import { attempt } from './attempt'
import { ATTRIBUTE } from './attributes'
import { attributesOf } from './metadata'
import { runInSpan, textOf } from './span'

/** What an operation is to others; the span kinds of OpenTelemetry in lower case. */
export type OperationKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** The span of a running operation, as given to its function. Its ids are all zeros when nothing is traced. */
export interface OperationSpan {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits. */
  readonly spanId: string
}

/**
 * Runs `fn` in a span named `operation`, which carries `module` as an attribute and is the parent of every span started
 * inside, across async calls. The span ends when `fn` returns, or when the promise it returns settles. What
 * `fn` throws is recorded as an exception, makes the span's status an error, and is thrown on unchanged.
 *
 * @example
 * import { traceOperation } from 'sidelight'
 *
 * const total = await traceOperation('price order', 'checkout', async () => 19 + 23)
 * console.log(total) // prints 42
 */
export function traceOperation<T>(
  operation: string,
  module: string,
  fn: (span: OperationSpan) => T,
  kind: OperationKind = 'internal',
): T {
  return runOperation(operation, kindOf(kind), { [ATTRIBUTE.module]: module }, fn)
}

/**
 * Adds an event to a live operation, given its span or the id of it; does nothing once the operation has ended, or 10,000 others
 * have begun since. Values whose names say that they are secret are redacted.
 *
 * @example
 * import { addSpanEvent, traceOperation } from 'sidelight'
 *
 * const paid = traceOperation('charge', 'payments', (span) => {
 *   addSpanEvent(span, 'authorised', { attempts: 2 })
 *   return true
 * })
 * console.log(paid) // prints true
 */
export function addSpanEvent(
  span: OperationSpan | string,
  name: string,
  attributes?: Attributes,
): void {
  attempt('addSpanEvent', () => {
    liveSpan(span)?.addEvent(cutText(textOf(name), LONGEST.name), attributesOf(attributes))
  })
}

/**
 * Sets an attribute of a live operation, given its span or the id of it; does nothing once the operation has ended. A value
 * whose name says that it is secret is redacted.
 *
 * @example
 * import { addSpanTag, traceOperation } from 'sidelight'
 *
 * const items = traceOperation('pack', 'warehouse', (span) => {
 *   addSpanTag(span, 'parcel.weight', 1.5)
 *   return ['cup', 'saucer']
 * })
 * console.log(items) // prints [ 'cup', 'saucer' ]
 */
export function addSpanTag(span: OperationSpan | string, key: string, value: AttributeValue): void {
  attempt('addSpanTag', () => {
    liveSpan(span)?.setAttributes(attributesOf({ [key]: value }))
  })
}

/** Runs `fn` in a span that `addSpanEvent` and `addSpanTag` find as long as it is live. */
export function runOperation<T>(
  name: string,
  kind: SpanKind,
  attributes: Attributes,
  fn: (span: OperationSpan) => T,
): T {
  const options = { kind, attributes, ending: forget }
  return runInSpan(name, options, (span) => {
    const { traceId, spanId } = span.spanContext()
    if (span.isRecording()) remember(spanId, span)
    return fn({ traceId, spanId })
  })
}

const KINDS: Record<OperationKind, SpanKind> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

function kindOf(kind: unknown): SpanKind {
  const isKnown = typeof kind === 'string' && Object.hasOwn(KINDS, kind)
  return isKnown ? KINDS[kind as OperationKind] : SpanKind.INTERNAL
}

const live = new Map<string, Span>()
/** What is never settled would be kept for ever. */
const MOST_LIVE = 10_000

function remember(spanId: string, span: Span): void {
  if (live.size >= MOST_LIVE) {
    for (const oldest of live.keys()) {
      live.delete(oldest)
      break
    }
  }
  live.set(spanId, span)
}

function liveSpan(span: OperationSpan | string): Span | undefined {
  return live.get(typeof span === 'string' ? span : span?.spanId)
}

function forget(span: Span): void {
  live.delete(span.spanContext().spanId)
}

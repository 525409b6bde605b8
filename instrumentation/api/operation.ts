import type { Attributes, AttributeValue, Span } from '@opentelemetry/api'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

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
  const tracer = trace.getTracer('sidelight')
  const options = { kind: KINDS[kind], attributes: { module } }
  return tracer.startActiveSpan(operation, options, (span) => {
    const { traceId, spanId } = span.spanContext()
    live.set(spanId, span)
    try {
      const result = fn({ traceId, spanId })
      if (!isThenable(result)) {
        end(span)
        return result
      }
      return result.then(
        (value) => {
          end(span)
          return value
        },
        (error: unknown) => {
          fail(span, error)
          throw error
        },
      ) as T
    } catch (error) {
      fail(span, error)
      throw error
    }
  })
}

/**
 * Adds an event to a live operation, given its span or the id of it; does nothing once the operation has ended.
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
  liveSpan(span)?.addEvent(name, attributes)
}

/**
 * Sets an attribute of a live operation, given its span or the id of it; does nothing once the operation has ended.
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
  liveSpan(span)?.setAttribute(key, value)
}

const KINDS: Record<OperationKind, SpanKind> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
}

const live = new Map<string, Span>()

function liveSpan(span: OperationSpan | string): Span | undefined {
  return live.get(typeof span === 'string' ? span : span.spanId)
}

function end(span: Span): void {
  live.delete(span.spanContext().spanId)
  span.end()
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error)
  span.recordException(error instanceof Error ? error : message)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
  end(span)
}

function isThenable<T>(value: T): value is T & PromiseLike<Awaited<T>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

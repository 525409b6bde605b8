import { type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import type { IncomingHttpHeaders } from 'node:http'
import type { RequestHeaders } from './headers'

/**
 * The context a request brings along: what `propagation.extract` makes of its headers. The common case, a
 * `traceparent` and nothing else, is read here, which is faster and does not need all of the headers.
 */
export function parentOf(
  headers: RequestHeaders,
  request: { readonly headers: IncomingHttpHeaders },
): Context {
  isW3C ??= speaksW3C()
  if (!isW3C || headers.isRepeated) return propagation.extract(ROOT_CONTEXT, request.headers)
  const { traceparent, tracestate, baggage } = headers
  if (tracestate === undefined && baggage === undefined) {
    if (traceparent === undefined) return ROOT_CONTEXT
    if (hasTraceparent && PLAIN_TRACEPARENT.test(traceparent)) return contextOf(traceparent)
  }
  return propagation.extract(ROOT_CONTEXT, { traceparent, tracestate, baggage })
}

/** Version 00, for which the length is fixed (W3C Trace Context, 3.2). */
const PLAIN_TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

function contextOf(traceparent: string): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    traceFlags: parseInt(traceparent.slice(53), 16),
    isRemote: true,
  })
}

const W3C_FIELDS = new Set(['traceparent', 'tracestate', 'baggage'])
let isW3C: boolean | undefined
let hasTraceparent = false

/** Whether the propagators read no other headers than W3C's; asked once, with the first request. */
function speaksW3C(): boolean {
  const fields = propagation.fields()
  hasTraceparent = fields.includes('traceparent')
  return fields.every((field) => W3C_FIELDS.has(field))
}

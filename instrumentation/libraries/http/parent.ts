import { type Context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * The context a request brings along: what `propagation.extract` makes of its headers. The common cases, nothing or a
 * `traceparent` alone, are read here, which is faster.
 */
export function parentOf(headers: IncomingHttpHeaders): Context {
  isW3C ??= speaksW3C()
  if (isW3C && headers['tracestate'] === undefined && headers['baggage'] === undefined) {
    const traceparent = headers['traceparent']
    if (traceparent === undefined) return ROOT_CONTEXT
    if (typeof traceparent === 'string' && PLAIN_TRACEPARENT.test(traceparent)) {
      return contextOf(traceparent)
    }
  }
  return propagation.extract(ROOT_CONTEXT, headers)
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

/** Whether the propagators read W3C's headers and no others; asked once, with the first request. */
function speaksW3C(): boolean {
  const fields = propagation.fields()
  return fields.includes('traceparent') && fields.every((field) => W3C_FIELDS.has(field))
}

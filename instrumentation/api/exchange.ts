import type { IncomingMessage, ServerResponse } from 'node:http'
import { propertyOf } from './argument'

/** Node's request and response behind what a handler is given. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Whether the framework answers for a handler: what it returns and throws is the framework's. */
  readonly isAnswered: boolean
}

/**
 * Of `(request, response)`, as `node:http` and Express give; `(request, reply)` of Fastify, which have them as `raw`; and
 * `(context, next)` of Koa, as `req` and `res`. Undefined of anything else, as a `Request`.
 */
export function exchangeOf([first, second]: readonly unknown[]): Exchange | undefined {
  if (isResponse(second)) {
    return { request: first as IncomingMessage, response: second, isAnswered: false }
  }
  const pairs = [
    [propertyOf(first, 'raw'), propertyOf(second, 'raw')],
    [propertyOf(first, 'req'), propertyOf(first, 'res')],
  ]
  for (const [request, response] of pairs) {
    if (typeof request === 'object' && request !== null && isResponse(response)) {
      return { request: request as IncomingMessage, response, isAnswered: true }
    }
  }
  return undefined
}

function isResponse(value: unknown): value is ServerResponse {
  return typeof propertyOf(value, 'setHeader') === 'function'
}

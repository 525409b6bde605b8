import type { Span } from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'

/** What the HTTP server's instrumentation and those of frameworks tell each other, on the request itself. */
export interface TracedRequest {
  [SERVER_SPAN]?: Span
  [ROUTE]?: string | undefined
  [FAILURE]?: unknown
}

/** The span of a request to a server, while it is not answered. */
export const SERVER_SPAN = Symbol('sidelight.serverSpan')
/** The route that took the request, as `/users/:id`. */
const ROUTE = Symbol('sidelight.route')
/** What a handler of the request threw last. */
const FAILURE = Symbol('sidelight.failure')

/**
 * Says which route of a framework a request has come to; of several the last one counts, and undefined is none.
 * `request` is Node's own object.
 */
export function nameRoute(request: object, route: string | undefined): void {
  ;(request as TracedRequest)[ROUTE] = route
}

/** The route it has come to so far. */
export function routeOf(request: object): string | undefined {
  return (request as TracedRequest)[ROUTE]
}

/** Records what a handler threw on the span of its request, once, whichever way it takes through the frameworks. */
export function failRequest(request: object, thrown: unknown): void {
  const traced = request as TracedRequest
  if (traced[FAILURE] === thrown) return
  traced[FAILURE] = thrown
  const span = traced[SERVER_SPAN]
  if (span !== undefined) recordThrown(span, thrown)
}

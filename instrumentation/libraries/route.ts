import type { Span } from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'

/** What the HTTP server's instrumentation and those of frameworks tell each other, on the request itself. */
export interface TracedRequest {
  [SERVER_SPAN]?: Span
  [ROUTE]?: string
}

/** The span of a request to a server, while it is not answered. */
export const SERVER_SPAN = Symbol('sidelight.serverSpan')
/** The route that took the request, as `/users/:id`. */
export const ROUTE = Symbol('sidelight.route')

/** Says which route of a framework a request has come to; of several the last one counts. `request` is Node's own object. */
export function nameRoute(request: object, route: string): void {
  ;(request as TracedRequest)[ROUTE] = route
}

/** Records what a handler threw on the span of its request. */
export function failRequest(request: object, thrown: unknown): void {
  const span = (request as TracedRequest)[SERVER_SPAN]
  if (span !== undefined) recordThrown(span, thrown)
}

import type { Span } from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'
import { type Exchange, exchangeOf } from './http/exchange'

/** A request to a server while it is not answered, as the HTTP server's instrumentation leaves it on the request. */
export interface Served extends Exchange {
  readonly span: Span
  /** The route that took the request, as `/users/:id`. */
  route: string | undefined
  /** What a handler threw last. */
  thrown: unknown
  /** What a handler threw to be answered below 500. It is recorded after all when the answer is another one. */
  refusal: unknown
  /** Where a framework is with it, in the framework's own words. */
  frame: unknown
}

/**
 * Says which route of a framework a request has come to; of several the last one counts, and undefined is none.
 * `request` is Node's own object.
 */
export function nameRoute(request: object, route: string | undefined): void {
  const served = servedAs(request)
  if (served !== undefined) served.route = route
}

/** Records what a handler threw on the span of its request, once, whichever way it takes through the frameworks. */
export function failRequest(request: object, thrown: unknown, isRefusal = false): void {
  const served = servedAs(request)
  if (served === undefined || served.thrown === thrown) return
  served.thrown = thrown
  if (isRefusal) served.refusal = thrown
  else recordThrown(served.span, thrown)
}

/** Undefined when nothing follows it. */
export function servedAs(request: object): Served | undefined {
  return exchangeOf(request) as Served | undefined
}

import type { Span } from '@opentelemetry/api'
import { recordThrown } from '../errors/describe'
import { EXCHANGE, type Exchange } from './http/exchange'

/** A request to a server while it is not answered, as the HTTP server's instrumentation leaves it on the request. */
export interface Served extends Exchange {
  readonly span: Span
  /** The route that took the request, as `/users/:id`. */
  route: string | undefined
}

/** Says which route of a framework a request has come to; of several the last one counts. `request` is Node's own object. */
export function nameRoute(request: object, route: string): void {
  const served = servedAs(request)
  if (served !== undefined) served.route = route
}

/** Records what a handler threw on the span of its request. */
export function failRequest(request: object, thrown: unknown): void {
  const served = servedAs(request)
  if (served !== undefined) recordThrown(served.span, thrown)
}

function servedAs(request: object): Served | undefined {
  return (request as { [EXCHANGE]?: Served })[EXCHANGE]
}

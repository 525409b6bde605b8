import { context, trace } from '@opentelemetry/api'
import type { AnyValueMap } from '@opentelemetry/api-logs'
import { readAmount, readObject, readOptionalText } from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { emitEvent, tell } from './emit'

/** Whose a cost is. */
export interface CostOwner {
  /** By default the user of the active request. */
  readonly userId?: string
  /** What caused it, as `/v1/chat`: a route, not a path with ids. By default the route of the active server span. */
  readonly endpoint?: string
}

/**
 * Adds up what something cost, in US dollars, by day, user and endpoint. Costs that are no numbers of 0 or more are not
 * sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { trackCost } from 'sidelight'
 *
 * trackCost(0.0042, { userId: 'u_7', endpoint: '/v1/chat' })
 */
export function trackCost(usd: number, owner: CostOwner = NOBODY): void {
  tell('trackCost', () => {
    const given = readObject('trackCost', owner)
    const cost = readAmount('trackCost', 'usd', usd)
    if (cost === undefined) return
    const attributes: AnyValueMap = { [ATTRIBUTE.costUsd]: cost }
    const userId = readOptionalText('trackCost', 'userId', given.userId)
    if (userId !== undefined) attributes[ATTRIBUTE.userId] = userId
    const endpoint = readOptionalText('trackCost', 'endpoint', given.endpoint) ?? activeRoute()
    if (endpoint !== undefined) attributes[ATTRIBUTE.costEndpoint] = endpoint
    emitEvent(EVENT.cost, attributes)
  })
}

const NOBODY: CostOwner = {}

/** Where instrumentations of HTTP servers leave their span for those of frameworks; all copies of the API share the key. */
const RPC_METADATA = Symbol.for('OpenTelemetry SDK Context Key RPC_METADATA')
const ROUTE = 'http.route'

/** The route that took the request being served, if any is known. */
function activeRoute(): string | undefined {
  const served = context.active().getValue(RPC_METADATA) as
    { readonly route?: unknown; readonly span?: unknown } | undefined
  const route = served?.route ?? routeOf(served?.span) ?? routeOf(trace.getActiveSpan())
  return typeof route === 'string' && route !== '' ? route : undefined
}

/** Spans of the SDK show their attributes. */
function routeOf(span: unknown): unknown {
  return (span as { attributes?: Record<string, unknown> } | undefined)?.attributes?.[ROUTE]
}

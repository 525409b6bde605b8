import type { AnyValueMap } from '@opentelemetry/api-logs'
import {
  LONGEST,
  readObject,
  readOptionalAmount,
  readOptionalText,
  readText,
  refuse,
} from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { emitEvent, tell } from './emit'
import { admitResource, pathOf, resourceOf } from './resource'
import { cleanPath } from './url'

/** A request to an application's API that was answered. */
export interface APIRequest {
  /** As `GET`. */
  readonly method: string
  /** Its path, or its URL; the query is not sent. */
  readonly path: string
  /** What it is about, as `orders`. By default the first segment of the path that is neither `api`, a version nor an id. */
  readonly resource?: string
  /** 100 to 599; from 400 the request counts as failed. */
  readonly statusCode: number
  /** Milliseconds. */
  readonly durationMs: number
}

/**
 * Counts a request to the API of an application, by resource and status code. More than 200 resources in a process are `other`.
 * A duration that is no number of 0 or more is left out; without a status code nothing is sent. Never throws; does
 * nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { trackAPIRequest } from 'sidelight'
 *
 * trackAPIRequest({ method: 'GET', path: '/api/v1/orders/17', statusCode: 200, durationMs: 12 })
 */
export function trackAPIRequest(request: APIRequest): void {
  tell('trackAPIRequest', () => {
    const given = readObject('trackAPIRequest', request)
    const statusCode = readStatusCode(given.statusCode)
    if (statusCode === undefined) return
    const attributes: AnyValueMap = { [ATTRIBUTE.httpStatusCode]: statusCode }
    const method = readText('trackAPIRequest', 'method', given.method, LONGEST_METHOD)
    if (method !== undefined) attributes[ATTRIBUTE.httpMethod] = method.toUpperCase()
    const text = readText('trackAPIRequest', 'path', given.path, LONGEST.url)
    const path = text === undefined ? undefined : pathOf(text)
    if (path !== undefined) attributes[ATTRIBUTE.httpPath] = cleanPath(path)
    const named = readOptionalText('trackAPIRequest', 'resource', given.resource)
    const resource = named ?? (path === undefined ? undefined : resourceOf(path))
    if (resource !== undefined) {
      attributes[ATTRIBUTE.apiResource] = admitResource(resource, statusCode)
    }
    const duration = readOptionalAmount('trackAPIRequest', 'durationMs', given.durationMs)
    if (duration !== undefined) attributes[ATTRIBUTE.durationMs] = duration
    emitEvent(EVENT.apiRequest, attributes)
  })
}

const LONGEST_METHOD = 32

function readStatusCode(given: unknown): number | undefined {
  const code = typeof given === 'string' ? Number(given) : given
  if (typeof code === 'number' && Number.isInteger(code) && code >= 100 && code < 600) return code
  refuse('trackAPIRequest', 'statusCode', 'an HTTP status code')
  return undefined
}

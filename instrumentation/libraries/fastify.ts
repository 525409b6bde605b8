import { subscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { findNest } from './nest'
import { isBelow500, isRefusal } from './refusal'
import { failRequest, nameRoute } from './route'

/**
 * Fastify tells of each application it makes; its own hooks then say the route before anything else sees the request, and what a
 * request fails with before the application's error handler does.
 */
export function instrumentFastify(): void {
  subscribe('fastify.initialization', (message) => {
    const { fastify } = message as { fastify: FastifyLike }
    fastify.addHook('onRequest', nameRequest)
    fastify.addHook('onError', noteError)
    if ('getMetadata' in Reflect) fastify.addHook('onRoute', findNest)
  })
}

interface FastifyLike {
  addHook(name: 'onRequest', hook: typeof nameRequest): void
  addHook(name: 'onError', hook: typeof noteError): void
  addHook(name: 'onRoute', hook: () => void): void
}

interface RequestLike {
  readonly raw: IncomingMessage
  readonly [key: string | symbol]: unknown
}

interface RouteContext {
  readonly config?: { readonly url?: unknown }
}

function nameRequest(request: RequestLike, _reply: unknown, done: () => void): void {
  const url = contextOf(request)?.config?.url
  // What no route matches has a context without a URL.
  if (typeof url === 'string') nameRoute(request.raw, url)
  done()
}

function noteError(
  request: RequestLike,
  reply: { readonly statusCode: number },
  error: unknown,
  done: () => void,
): void {
  failRequest(request.raw, error, isRefusal(error) || isBelow500(reply.statusCode))
  done()
}

let contextKey: string | symbol = 'context'

/** The context of the route; `request.routeOptions` has the same in an object that is made each time it is read. */
function contextOf(request: RequestLike): RouteContext | undefined {
  if (!Object.hasOwn(request, contextKey)) {
    contextKey =
      Object.getOwnPropertySymbols(request).find(
        ({ description }) => description === 'fastify.context',
      ) ?? 'context'
  }
  return request[contextKey] as RouteContext | undefined
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Correlation, type CorrelationOptions, readOptions } from './correlation'
import { enterScope } from './context'
import { scopeOf, serveInContext, writeAnswerHeaders } from './served-request'

/** Middleware of Express and whatever else is used as Connect is. */
export type ConnectMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Middleware for Express 4 and 5, and for Connect: to be used before any other. Everything that serves a request after it runs in
 * the context of the request: its ids are on each span, log record and error. The correlation id is that of the header
 * `x-correlation-id`, or of the W3C baggage, or a new UUID; the request id that of `x-request-id`, or a new one; the user that
 * of `x-user-id` or the baggage. A header that is there twice says nothing. The answer has `x-correlation-id`, `x-request-id` and
 * `x-service`.
 *
 * @example
 * import express from 'express'
 * import type { AddressInfo } from 'node:net'
 * import { currentContext, expressCorrelation } from 'sidelight'
 *
 * const app = express()
 * app.use(expressCorrelation({ service: 'orders' }))
 * app.get('/', (request, response) => {
 *   response.send(currentContext()?.userId)
 * })
 *
 * const server = app.listen(0, async () => {
 *   const { port } = server.address() as AddressInfo
 *   const headers = { 'x-correlation-id': 'c-1', 'x-user-id': 'u-42' }
 *   const answer = await fetch(`http://127.0.0.1:${port}/`, { headers })
 *   console.log(answer.headers.get('x-correlation-id'), answer.headers.get('x-service')) // prints c-1 orders
 *   console.log(await answer.text()) // prints u-42
 *   server.close()
 * })
 */
export function expressCorrelation(options?: CorrelationOptions): ConnectMiddleware {
  const correlation = readOptions(options)
  return (request, response, next) => {
    serveInContext(request, response, correlation, next)
  }
}

/** What `withCorrelation` takes of a listener, whatever else it is given. */
type Listener<Rest extends unknown[], Result> = (
  request: IncomingMessage,
  response: ServerResponse,
  ...rest: Rest
) => Result

/**
 * Wraps a listener of `node:http`, `node:https` or the compatibility layer of `node:http2`: it runs in the context of its
 * request, as told at `expressCorrelation`.
 *
 * @example
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { currentContext, withCorrelation } from 'sidelight'
 *
 * const server = createServer(
 *   withCorrelation((request, response) => {
 *     response.end(currentContext()?.correlationId)
 *   }),
 * )
 * server.listen(0, async () => {
 *   const { port } = server.address() as AddressInfo
 *   const headers = { 'x-correlation-id': 'c-1' }
 *   const answer = await fetch(`http://127.0.0.1:${port}/`, { headers })
 *   console.log(await answer.text()) // prints c-1
 *   server.close()
 * })
 */
export function withCorrelation<Rest extends unknown[], Result>(
  listener: Listener<Rest, Result>,
  options?: CorrelationOptions,
): Listener<Rest, Result> {
  const correlation = readOptions(options)
  return function (this: unknown, request, response, ...rest) {
    return serveInContext(request, response, correlation, () =>
      listener.call(this, request, response, ...rest),
    )
  }
}

/** What `koaCorrelation` uses of the context of Koa. */
export interface KoaLike {
  readonly req: IncomingMessage
  readonly res: ServerResponse
}

/**
 * Middleware for Koa, to be used before any other; see `expressCorrelation`. Listeners of the application's `error` event
 * run in the context as well.
 *
 * @example
 * import type { AddressInfo } from 'node:net'
 * import { currentContext, koaCorrelation } from 'sidelight'
 *
 * const { default: Koa } = await import('koa' as string) // or: import Koa from 'koa'
 * const app = new Koa()
 * app.use(koaCorrelation())
 * app.use((ctx: { body?: unknown }) => {
 *   ctx.body = currentContext()?.userId
 * })
 *
 * const server = app.listen(0, async () => {
 *   const { port } = server.address() as AddressInfo
 *   const headers = { 'x-user-id': 'u-42' }
 *   const answer = await fetch(`http://127.0.0.1:${port}/`, { headers })
 *   console.log(await answer.text()) // prints u-42
 *   server.close()
 * })
 */
export function koaCorrelation(
  options?: CorrelationOptions,
): (context: KoaLike, next: () => Promise<unknown>) => Promise<unknown> {
  const correlation = readOptions(options)
  return (context, next) => {
    const { req, res } = context
    return serveInContext(req, res, correlation, () => {
      followErrors(context, correlation)
      return next()
    })
  }
}

/**
 * Koa hears what its middlewares reject with outside of all of them, and takes every header off the answer. The error was
 * that of a request all the same.
 */
export function followErrors(context: KoaLike, correlation: Correlation): void {
  const failing = context as KoaLike & { onerror?: (error: unknown) => unknown }
  const { onerror, req, res } = failing
  if (typeof onerror !== 'function' || Object.hasOwn(context, 'onerror')) return
  const scope = scopeOf(req)
  if (scope === undefined) return
  failing.onerror = function (error) {
    const { writeHead } = res
    res.writeHead = function (...args: unknown[]) {
      writeAnswerHeaders(res, scope, correlation)
      return Reflect.apply(writeHead, this, args) as ServerResponse
    }
    return enterScope(scope, () => onerror.call(context, error))
  }
}

/** What `fastifyCorrelation` uses of an application made with Fastify. */
export interface FastifyLike {
  addHook(name: 'onRequest' | 'preValidation', hook: FastifyHook): unknown
}

type FastifyHook = (
  request: { readonly raw: IncomingMessage },
  reply: { readonly raw: ServerResponse },
  done: () => void,
) => void

/**
 * Plugin for Fastify 4 and 5, to be registered before any other: it is there for all routes of the application, whatever they are
 * encapsulated in; see `expressCorrelation`.
 *
 * @example
 * import Fastify from 'fastify'
 * import { currentContext, fastifyCorrelation } from 'sidelight'
 *
 * const app = Fastify()
 * await app.register(fastifyCorrelation, { service: 'orders' })
 * app.get('/', async () => currentContext()?.userId)
 *
 * const answer = await app.inject({ url: '/', headers: { 'x-user-id': 'u-42' } })
 * console.log(answer.body, answer.headers['x-service']) // prints u-42 orders
 */
export function fastifyCorrelation(
  app: FastifyLike,
  options: CorrelationOptions,
  done: (error?: Error) => void,
): void {
  const correlation = readOptions(options)
  const hook: FastifyHook = (request, reply, next) => {
    serveInContext(request.raw, reply.raw, correlation, next)
  }
  app.addHook('onRequest', hook)
  // A body that a hook has decoded, say, may have been read in another context.
  app.addHook('preValidation', hook)
  done()
}

/** As fastify-plugin does: no scope of its own, and a name. */
Object.assign(fastifyCorrelation, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'sidelight-correlation',
  [Symbol.for('plugin-meta')]: { name: 'sidelight-correlation', fastify: '>=4.0.0' },
})

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AccessEntry, logAccess } from './access'
import { currentContext, enterScope } from './context'
import {
  clientAddressOf,
  type Correlation,
  type CorrelationOptions,
  type ReadHeader,
  readOptions,
} from './correlation'
import { type Exchange, exchangeOf } from './exchange'
import { answerFailure, recordFailure, statusOf, statusOfNext } from './failed-request'
import { pathOf, statusIn, withHeaders } from './fetched'
import { followErrors, type KoaLike } from './middleware'
import { headersOf, headersOfFetch, openRequest, serveInContext } from './served-request'
import { trackAPIRequest } from './usage'

/** What a handler is told of its request. */
export interface MonitoringContext {
  /** As in the header `x-request-id` of the answer. */
  readonly requestId: string
  readonly method: string
  /** Without its query. */
  readonly path: string
  /** Milliseconds since 1970. */
  readonly startTime: number
  /** The address of the client. Handlers that are given a `Request` know it by `trustProxy` alone. */
  readonly ip: string | undefined
  readonly userAgent: string | undefined
}

export interface MonitoringOptions extends CorrelationOptions {
  /** What the API is about, as `orders`, by which requests are counted. */
  readonly resource?: string
  /** Whether each request has a line in the access log, or who writes that instead. */
  readonly accessLog?: boolean | ((entry: AccessEntry) => void)
}

/**
 * Wraps a request handler: of `node:http`, of Express and of Next.js under `pages/api`, which are given `(request, response)`; of
 * Fastify, `(request, reply)`; of Koa, `(context, next)`; or one that is given a `Request` and returns a `Response`, as route
 * handlers of Next.js. It runs in the context of its request, as told
 * at `expressCorrelation`, and is given what is known of the request as its last argument: of what else a framework gives it
 * gets as much as it declares parameters for. Each request has a line in the access log and counts as one of the API; the
 * answer has the request id as `x-request-id`.
 *
 * What the handler throws is recorded. Fastify, Koa and whoever waits for a `Response` answer it: it is thrown on. With `(request, response)` it is
 * answered by 500 without details, or the `status` of the error if that is 400 to 499; handed to `next`, where there is one.
 *
 * @example
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { withMonitoring } from 'sidelight'
 *
 * const server = createServer(
 *   withMonitoring((request, response, { requestId, method, path }) => {
 *     if (path === '/broken') throw new Error('the answer to this is 500')
 *     response.end(`${requestId} ${method} ${path}`)
 *   }),
 * )
 * server.listen(0, async () => {
 *   const { port } = server.address() as AddressInfo
 *   const ask = (path: string) =>
 *     fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-request-id': 'r-1' } })
 *   console.log(await (await ask('/orders?page=2')).text()) // prints r-1 GET /orders
 *   const broken = await ask('/broken')
 *   console.log(broken.status, await broken.text()) // prints 500 {"error":"Internal Server Error","requestId":"r-1"}
 *   server.close()
 * })
 *
 * @example
 * import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
 * import { withMonitoring } from 'sidelight'
 *
 * const app = Fastify()
 * app.get(
 *   '/orders',
 *   withMonitoring(async (request: FastifyRequest, reply: FastifyReply, { requestId }) => ({
 *     requestId,
 *   })),
 * )
 * const answer = await app.inject({ url: '/orders', headers: { 'x-request-id': 'r-1' } })
 * console.log(answer.body) // prints {"requestId":"r-1"}
 *
 * @example
 * import { withMonitoring } from 'sidelight'
 *
 * // A route handler of Next.js: export const GET = withMonitoring(...)
 * const GET = withMonitoring((request: Request, { requestId, path }) =>
 *   Response.json({ requestId, path }),
 * )
 * const headers = { 'x-request-id': 'r-1' }
 * const answer = await GET(new Request('http://shop.example/orders', { headers }))
 * console.log(answer.headers.get('x-request-id'), await answer.text()) // prints r-1 {"requestId":"r-1","path":"/orders"}
 */
export function withMonitoring<
  Asked extends IncomingMessage | Request = IncomingMessage,
  Answer extends ServerResponse = ServerResponse,
>(
  handler: (
    request: Asked,
    second: Asked extends Request ? MonitoringContext : Answer,
    context: MonitoringContext,
  ) => Asked extends Request ? Response | Promise<Response> : unknown,
  options?: MonitoringOptions,
): Asked extends Request
  ? (request: Asked) => Promise<Response>
  : (request: Asked, response: Answer) => void
export function withMonitoring<Asked extends Request, Route>(
  handler: (
    request: Asked,
    route: Route,
    context: MonitoringContext,
  ) => Response | Promise<Response>,
  options?: MonitoringOptions,
): (request: Asked, route: Route) => Promise<Response>
export function withMonitoring<
  Asked extends { readonly raw: IncomingMessage },
  Reply extends { readonly raw: ServerResponse },
>(
  handler: (request: Asked, reply: Reply, context: MonitoringContext) => unknown,
  options?: MonitoringOptions,
): (request: Asked, reply: Reply) => unknown
export function withMonitoring<Asked extends KoaLike>(
  handler: (asked: Asked, next: () => Promise<unknown>, context: MonitoringContext) => unknown,
  options?: MonitoringOptions,
): (asked: Asked, next: () => Promise<unknown>) => unknown
export function withMonitoring(handler: unknown, options: MonitoringOptions = {}): unknown {
  const monitoring = readMonitoring(options)
  return function (this: unknown, ...given: unknown[]): unknown {
    const exchange = exchangeOf(given)
    const least = exchange === undefined ? 1 : 2
    const run: Run = (context) =>
      Reflect.apply(
        handler as Handler,
        this,
        argumentsOf(handler as Handler, given, least, context),
      )
    return exchange === undefined
      ? serveFetch(run, given[0] as Request, monitoring)
      : serveExchange(run, exchange, given, monitoring)
  }
}

type Handler = (...args: unknown[]) => unknown
type Run = (context: MonitoringContext) => unknown

interface Monitoring extends MonitoringOptions {
  readonly correlation: Correlation
}

/** Whatever an application without types gives. */
function readMonitoring(options: MonitoringOptions): Monitoring {
  const correlation = readOptions(options)
  if (typeof options !== 'object') return { correlation }
  try {
    return { ...options, correlation }
  } catch {
    return { correlation }
  }
}

/** The context is the last parameter of those there are; who has a response is given both whatever it declares. */
function argumentsOf(
  { length }: Handler,
  given: unknown[],
  least: number,
  context: MonitoringContext,
): unknown[] {
  const isLess = length >= 2 && length <= given.length
  const others = isLess ? given.slice(0, Math.max(least, length - 1)) : given
  return [...others, context]
}

function serveExchange(
  run: Run,
  { request, response, isAnswered }: Exchange,
  [first, , next]: unknown[],
  monitoring: Monitoring,
): unknown {
  const { originalUrl = request.url ?? '/' } = first as { originalUrl?: string }
  return serveInContext(request, response, monitoring.correlation, () => {
    const asked = {
      header: headersOf(request),
      method: request.method ?? 'GET',
      path: originalUrl.split('?', 1)[0]!,
      peer: request.socket?.remoteAddress,
    }
    if (isAnswered) followErrors(first as KoaLike, monitoring.correlation)
    const context = contextOf(asked, monitoring.correlation)
    const startMs = performance.now()
    response.once('close', () => {
      const isAborted = !response.writableFinished
      finish(context, { statusCode: response.statusCode, startMs, isAborted }, monitoring)
    })
    const fail = (error: unknown): void => {
      const status = statusOf(error)
      if (status >= 500) recordFailure(error)
      if (isAnswered) throw error
      if (typeof next === 'function') next(error)
      else answerFailure(response, status, context.requestId)
    }
    try {
      const result = run(context)
      return isThenable(result) ? result.then(undefined, fail) : result
    } catch (error) {
      return fail(error)
    }
  })
}

async function serveFetch(run: Run, request: Request, monitoring: Monitoring): Promise<Response> {
  const { correlation } = monitoring
  const header = headersOfFetch(request)
  const serve = async (): Promise<Response> => {
    const context = contextOf(askedOf(request, header), correlation)
    const startMs = performance.now()
    let response: Response
    try {
      response = (await run(context)) as Response
    } catch (error) {
      const statusCode = statusOfNext(error) ?? statusOf(error)
      if (statusCode >= 500) recordFailure(error)
      finish(context, { statusCode, startMs, isAborted: false }, monitoring)
      throw error
    }
    finish(context, { statusCode: statusIn(response), startMs, isAborted: false }, monitoring)
    return withHeaders(response, currentContext(), correlation)
  }
  // Its server may have one already, as that of Next.js.
  if (currentContext() !== undefined) return serve()
  const scope = openRequest(header, undefined, correlation)
  return scope === undefined ? serve() : enterScope(scope, serve)
}

function askedOf(request: Request, header: ReadHeader): Asked {
  try {
    return { header, method: request.method, path: pathOf(request.url), peer: undefined }
  } catch {
    return { header, method: '', path: '', peer: undefined }
  }
}

interface Asked {
  readonly header: ReadHeader
  readonly method: string
  readonly path: string
  readonly peer: string | undefined
}

function contextOf({ header, method, path, peer }: Asked, correlation: Correlation) {
  const active = currentContext()
  const context: MonitoringContext = {
    requestId: active?.requestId ?? '',
    method,
    path,
    startTime: Date.now(),
    ip: active?.clientAddress ?? clientAddressOf(header, peer, correlation.trustProxy),
    userAgent: header('user-agent'),
  }
  return context
}

interface Outcome {
  readonly statusCode: number
  readonly startMs: number
  readonly isAborted: boolean
}

/** Never throws: the request is answered. */
function finish(
  { requestId, method, path, ip, userAgent }: MonitoringContext,
  { statusCode, startMs, isAborted }: Outcome,
  { resource, accessLog = true }: Monitoring,
): void {
  try {
    const durationMs = performance.now() - startMs
    const asked = { method, path, statusCode, durationMs }
    trackAPIRequest(resource === undefined ? asked : { ...asked, resource })
    if (accessLog === false) return
    const write = accessLog === true ? logAccess : accessLog
    write({
      ...asked,
      requestId,
      isAborted,
      ...(ip === undefined ? undefined : { ip }),
      ...(userAgent === undefined ? undefined : { userAgent }),
    })
  } catch {
    // Not told.
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

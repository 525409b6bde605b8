import { SpanKind } from '@opentelemetry/api'
import { nameRoute } from './route'

interface PageContext {
  readonly pathname?: unknown
  readonly req?: { readonly originalRequest?: unknown }
}

interface ServerFile {
  readonly default: { readonly prototype: ServerPrototype }
}

interface ServerPrototype {
  renderToResponseWithComponents?: (context: PageContext, ...rest: unknown[]) => unknown
  runApi?: (
    request: PageContext['req'],
    response: unknown,
    query: unknown,
    match: { readonly definition?: { readonly pathname?: unknown } },
  ) => unknown
}

/**
 * Next.js answers a request with the page or handler of a route, whose components it has found then, or runs the handler
 * of an API page. The one is in its base server, the other in the server for Node that is derived from it.
 */
export function patchServer({ default: { prototype } }: ServerFile): void {
  const render = own(prototype, 'renderToResponseWithComponents')
  if (render !== undefined) {
    prototype.renderToResponseWithComponents = function (context, ...rest) {
      namePage(context.req, context.pathname)
      return render.call(this, context, ...rest)
    }
  }
  const run = own(prototype, 'runApi')
  if (run !== undefined) {
    prototype.runApi = function (request, response, query, match) {
      namePage(request, match?.definition?.pathname)
      return run.call(this, request, response, query, match)
    }
  }
}

function own<Name extends keyof ServerPrototype>(
  prototype: ServerPrototype,
  name: Name,
): ServerPrototype[Name] | undefined {
  return Object.hasOwn(prototype, name) ? prototype[name] : undefined
}

function namePage(request: PageContext['req'], pathname: unknown): void {
  const original = request?.originalRequest
  if (typeof pathname !== 'string' || typeof original !== 'object' || original === null) return
  if (!ERROR_PAGES.has(pathname)) nameRoute(original, pathname)
}

/** Pages for what went wrong on another route, or on none. */
const ERROR_PAGES = new Set(['/_error', '/404', '/500', '/_not-found', '/_not-found/page'])

interface TracerFile {
  getTracer(): object
}

type Trace = (this: object, ...args: unknown[]) => unknown

/**
 * Next.js makes spans of its own when it finds an SDK. Its span of a request is a second one of a server for the same request: under
 * ours it is told as an internal one.
 */
export function patchTracer({ getTracer }: TracerFile): void {
  const prototype = Object.getPrototypeOf(getTracer()) as {
    trace: Trace
    getActiveScopeSpan(): unknown
  }
  const { trace } = prototype
  prototype.trace = function (...args) {
    const [type, options] = args
    if (type === 'BaseServer.handleRequest' && typeof options === 'object' && options !== null) {
      const isOutermost = prototype.getActiveScopeSpan.call(this) === undefined
      if (!isOutermost) (options as { kind?: SpanKind }).kind = SpanKind.INTERNAL
    }
    return trace.apply(this, args)
  }
}

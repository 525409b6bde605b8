import type { IncomingMessage } from 'node:http'
import { isRefusal } from './refusal'
import { failRequest, nameRoute } from './route'

interface Context {
  readonly req: IncomingMessage
  readonly path: string
  readonly originalUrl: string
  [MOUNTS]?: string[]
}

/** The prefixes of koa-mount a request has come by. */
const MOUNTS = Symbol('sidelight.mounts')

/**
 * Koa's routers say on the context what they matched: @koa/router and koa-router as `_matchedRoute`, each time another layer is
 * entered, koa-route as `routePath`; koa-mount says its prefix as `mountPath`. Accessors on the prototype of contexts hear it,
 * also of routers that are ES modules.
 */
export function patchContext(prototype: object): void {
  hear(prototype, '_matchedRoute', nameMatched)
  hear(prototype, 'routePath', nameMatched)
  hear(prototype, 'mountPath', (context, prefix) => {
    if (typeof prefix === 'string') (context[MOUNTS] ??= []).push(prefix.replace(/\/$/, ''))
  })
}

function hear(
  prototype: object,
  name: string,
  listen: (context: Context, value: unknown) => void,
): void {
  const key = Symbol(`sidelight.${name}`)
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: { [key]?: unknown }) {
      return this[key]
    },
    set(this: Context & { [key]?: unknown }, value: unknown) {
      this[key] = value
      listen(this, value)
    },
  })
}

function nameMatched(context: Context, value: unknown): void {
  if (value === undefined || value === null) return
  const path = String(value)
  // Middleware of a router is a layer that matches everything under it, and no route.
  if (MIDDLEWARE.some((rest) => path.endsWith(rest))) return
  const prefix = mountOf(context)
  nameRoute(context.req, path === '/' && prefix !== '' ? prefix : prefix + path)
}

/** How the versions of @koa/router write the path of middleware without one. */
const MIDDLEWARE = ['([^/]*)', '([^\\/]*)', '(.*)', '{/*rest}']

/**
 * Where the application that is asked is mounted: what is missing from the front of its path. Nothing tells when a mount is
 * left, and an application may rewrite paths itself: what is missing has to be made of prefixes.
 */
function mountOf({ [MOUNTS]: mounts, path, originalUrl }: Context): string {
  if (mounts === undefined) return ''
  const end = originalUrl.indexOf('?')
  const original = end < 0 ? originalUrl : originalUrl.slice(0, end)
  const missing = original.endsWith(path)
    ? original.slice(0, original.length - path.length)
    : original
  let rest = missing
  for (const mount of mounts) if (rest.startsWith(mount)) rest = rest.slice(mount.length)
  return rest === '' ? missing : ''
}

/** Everything Koa answers as an error, and what applications report themselves, is an `error` event of the application. */
export function patchApplication(application: {
  readonly prototype: { emit(name: unknown, ...args: unknown[]): boolean }
}): void {
  const { prototype } = application
  const { emit } = prototype
  const patched: typeof emit = function (this: unknown, name, ...args) {
    if (name === 'error') noteError(args[1], args[0])
    return emit.call(this, name, ...args)
  }
  Object.defineProperty(prototype, 'emit', { value: patched, configurable: true, writable: true })
}

type Next = (() => Promise<unknown>) | undefined
type Composed = (context: Context, next: Next) => Promise<unknown>
type Compose = (middleware: unknown) => Composed

/**
 * A middleware above may answer what a route's handler throws and tell nobody. Routers put their handlers together for each
 * request and hand them what comes after; what these fail with passes by here.
 */
export function patchCompose(compose: Compose): Compose {
  const patched = function (middleware: unknown): Composed {
    const composed = compose(middleware)
    return function (context, next) {
      const result = composed(context, next)
      if (next === undefined) return result
      return result.then(undefined, (error: unknown) => {
        noteError(context, error)
        throw error
      })
    }
  }
  return Object.assign(patched, compose)
}

function noteError(context: unknown, error: unknown): void {
  const request = (context as Partial<Context> | null | undefined)?.req
  if (typeof request === 'object') failRequest(request, error, isRefusal(error))
}

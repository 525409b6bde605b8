import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type MountedLayer,
  noteMounts,
  noteRoutes,
  PLACE,
  placeName,
  type RouterClass,
} from './mount'
import { isRefusal } from './refusal'
import { failRequest, nameRoute, type Served, servedAs } from './route'

/**
 * Express 4 has its own router, Express 5 the package `router`; both walk through layers, whose two methods are changed on their
 * prototype, so that applications find their stacks as they made them. What costs is a few comparisons a layer.
 */
export function patchLayer(layer: LayerClass): void {
  const { prototype } = layer
  for (const name of ['handle_request', 'handleRequest'] as const) {
    const original = prototype[name]
    if (typeof original === 'function') prototype[name] = enterLayer(original)
  }
  for (const name of ['handle_error', 'handleError'] as const) {
    const original = prototype[name]
    if (typeof original === 'function') prototype[name] = passError(original)
  }
}

/** The prototype of routers: of Express 4 the export itself, of the package `router` its property. */
export function patchRouter(exported: RouterClass): void {
  const prototype = typeof exported.handle === 'function' ? exported : exported.prototype
  if (typeof prototype?.handle !== 'function') return
  prototype.handle = enterRouter(prototype.handle as HandleRequest)
  noteMounts(prototype)
  noteRoutes(prototype)
}

/** The way a request has taken into routers, as the patterns of their mount paths. `baseUrl` has the values of parameters. */
interface Frame {
  /** The pattern under which this router is mounted; empty at the root. */
  readonly prefix: string
  /** The same of the layer it is in, which is the prefix of a router below. */
  mount: string
  /** How much of the URL the routers above have taken. */
  readonly taken: number
  /** What the request was called before it came here. */
  readonly before: string | undefined
  readonly outer: Frame | undefined
  readonly walk: Walk
}

/** What all frames of a request share. */
interface Walk {
  /** The last route a layer was entered for, which `request.route` runs ahead of while parameters are looked up. */
  route: unknown
}

interface RoutedRequest extends IncomingMessage {
  baseUrl?: string
  route?: { readonly path?: unknown }
}

type Next = (this: unknown, error?: unknown) => unknown
type HandleRequest = (
  this: unknown,
  request: RoutedRequest,
  response: ServerResponse,
  next: Next,
) => unknown
type HandleError = (
  this: MountedLayer,
  error: unknown,
  request: RoutedRequest,
  response: ServerResponse,
  next: Next,
) => unknown

interface LayerClass {
  readonly prototype: {
    handle_request?: HandleRequest
    handleRequest?: HandleRequest
    handle_error?: HandleError
    handleError?: HandleError
  }
}

function enterRouter(original: HandleRequest): HandleRequest {
  return function handle(request, response, next) {
    const served = typeof next === 'function' ? servedAs(request) : undefined
    if (served === undefined) return original.call(this, request, response, next)
    const outer = served.frame as Frame | undefined
    const frame: Frame = {
      prefix: outer === undefined ? '' : outer.mount,
      mount: outer === undefined ? '' : outer.mount,
      taken: request.baseUrl === undefined ? 0 : request.baseUrl.length,
      before: served.route,
      outer,
      walk: outer === undefined ? { route: undefined } : outer.walk,
    }
    served.frame = frame
    return original.call(this, request, response, function leave(...args) {
      leaveRouter(served, request, response, frame, args[0])
      return next.apply(this, args)
    })
  }
}

/** A router that has no answer hands on; without an error the request is again where it came from. */
function leaveRouter(
  served: Served,
  request: RoutedRequest,
  response: ServerResponse,
  frame: Frame,
  error: unknown,
): void {
  served.frame = frame
  if (isError(error)) noteError(request, error)
  else if (!response.headersSent) served.route = frame.before
  served.frame = frame.outer
}

/** `next('route')` and `next('router')` skip what is left there. */
function isError(error: unknown): boolean {
  return error !== undefined && error !== null && error !== 'route' && error !== 'router'
}

function enterLayer(original: HandleRequest): HandleRequest {
  return function handleRequest(request, response, next) {
    const layer = this as MountedLayer
    const place = layer[PLACE]
    // The layers inside of a route have no place of their own. A handler may still call next when it has answered.
    if (place !== undefined && !response.headersSent) {
      const served = servedAs(request)
      const frame = served?.frame as Frame | undefined
      if (served !== undefined && frame !== undefined) {
        const name = placeName(place, frame.prefix, request, frame.taken)
        if (place.isRoute) {
          frame.walk.route = layer.route
          frame.mount = frame.prefix
        } else {
          frame.mount = name
        }
        served.route = name === '' ? frame.before : name
      }
    }
    return original.call(this, request, response, next)
  }
}

function passError(original: HandleError): HandleError {
  return function handleError(error, request, response, next) {
    noteError(request, error)
    return original.call(this, error, request, response, next)
  }
}

function noteError(request: RoutedRequest, error: unknown): void {
  const frame = servedAs(request)?.frame as Frame | undefined
  const { route } = request
  // What a parameter's callback fails with comes before the layer of its route is entered.
  if (frame !== undefined && route !== undefined && route !== frame.walk.route) {
    frame.walk.route = route
    if (typeof route.path === 'string') nameRoute(request, frame.prefix + route.path)
  }
  failRequest(request, error, isRefusal(error))
}

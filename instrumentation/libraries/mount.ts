import type { IncomingMessage } from 'node:http'
import { findNest } from './nest'

/** Where a layer of a router is mounted, as the application wrote it. */
export interface Place {
  readonly isRoute: boolean
  /** The pattern; of a middleware empty when it is mounted at the root. */
  readonly path: string
  /** Of several patterns in one layer each, to find out which one a request matched. */
  readonly alternatives: readonly Alternative[] | undefined
  /** The last prefix this was asked for with, and the name made of both: most layers have one. */
  prefix: string | undefined
  name: string
}

interface Alternative {
  readonly path: string
  readonly layer: { match(path: string): unknown }
}

/** The place of a layer, left on it when it is made. */
export const PLACE = Symbol('sidelight.place')

export interface MountedLayer {
  [PLACE]?: Place
  readonly route?: unknown
}

type LayerConstructor = new (
  path: unknown,
  options: object,
  handle: () => void,
) => Alternative['layer']

export interface RouterPrototype {
  readonly stack: MountedLayer[]
  readonly caseSensitive?: unknown
  readonly strict?: unknown
  handle: (...args: never[]) => unknown
  use: (this: RouterPrototype, ...args: unknown[]) => unknown
  route: (this: RouterPrototype, ...args: unknown[]) => unknown
}

export interface RouterClass extends RouterPrototype {
  readonly prototype?: RouterPrototype
}

/** Has the layers of middleware and mounted routers know their mount path, which Express 4 keeps as a regular expression only. */
export function noteMounts(prototype: RouterPrototype): void {
  const { use } = prototype
  prototype.use = function (...args) {
    const before = this.stack.length
    const result = use.apply(this, args)
    const [path] = args
    for (const layer of this.stack.slice(before)) {
      leavePlace(layer, createPlace(hasPath(path) ? path : '/', layer, false, this))
    }
    return result
  }
  copyShape(use, prototype.use)
}

/** The same for layers of routes. */
export function noteRoutes(prototype: RouterPrototype): void {
  const { route } = prototype
  prototype.route = function (...args) {
    const before = this.stack.length
    if (!this.stack.some((layer) => layer[PLACE]?.isRoute)) findNest()
    const result = route.apply(this, args)
    for (const layer of this.stack.slice(before)) {
      leavePlace(layer, createPlace(args[0], layer, true, this))
    }
    return result
  }
  copyShape(route, prototype.route)
}

/** Whoever prints a router has no need of it. */
function leavePlace(layer: MountedLayer, place: Place): void {
  Object.defineProperty(layer, PLACE, { value: place, configurable: true, writable: true })
}

function copyShape(from: (...args: never[]) => unknown, to: (...args: never[]) => unknown): void {
  Object.defineProperty(to, 'name', { value: from.name, configurable: true })
  Object.defineProperty(to, 'length', { value: from.length, configurable: true })
}

/** The first argument of `use` may be a handler, or handlers in arrays. */
function hasPath(argument: unknown): boolean {
  let first = argument
  while (Array.isArray(first) && first.length !== 0) first = (first as unknown[])[0]
  return typeof first !== 'function'
}

function createPlace(
  path: unknown,
  layer: MountedLayer,
  isRoute: boolean,
  { caseSensitive, strict }: RouterPrototype,
): Place {
  const shared = { isRoute, prefix: undefined, name: '' }
  if (!Array.isArray(path))
    return { ...shared, path: write(path, isRoute), alternatives: undefined }
  const paths = path.flat(Infinity) as unknown[]
  const { constructor } = layer as { constructor: unknown }
  const options = isRoute
    ? { sensitive: caseSensitive, strict, end: true }
    : { sensitive: caseSensitive, strict: false, end: false }
  const alternatives = paths.map((one) => ({
    path: write(one, isRoute),
    layer: new (constructor as LayerConstructor)(one, options, () => undefined),
  }))
  return { ...shared, path: alternatives.map((one) => one.path).join(), alternatives }
}

function write(path: unknown, isRoute: boolean): string {
  const text = String(path)
  if (isRoute || path instanceof RegExp) return text
  return text === '*' || text === '/*' ? '' : text.replace(/\/+$/, '')
}

/**
 * The name of a place under a prefix, as `/api/users/:id`. `taken` is how much of the request's URL the routers above have
 * matched.
 */
export function placeName(
  place: Place,
  prefix: string,
  request: IncomingMessage & { baseUrl?: string },
  taken: number,
): string {
  if (place.alternatives !== undefined) {
    return join(prefix, choose(place, place.alternatives, request, taken))
  }
  if (place.prefix !== prefix) {
    place.prefix = prefix
    place.name = join(prefix, place.path)
  }
  return place.name
}

/** The root of a mounted router is where it is mounted. */
function join(prefix: string, path: string): string {
  return path === '/' && prefix !== '' ? prefix : prefix + path
}

function choose(
  place: Place,
  alternatives: readonly Alternative[],
  { baseUrl = '', url = '' }: { baseUrl?: string; url?: string | undefined },
  taken: number,
): string {
  const end = url.indexOf('?')
  const path = (baseUrl + (end < 0 ? url : url.slice(0, end))).slice(taken)
  try {
    const match = alternatives.find(({ layer }) => layer.match(path))
    return match === undefined ? place.path : match.path
  } catch {
    // A parameter that cannot be decoded.
    return place.path
  }
}

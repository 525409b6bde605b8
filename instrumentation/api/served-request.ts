import { type Context, trace } from '@opentelemetry/api'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { currentContext, enterScope, openScope, type Scope } from './context'
import { answerHeaders, type Correlation, type ReadHeader, readRequest } from './correlation'

/**
 * Runs `next` in the context of a request, which is read when the request is seen first: of several middlewares and wrappers
 * one after the other the first one says what it is.
 */
export function serveInContext<T>(
  request: IncomingMessage,
  response: ServerResponse,
  correlation: Correlation,
  next: () => T,
): T {
  const scope = scopes.get(request) ?? startRequest(request, response, correlation)
  return scope === undefined ? next() : enterScope(scope, next)
}

/** The scope of a request that has been seen. */
export function scopeOf(request: object): Scope | undefined {
  return scopes.get(request)
}

/** A scope of a request that is served now; its span, which is the active one, carries the ids. Never throws. */
export function openRequest(
  header: ReadHeader,
  peer: string | undefined,
  correlation: Correlation,
): Scope | undefined {
  try {
    const context = readRequest(header, peer, correlation)
    const span = trace.getActiveSpan()
    const scope = openScope(context, { span, hasBaggage: correlation.hasBaggage })
    span?.setAttributes(scope.store.attributes)
    return scope
  } catch {
    return undefined
  }
}

export function headersOf({ headers, rawHeaders }: IncomingMessage): ReadHeader {
  return (name) => {
    const value = headers[name]
    const text = Array.isArray(value) ? value.join(JOINED) : value
    return text?.includes(JOINED) && SAID_ONCE.has(name) && isRepeated(rawHeaders, name) ? '' : text
  }
}

/** The same of a `Request`, which tells as little of repeated headers as of those that have a comma. */
export function headersOfFetch(request: Request): ReadHeader {
  return (name) => {
    try {
      const text = request.headers.get(name) ?? undefined
      return text?.includes(JOINED) && SAID_ONCE.has(name) ? '' : text
    } catch {
      // A handler may be called with anything that is no request.
      return undefined
    }
  }
}

/** As Node puts the values of a header together that is there several times. */
const JOINED = ', '
/** Who says two things of whom a request is of, as a client and a proxy that adds to what the client sent, is not believed. */
const SAID_ONCE: ReadonlySet<string> = new Set([
  'x-correlation-id',
  'x-request-id',
  'x-tenant-id',
  'x-user-id',
])

/** By what came over the connection; of a stand-in for a request, which has no such thing, nobody knows. */
function isRepeated(rawHeaders: readonly string[] | undefined, name: string): boolean {
  if (rawHeaders === undefined) return true
  return rawHeaders.filter((each, at) => at % 2 === 0 && each.toLowerCase() === name).length > 1
}

/** Says on the answer which request it is of. */
export function writeAnswerHeaders(
  response: ServerResponse,
  { store }: Scope,
  correlation: Correlation,
): void {
  if (response.headersSent) return
  for (const [name, value] of answerHeaders(store.context, correlation)) {
    response.setHeader(name, value)
  }
}

/** A class of which any object becomes a member. */
class Adopting {
  constructor(object: object) {
    return object
  }
}

/** A private field on requests: whoever prints or copies one sees nothing of it, and it costs less than an entry of a weak map. */
class Mark extends Adopting {
  #scope: Scope

  private constructor(request: object, scope: Scope) {
    super(request)
    this.#scope = scope
  }

  static get(request: object): Scope | undefined {
    return #scope in request ? request.#scope : undefined
  }

  static set(request: object, scope: Scope): void {
    new Mark(request, scope)
  }
}

/** Shared by all copies of this file. */
const SCOPES = Symbol.for('sidelight.request-scopes')
type Scopes = Pick<typeof Mark, 'get' | 'set'>
const shared = globalThis as { [SCOPES]?: Scopes }
const scopes: Scopes = (shared[SCOPES] ??= Mark)

/** Undefined when it is no request of Node's: it is served all the same. */
function startRequest(
  request: IncomingMessage,
  response: ServerResponse,
  correlation: Correlation,
): Scope | undefined {
  try {
    const peer = request.socket?.remoteAddress
    const scope = openRequest(headersOf(request), peer, correlation)
    if (scope === undefined) return undefined
    scopes.set(request, scope)
    followEvents(request, response, scope)
    writeAnswerHeaders(response, scope, correlation)
    return scope
  } catch {
    return scopes.get(request)
  }
}

/** By which the bootstrap has the listeners of a request and its response run in another context than its own. */
const EXCHANGE = Symbol.for('sidelight.exchange')
type MoveExchange = (message: object, context: Context) => boolean

/** Parts of a body come when the connection has them, in a context of its own. */
function followEvents(request: IncomingMessage, response: ServerResponse, scope: Scope): void {
  const move = (globalThis as { [EXCHANGE]?: MoveExchange })[EXCHANGE]
  if (scope.active !== undefined && move?.(request, scope.active) === true) return
  followEmitter(request, scope)
  followEmitter(response, scope)
}

function followEmitter(message: EventEmitter, scope: Scope): void {
  const { emit } = message
  const value = function (this: EventEmitter, ...args: Parameters<EventEmitter['emit']>): boolean {
    if (currentContext() === scope.store.context || this.listenerCount(args[0]) === 0) {
      return emit.apply(this, args)
    }
    return enterScope(scope, () => emit.apply(this, args))
  }
  Object.defineProperty(message, 'emit', { value, configurable: true, writable: true })
}

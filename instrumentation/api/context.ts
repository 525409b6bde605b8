import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import {
  type Context,
  context as contexts,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
} from '@opentelemetry/api'
import { readWholeText } from './argument'
import { attempt } from './attempt'
import { ATTRIBUTE } from './attributes'
import { RequestBaggage } from './baggage'
import { redactText } from './secret-texts'

/** Whom and what a request is about; it follows async calls. */
export interface RequestContext {
  /** Of this request alone. */
  readonly requestId: string
  /** Of all requests that one thing led to, across services. */
  readonly correlationId: string
  readonly userId?: string
  readonly tenantId?: string
  /** The IP address of the client. It is on lines of loggers, not on spans. */
  readonly clientAddress?: string
}

/** What becomes known of a request only later, as by its authentication. */
export interface ContextUpdate {
  readonly userId?: string
  readonly tenantId?: string
}

/**
 * The context of the request that is being served, or that `runInContext` was given; undefined outside of any.
 *
 * @example
 * import { currentContext, runInContext } from 'sidelight'
 *
 * function describe() {
 *   return `request ${currentContext()?.requestId}`
 * }
 *
 * console.log(describe()) // prints request undefined
 * console.log(runInContext({ requestId: 'r-1', correlationId: 'c-1' }, describe)) // prints request r-1
 */
export function currentContext(): RequestContext | undefined {
  return currentStore()?.context
}

/**
 * Runs `fn`, and whatever it starts, in a context: for jobs, messages and other work that no correlation middleware sees.
 * Every span, log record and event of it carries the ids, and calls to other services take user, tenant and correlation id
 * along as W3C baggage. Ids that are no texts, or missing, are new ones. Returns and throws what `fn` does.
 *
 * @example
 * import { currentContext, runInContext } from 'sidelight'
 *
 * async function chargeLater(order: string) {
 *   await new Promise(setImmediate)
 *   console.log(order, currentContext()?.userId) // prints order-7 u-42
 * }
 *
 * const context = { requestId: 'job-1', correlationId: 'c-1', userId: 'u-42' }
 * await runInContext(context, () => chargeLater('order-7'))
 */
export function runInContext<T>(context: RequestContext, fn: () => T): T {
  const scope = scopeWith(context)
  return scope === undefined ? fn() : enterScope(scope, fn)
}

/**
 * Adds what is known only now to the context of the request, as the user once it is authenticated: for all of the request,
 * from here on. The span of the request and the active one carry it as well, and so does the baggage. Does nothing outside
 * of a context.
 *
 * @example
 * import { currentContext, runInContext, updateContext } from 'sidelight'
 *
 * runInContext({ requestId: 'r-1', correlationId: 'c-1' }, () => {
 *   updateContext({ userId: 'u-42' })
 *   console.log(currentContext()?.userId) // prints u-42
 * })
 */
export function updateContext(update: ContextUpdate): void {
  const store = currentStore()
  if (store === undefined) return
  attempt('updateContext', () => {
    // An authentication that found nobody may well say null.
    const owner = readOwner('updateContext', (update as ContextUpdate | null | undefined) ?? {})
    store.context = { ...store.context, ...owner }
    store.attributes = attributesOf(store.context)
    const active = trace.getActiveSpan()
    active?.setAttributes(store.attributes)
    if (store.span !== active) store.span?.setAttributes(store.attributes)
  })
}

/** What spans, events and lines of the active context carry; shared, not to be changed. */
export function contextAttributes(): Readonly<Record<string, string>> {
  return currentStore()?.attributes ?? NONE
}

/** What stands for the active request, however often what is known of it changes; undefined outside of any. */
export function activeRequest(): object | undefined {
  return currentStore()
}

/** A context that can be entered, again and again: what happens to a request is not one chain of calls. */
export interface Scope {
  readonly store: Store
  /** Undefined without an SDK. */
  readonly active: Context | undefined
}

/** Undefined when what an application without types gives is no context. */
function scopeWith(context: RequestContext): Scope | undefined {
  try {
    return openScope(readContext(context))
  } catch {
    return undefined
  }
}

/** What an application gave, in texts that headers and lines can have. */
function readContext(given: RequestContext): RequestContext {
  const { requestId, correlationId, clientAddress } = given
  const address = readId('runInContext', 'clientAddress', clientAddress)
  return {
    requestId: readId('runInContext', 'requestId', requestId) ?? randomUUID(),
    correlationId: readId('runInContext', 'correlationId', correlationId) ?? randomUUID(),
    ...readOwner('runInContext', given),
    ...(address === undefined ? undefined : { clientAddress: address }),
  }
}

function readOwner(caller: string, given: ContextUpdate): ContextUpdate {
  const userId = readId(caller, 'userId', given.userId)
  const tenantId = readId(caller, 'tenantId', given.tenantId)
  return {
    ...(userId === undefined ? undefined : { userId }),
    ...(tenantId === undefined ? undefined : { tenantId }),
  }
}

/** Half a character cannot be percent-encoded, as headers are. */
function readId(caller: string, name: string, given: unknown): string | undefined {
  if (given === undefined || given === null) return undefined
  return readWholeText(caller, name, given)?.replace(/\p{Surrogate}/gu, '\ufffd')
}

/** How a scope differs from that of `runInContext`. */
export interface ScopeOptions {
  /** The span of the whole request. */
  readonly span?: Span | undefined
  /** Whether calls to other services take the ids along. */
  readonly hasBaggage?: boolean
}

/** A scope within what is active now. */
export function openScope(context: RequestContext, options?: ScopeOptions): Scope {
  const store: Store = { context, attributes: attributesOf(context), span: options?.span }
  if (!isManaged()) return { store, active: undefined }
  let active = contexts.active().setValue(KEY, store)
  const baggage = new RequestBaggage(
    options?.hasBaggage === false ? undefined : store,
    propagation.getBaggage(active),
  )
  active = propagation.setBaggage(active, baggage)
  return { store, active }
}

/** Runs `fn` in a scope, if it does not run in it already. */
export function enterScope<T>({ store, active }: Scope, fn: () => T): T {
  if (active !== undefined) {
    return contexts.active() === active ? fn() : contexts.with(active, fn)
  }
  return storage.getStore() === store ? fn() : storage.run(store, fn)
}

/** What the bootstrap reads too, of whichever copy of this file the application has: `process/request-context.ts`. */
interface Store {
  context: RequestContext
  /** As they are on spans and log records; another object whenever they change. */
  attributes: Readonly<Record<string, string>>
  readonly span: Span | undefined
}

const NONE: Readonly<Record<string, string>> = Object.freeze({})

/**
 * Where there is an SDK its own context carries the store along: what libraries do to that, and what instrumentations do for
 * it, then holds for both. Without one it is a storage of ours. Both are shared by all copies of this file.
 */
const NAME = 'sidelight.request-context'
const KEY = createContextKey(NAME)
const SHARED = Symbol.for(NAME)
const shared = globalThis as { [SHARED]?: AsyncLocalStorage<Store> }
const storage = (shared[SHARED] ??= new AsyncLocalStorage<Store>())

function currentStore(): Store | undefined {
  return (contexts.active().getValue(KEY) as Store | undefined) ?? storage.getStore()
}

const PROBE = ROOT_CONTEXT.setValue(createContextKey('sidelight.probe'), true)
let wasManaged = false

/** Whether an SDK keeps contexts; one may be started after this file was loaded. */
function isManaged(): boolean {
  wasManaged ||= contexts.with(PROBE, () => contexts.active() === PROBE)
  return wasManaged
}

function attributesOf(context: RequestContext): Readonly<Record<string, string>> {
  const { requestId, correlationId, userId, tenantId } = context
  const attributes: Record<string, string> = {
    [ATTRIBUTE.requestId]: redactText(requestId),
    [ATTRIBUTE.correlationId]: redactText(correlationId),
  }
  if (userId !== undefined) attributes[ATTRIBUTE.userId] = redactText(userId)
  if (tenantId !== undefined) attributes[ATTRIBUTE.tenantId] = redactText(tenantId)
  return attributes
}

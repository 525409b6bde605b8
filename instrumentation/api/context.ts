import { AsyncLocalStorage } from 'node:async_hooks'
import { ATTRIBUTE } from './attributes'

/** Whom and what a request is about; it follows async calls. */
export interface RequestContext {
  /** Of this request alone. */
  readonly requestId: string
  /** Of all requests that one thing led to, across services. */
  readonly correlationId: string
  readonly userId?: string
  readonly tenantId?: string
}

/** The context that is active, if any. */
export function currentContext(): RequestContext | undefined {
  return storage.getStore()?.context
}

/** Runs `fn`, and whatever it starts, in the context. */
export function runInContext<T>(context: RequestContext, fn: () => T): T {
  return storage.run({ context, attributes: attributesOf(context) }, fn)
}

/** What spans, events and lines of the active context carry; shared, not to be changed. */
export function contextAttributes(): Readonly<Record<string, string>> {
  return storage.getStore()?.attributes ?? NONE
}

/** What the bootstrap reads too, of whichever copy of this file the application has: `process/request-context.ts`. */
interface Store {
  readonly context: RequestContext
  /** As they are on spans and log records. */
  readonly attributes: Readonly<Record<string, string>>
}

const NONE: Readonly<Record<string, string>> = Object.freeze({})
const SHARED = Symbol.for('sidelight.request-context')
const shared = globalThis as { [SHARED]?: AsyncLocalStorage<Store> }
const storage = (shared[SHARED] ??= new AsyncLocalStorage<Store>())

function attributesOf({ requestId, correlationId, userId, tenantId }: RequestContext) {
  return Object.freeze({
    [ATTRIBUTE.requestId]: requestId,
    [ATTRIBUTE.correlationId]: correlationId,
    ...(userId === undefined ? undefined : { [ATTRIBUTE.userId]: userId }),
    ...(tenantId === undefined ? undefined : { [ATTRIBUTE.tenantId]: tenantId }),
  })
}

import type { AsyncLocalStorage } from 'node:async_hooks'
import { type Context, context as contexts, createContextKey, type Span } from '@opentelemetry/api'

/** The ids of a request, named as on spans and log records. */
export type RequestAttributes = Readonly<Record<string, string>>

/**
 * Of the request that is active in a context, the current one if none is given; undefined outside of any. The application's
 * copy of this package keeps it (`api/context.ts`): in the SDK's context, or where that does not reach it in a storage.
 */
export function requestAttributes(
  active: Context = contexts.active(),
): RequestAttributes | undefined {
  const store = active.getValue(KEY) as Store | undefined
  return store === undefined ? stored()?.attributes : store.attributes
}

/** Sets on a span that starts in a context what it does not say itself. */
export function stampSpan(span: Span, parent: Context): void {
  const request = requestAttributes(parent)
  if (request === undefined) return
  const { attributes = NONE } = span as { attributes?: object }
  for (const name in request) {
    if (!Object.hasOwn(attributes, name)) span.setAttribute(name, request[name]!)
  }
}

/** The attributes of a record with what they do not say themselves; as they are when there is nothing to add. */
export function stampedIn(active: Context, attributes: object): object {
  const request = requestAttributes(active)
  if (request === undefined) return attributes
  for (const name in request) {
    if (!Object.hasOwn(attributes, name)) return { ...request, ...attributes }
  }
  return attributes
}

/** Adds to the attributes of a line, which nobody else has, what they do not say themselves. */
export function stampLine(attributes: Record<string, unknown>): void {
  const request = requestAttributes()
  if (request === undefined) return
  for (const name in request) {
    if (!(name in attributes)) attributes[name] = request[name]
  }
}

interface Store {
  readonly attributes: RequestAttributes
}

const NAME = 'sidelight.request-context'
const KEY = createContextKey(NAME)
const SHARED = Symbol.for(NAME)
const NONE: object = {}

let storage: AsyncLocalStorage<Store> | undefined

function stored(): Store | undefined {
  storage ??= (globalThis as { [SHARED]?: AsyncLocalStorage<Store> })[SHARED]
  return storage?.getStore()
}

import { context } from '@opentelemetry/api'
import type { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import type * as operation from './operation'

/** Traces operations of graphql since version 17, which tells of them by channels, as module and as CommonJS. */
export function traceGraphql(): void {
  listen('graphql:execute')
  listen('graphql:subscribe')
}

interface Message {
  readonly document?: unknown
  readonly operationName?: unknown
  readonly result?: unknown
  readonly error?: unknown
  [OPERATION]?: operation.Operation | undefined
}

const OPERATION = Symbol('sidelight.operation')

function listen(name: string): void {
  const { start, end, asyncEnd, error } = tracingChannel<unknown, Message>(name)
  const store = storeOfContext()
  const begin = (message: Message): unknown => {
    const { beginOperation } = require('./operation') as typeof operation
    const begun = beginOperation(message.document, message.operationName)
    message[OPERATION] = begun
    return begun?.context ?? context.active()
  }
  if (store === undefined) start.subscribe((message) => void begin(message as Message))
  else start.bindStore(store, (message) => begin(message as Message))
  const finish = (message: unknown): void => {
    const { [OPERATION]: begun, ...rest } = message as Message
    if ('result' in rest) begun?.finish(rest.result)
  }
  end.subscribe(finish)
  asyncEnd.subscribe(finish)
  error.subscribe((message) => {
    const { [OPERATION]: begun, error: thrown } = message as Message
    begun?.fail(thrown)
  })
}

/** A channel enters a context only through the storage that keeps it, which the API has no name for. */
function storeOfContext(): AsyncLocalStorage<unknown> | undefined {
  const api = context as unknown as {
    _getContextManager?(): { _asyncLocalStorage?: AsyncLocalStorage<unknown> }
  }
  return api._getContextManager?.()._asyncLocalStorage
}

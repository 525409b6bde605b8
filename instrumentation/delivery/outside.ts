import { AsyncResource } from 'node:async_hooks'
import { context, ROOT_CONTEXT } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'

/** Made when the bootstrap is loaded, when there is no context yet. */
const resource = new AsyncResource('sidelight')
const untraced = suppressTracing(ROOT_CONTEXT)

/**
 * Runs what must have nothing to do with the operation of the application that causes it: it is not traced, and what it
 * leaves behind (timers, sockets) keeps none of the application's contexts in memory.
 */
export function runOutside<T>(fn: () => T): T {
  return resource.runInAsyncScope(() => context.with(untraced, fn))
}

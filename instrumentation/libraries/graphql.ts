import { context } from '@opentelemetry/api'
import { beginOperation, type Operation } from './graphql/operation'

type Function = (this: unknown, ...args: unknown[]) => unknown

interface LoadedModule {
  readonly version: string
}

/** Traces operations as they are executed, one span each. Since version 17 channels tell of them (`graphql/channels`). */
export function patchExecute(
  exports: { execute: Function; executeSync?: Function },
  { version }: LoadedModule,
): void {
  if (Number.parseInt(version) >= 17) return
  exports.execute = traceOperation(exports.execute)
  if (exports.executeSync !== undefined) exports.executeSync = traceOperation(exports.executeSync)
}

/** Traces how a subscription begins; what its events execute are operations of their own. */
export function patchSubscribe(exports: { subscribe: Function }, { version }: LoadedModule): void {
  if (Number.parseInt(version) >= 17) return
  exports.subscribe = traceOperation(exports.subscribe)
}

/** What is executed at the moment: a function of the module that passes it on to another one is one operation. */
let executed: unknown

function traceOperation(original: Function): Function {
  const traced = function (this: unknown, ...args: unknown[]): unknown {
    const [given] = args
    if (given !== undefined && given === executed) return original.apply(this, args)
    // Before version 16, several parameters were allowed.
    const { document, operationName } = (
      args.length > 1 ? { document: args[1], operationName: args[5] } : (given ?? {})
    ) as { document?: unknown; operationName?: unknown }
    const operation = beginOperation(document, operationName)
    if (operation === undefined) return original.apply(this, args)
    const before = executed
    executed = args.length > 1 ? undefined : given
    try {
      return finish(
        operation,
        context.with(operation.context, () => original.apply(this, args)),
      )
    } catch (error) {
      operation.fail(error)
      throw error
    } finally {
      executed = before
    }
  }
  Object.defineProperty(traced, 'name', { value: original.name })
  return Object.defineProperty(traced, 'length', { value: original.length })
}

function finish(operation: Operation, result: unknown): unknown {
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') {
    operation.finish(result)
    return result
  }
  return (result as PromiseLike<unknown>).then(
    (value) => {
      operation.finish(value)
      return value
    },
    (error: unknown) => {
      operation.fail(error)
      throw error
    },
  )
}

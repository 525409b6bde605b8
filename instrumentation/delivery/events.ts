/** Takes part in an event of the process; `pass` gives it to the application's listeners, as if nobody had been between. */
export type Interceptor = (event: unknown, args: unknown[], pass: () => boolean) => boolean

/**
 * Sees every event of the process before its listeners do, without being one of them: an application that counts or removes
 * listeners finds the ones it knows of. Throws when `process` cannot be changed.
 */
export function interceptEvents(intercept: Interceptor): void {
  const own = Object.getOwnPropertyDescriptor(process, 'emit')?.value as Emit | undefined
  const emit: Emit = function (this: unknown, ...args) {
    // Looked up each time: node:domain replaces the inherited one when it is loaded.
    const next = own ?? (Object.getPrototypeOf(process) as { emit: Emit }).emit
    return intercept(args[0], args, () => Reflect.apply(next, this, args))
  }
  // As that of every emitter.
  Object.defineProperties(emit, { name: { value: 'emit' }, length: { value: 1 } })
  Object.defineProperty(process, 'emit', {
    value: emit,
    writable: true,
    configurable: true,
    enumerable: false,
  })
}

/**
 * Makes signals arrive as events although nobody listens (`start`), or have their usual effect again (`stop`), which ends the
 * process. Node does both when a listener comes or goes; here only Node is told so. With listeners both change nothing.
 */
export interface SignalWatch {
  start(signal: NodeJS.Signals): void
  stop(signal: NodeJS.Signals): void
}

export function createSignalWatch(): SignalWatch {
  const start = findListener('newListener', 'startListeningIfSignal')
  const stop = findListener('removeListener', 'stopListeningIfSignal')
  if (start !== undefined && stop !== undefined) return { start, stop }
  // A Node that does it in another way: a listener that can be seen is better than none.
  const listener = (): void => undefined
  return {
    start(signal) {
      if (!process.listeners(signal).includes(listener)) process.on(signal, listener)
    },
    stop(signal) {
      process.removeListener(signal, listener)
    },
  }
}

type Emit = (this: unknown, ...args: unknown[]) => boolean
type Listener = (signal: NodeJS.Signals) => void

function findListener(event: 'newListener' | 'removeListener', name: string): Listener | undefined {
  const listeners = process.listeners(event as 'exit') as unknown as Listener[]
  return listeners.find((listener) => listener.name === name)
}

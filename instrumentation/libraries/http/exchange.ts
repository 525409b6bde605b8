/** What follows the events of a message of Node's HTTP, without being one of their listeners. */
export interface Exchange {
  /** Emits an event, by calling `emit` on the message with these arguments. Throws what the listeners throw. */
  carry(emit: Emit, message: object, args: EmitArguments): boolean
}

export type Emit = (this: object, ...args: unknown[]) => boolean
export type EmitArguments = ArrayLike<unknown>

/** Where a message carries its exchange. */
export const EXCHANGE = Symbol('sidelight.exchange')

export interface Followed {
  [EXCHANGE]?: Exchange
}

/**
 * Has the events of messages of a class pass through their exchange, if they have one. Listeners would cost more, would
 * be counted by the application, and change what Node does for a message that nobody listens to.
 */
export function followMessages(prototype: object): void {
  if (followed.has(prototype)) return
  followed.add(prototype)
  const emitter = prototype as { emit: Emit }
  const emit = emitter.emit
  Object.defineProperty(prototype, 'emit', {
    configurable: true,
    writable: true,
    enumerable: true,
    value: {
      emit(this: Followed, _type: unknown): boolean {
        const exchange = this[EXCHANGE]

        const args = arguments as unknown as unknown[]
        return exchange === undefined ? emit.apply(this, args) : exchange.carry(emit, this, args)
      },
    }.emit,
  })
}

const followed = new WeakSet<object>()

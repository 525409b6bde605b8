import type { Context } from '@opentelemetry/api'

/** What follows the events of a message of Node's HTTP, without being one of their listeners. */
export interface Exchange {
  /** What the listeners of the messages run in. */
  context?: Context
  /** Emits an event, by calling `emit` on the message with these arguments. Throws what the listeners throw. */
  carry(emit: Emit, message: object, args: EmitArguments): boolean
}

export type Emit = (this: object, ...args: unknown[]) => boolean
export type EmitArguments = ArrayLike<unknown>

/** The exchange a message is part of. */
export function exchangeOf(message: object): Exchange | undefined {
  return Mark.of(message)
}

/** Makes a message part of an exchange; nothing the application can see of the message changes. */
export function joinExchange(message: object, exchange: Exchange): void {
  Mark.leave(message, exchange)
}

/**
 * Lets whoever gives a request a context of its own, as `api/served-request.ts` does, have the listeners of its messages run
 * in that one. They say it to all copies of this package by a symbol.
 */
export function letMove(): void {
  const shared = globalThis as { [MOVE]?: (message: object, context: Context) => boolean }
  shared[MOVE] = (message, context) => {
    const exchange = exchangeOf(message)
    if (exchange?.context === undefined) return false
    exchange.context = context
    return true
  }
}

const MOVE = Symbol.for('sidelight.exchange')

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
      emit(this: object, _type: unknown): boolean {
        const exchange = Mark.of(this)
        const args = arguments as unknown as unknown[]
        return exchange === undefined ? emit.apply(this, args) : exchange.carry(emit, this, args)
      },
    }.emit,
  })
}

const followed = new WeakSet<object>()

/** A class of which any object becomes a member. */
class Adopting {
  constructor(object: object) {
    return object
  }
}

/**
 * A private field on objects of Node's: whoever prints, copies or lists these sees nothing of it, which a symbol would
 * not do, and unlike an entry of a weak map it costs no more than any property.
 */
class Mark extends Adopting {
  #exchange: Exchange

  private constructor(message: object, exchange: Exchange) {
    super(message)
    this.#exchange = exchange
  }

  static of(message: object): Exchange | undefined {
    return #exchange in message ? message.#exchange : undefined
  }

  static leave(message: object, exchange: Exchange): void {
    if (#exchange in message) message.#exchange = exchange
    else new Mark(message, exchange)
  }
}

import type { Handling } from './messaging'

/** A channel, with what it has delivered by tags. */
export interface Settling {
  [UNSETTLED]?: Map<number, Handling>
}

interface Delivered {
  readonly fields?: { readonly deliveryTag?: number }
}

const UNSETTLED = Symbol('sidelight.unsettled')

/** The methods that say what became of deliveries. */
export type Settler = Record<
  'ack' | 'ackAll' | 'nack' | 'nackAll' | 'reject' | 'recover',
  (this: Settling, ...args: unknown[]) => unknown
>

/** Ends what is processed when a channel's method says what became of it. */
export function patchSettling(prototype: Settler): void {
  const settling = (
    name: 'ack' | 'nack' | 'reject',
    settle: (handling: Handling) => void,
  ): void => {
    const original = prototype[name]
    prototype[name] = function (...args) {
      const result = original.apply(this, args)
      const tag = (args[0] as Delivered | undefined)?.fields?.deliveryTag
      if (tag !== undefined) settleTo(this, tag, name !== 'reject' && Boolean(args[1]), settle)
      return result
    }
  }
  const settlingAll = (
    name: 'ackAll' | 'nackAll' | 'recover',
    settle: (handling: Handling) => void,
  ): void => {
    const original = prototype[name]
    prototype[name] = function (...args) {
      const result = original.apply(this, args)
      settleAll(this, settle)
      return result
    }
  }
  const refuse = (errorType: string) => (handling: Handling) => {
    handling.refuse(errorType, 'the message was not acknowledged')
  }
  const succeed = (handling: Handling): void => {
    handling.succeed()
  }
  settling('ack', succeed)
  settling('nack', refuse('nack'))
  settling('reject', refuse('reject'))
  settlingAll('ackAll', succeed)
  settlingAll('nackAll', refuse('nack'))
  settlingAll('recover', refuse('recover'))
}

/** Of one channel; RabbitMQ itself closes a channel that leaves a message unsettled for half an hour. */
const MAX_UNSETTLED = 1_000

/** A delivery is processed until it is acknowledged or refused. */
export function awaitSettling(
  channel: Settling,
  tag: number | undefined,
  handling: Handling,
): void {
  if (tag === undefined) return
  const unsettled = (channel[UNSETTLED] ??= new Map())
  if (unsettled.size >= MAX_UNSETTLED) {
    const [oldest] = unsettled
    if (oldest !== undefined) {
      unsettled.delete(oldest[0])
      oldest[1].succeed()
    }
  }
  unsettled.set(tag, handling)
}

/** Tags grow, so a map has them in their order. */
function settleTo(
  channel: Settling,
  tag: number,
  all: boolean,
  settle: (handling: Handling) => void,
): void {
  const unsettled = channel[UNSETTLED]
  if (unsettled === undefined) return
  if (all) {
    for (const [earlier, handling] of unsettled) {
      if (earlier > tag) break
      unsettled.delete(earlier)
      settle(handling)
    }
    return
  }
  const handling = unsettled.get(tag)
  if (handling === undefined) return
  unsettled.delete(tag)
  settle(handling)
}

/** Ends all that is processed on a channel. */
export function settleAll(channel: Settling, settle: (handling: Handling) => void): void {
  settleTo(channel, Infinity, true, settle)
}

import { readOptionalAmount, readOptionalText, readText, refuse } from './argument'
import { ATTRIBUTE, EVENT } from './attributes'
import { activeRequest } from './context'
import { emitEvent, tell } from './emit'
import { addFailure } from './failure'
import { readFields } from './fields'

/** What is told of a business event; what is not named here goes out under its own name, without secrets. */
export interface BusinessFields {
  /** How many things it was about. */
  readonly count?: number
  /** What it cost, US dollars. */
  readonly costUsd?: number
  /** How long it took, milliseconds; by default since `started`. */
  readonly durationMs?: number
  /** Whose it is; by default the user of the active request. */
  readonly userId?: string
  /** Why it failed: an error, a text or a code. */
  readonly error?: unknown
  readonly [field: string]: unknown
}

/** A business event, to be told of any number of times. */
export interface BusinessEvent {
  /** Tells that it has begun, and takes the time. */
  started(fields?: BusinessFields): void
  /** Tells that it is done; what was never started has no duration unless one is given. */
  completed(fields?: BusinessFields): void
  /** Tells that it went wrong; `fields` may be the error alone. */
  failed(fields?: BusinessFields | Error): void
}

/**
 * A business event by its name, such as `order_placed`: a fixed one, as those of a metric are. The time from `started` to `completed` or
 * `failed` is its duration; one object serves any number of requests at once, since each request has its own time. Outside
 * of requests an object has one time: make one for each operation. Counts, costs and durations that are no numbers of 0
 * or more are left out; without a name nothing is sent. Never throws; does nothing without an OpenTelemetry SDK.
 *
 * @example
 * import { businessEvent } from 'sidelight'
 *
 * const checkout = businessEvent('checkout')
 * checkout.started({ cartId: 'c_17' })
 * checkout.completed({ cartId: 'c_17', count: 3, costUsd: 0.02, currency: 'EUR' })
 *
 * businessEvent('newsletter_sent').completed({ count: 5_100 })
 */
export function businessEvent(name: string): BusinessEvent {
  return new TimedEvent(name)
}

class TimedEvent implements BusinessEvent {
  readonly #name: unknown
  /** When it was started, by the request it was started in. */
  #startsMs = new WeakMap<object, number>()

  constructor(name: unknown) {
    this.#name = name
  }

  started(fields?: BusinessFields): void {
    this.#tell('started', fields, () => {
      this.#startsMs.set(activeRequest() ?? this, performance.now())
      return undefined
    })
  }

  completed(fields?: BusinessFields): void {
    this.#tell('succeeded', fields, () => this.#takeDurationMs())
  }

  failed(fields?: BusinessFields | Error): void {
    this.#tell('failed', fields, () => this.#takeDurationMs())
  }

  #tell(
    outcome: Outcome,
    fields: BusinessFields | Error | undefined,
    takeDurationMs: () => number | undefined,
  ): void {
    tell('businessEvent', () => {
      const measuredMs = takeDurationMs()
      const name = readText('businessEvent', 'name', this.#name)
      if (name !== undefined) emitBusinessEvent(name, outcome, fields, measuredMs)
    })
  }

  #takeDurationMs(): number | undefined {
    const request = activeRequest()
    const owner = request !== undefined && this.#startsMs.has(request) ? request : this
    const startMs = this.#startsMs.get(owner)
    this.#startsMs.delete(owner)
    return startMs === undefined ? undefined : performance.now() - startMs
  }
}

type Outcome = 'started' | 'succeeded' | 'failed'

function emitBusinessEvent(
  name: string,
  outcome: Outcome,
  fields: BusinessFields | Error | undefined,
  measuredMs: number | undefined,
): void {
  const given = fieldsOf(fields)
  const attributes = readFields('businessEvent', given, KNOWN)
  attributes[ATTRIBUTE.businessEvent] = name
  attributes[ATTRIBUTE.outcome] = outcome
  const durationMs =
    readOptionalAmount('businessEvent', 'durationMs', given.durationMs) ?? measuredMs
  if (durationMs !== undefined) attributes[ATTRIBUTE.durationMs] = durationMs
  const count = readOptionalAmount('businessEvent', 'count', given.count)
  if (count !== undefined) attributes[ATTRIBUTE.count] = count
  const costUsd = readOptionalAmount('businessEvent', 'costUsd', given.costUsd)
  if (costUsd !== undefined) attributes[ATTRIBUTE.costUsd] = costUsd
  const userId = readOptionalText('businessEvent', 'userId', given.userId)
  if (userId !== undefined) attributes[ATTRIBUTE.userId] = userId
  if (given.error !== undefined) addFailure(attributes, given.error)
  emitEvent(EVENT.business, attributes, outcome === 'failed' ? 'warn' : 'info')
}

/** Those read by their names; of the application's own words none is `business.event`. */
const KNOWN = {
  count: true,
  costUsd: true,
  durationMs: true,
  userId: true,
  error: true,
  [ATTRIBUTE.businessEvent]: true,
} as const

const NO_FIELDS: BusinessFields = {}

function fieldsOf(given: unknown): BusinessFields {
  if (given === undefined || given === null) return NO_FIELDS
  if (given instanceof Error || typeof given === 'string') return { error: given }
  if (typeof given === 'object') return given as BusinessFields
  refuse('businessEvent', 'its fields', 'an object')
  return NO_FIELDS
}

import type { Meter } from '@opentelemetry/api'
import { ATTRIBUTE, METRIC } from './attributes'
import { lazyInstrument } from './instruments'

/** What is known of a queue at a moment. */
export interface QueueState {
  /** How many items wait. */
  readonly depth?: number
  /** How long the oldest of them has been waiting, in milliseconds. */
  readonly oldestAgeMs?: number
  /** How many items were worked off since the last call. */
  readonly processed?: number
  /** How many could not be since the last call. */
  readonly failed?: number
}

/**
 * Records the state of a queue, of whatever is given: the gauges `queue.depth` and `queue.oldest_age` (seconds), and the
 * counter `queue.processed` by `sidelight.outcome`; all by `queue.name`. Call it at intervals, or as items come and go.
 *
 * @example
 * import { trackQueue } from 'sidelight'
 *
 * const waiting = ['mail-1', 'mail-2']
 * waiting.shift()
 * trackQueue('mails', { depth: waiting.length, processed: 1 })
 */
export function trackQueue(queue: string, state: QueueState): void {
  try {
    const name = { [ATTRIBUTE.queueName]: queue }
    const { depth, oldestAgeMs, processed, failed } = state
    if (depth !== undefined) queueDepth()?.record(depth, name)
    if (oldestAgeMs !== undefined) queueOldestAge()?.record(oldestAgeMs / 1_000, name)
    if (processed !== undefined) {
      queueProcessed()?.add(processed, { ...name, [ATTRIBUTE.outcome]: 'succeeded' })
    }
    if (failed !== undefined) {
      queueProcessed()?.add(failed, { ...name, [ATTRIBUTE.outcome]: 'failed' })
    }
  } catch {
    // An SDK that fails costs this state.
  }
}

const queueDepth = lazyInstrument((meter: Meter) =>
  meter.createGauge(METRIC.queueDepth, {
    unit: '{item}',
    description: 'How many items wait in queues',
  }),
)
const queueOldestAge = lazyInstrument((meter: Meter) =>
  meter.createGauge(METRIC.queueOldestAge, {
    unit: 's',
    description: 'How long the oldest item of queues has been waiting',
  }),
)
const queueProcessed = lazyInstrument((meter: Meter) =>
  meter.createCounter(METRIC.queueProcessed, {
    unit: '{item}',
    description: 'What was taken from queues, by how it ended',
  }),
)

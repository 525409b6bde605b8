import type { Counter, Gauge, Meter } from '@opentelemetry/api'
import { readObject, readOptionalAmount, readText } from './argument'
import { attempt } from './attempt'
import { ATTRIBUTE, METRIC } from './attributes'
import { Bounded } from './bounded'
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
 * counter `queue.processed` by `sidelight.outcome`; all by `queue.name`. Call it at intervals, or as items come and go. More than
 * 500 names in a process are `other`. What is no number of 0 or more is left out; without a name nothing is recorded. Never throws.
 *
 * @example
 * import { trackQueue } from 'sidelight'
 *
 * const waiting = ['mail-1', 'mail-2']
 * waiting.shift()
 * trackQueue('mails', { depth: waiting.length, processed: 1 })
 */
export function trackQueue(queue: string, state: QueueState): void {
  attempt('trackQueue', () => {
    const instruments = queueInstruments()
    if (instruments === undefined) return
    const name = readText('trackQueue', 'queue', queue)
    if (name !== undefined) record(instruments, name, readObject('trackQueue', state))
  })
}

function record({ depth, oldestAge, processed }: Instruments, name: string, state: QueueState) {
  const of = { [ATTRIBUTE.queueName]: QUEUES.admit(name) }
  const waiting = readOptionalAmount('trackQueue', 'depth', state.depth)
  if (waiting !== undefined) depth.record(waiting, of)
  const ageMs = readOptionalAmount('trackQueue', 'oldestAgeMs', state.oldestAgeMs)
  if (ageMs !== undefined) oldestAge.record(ageMs / 1_000, of)
  const done = readOptionalAmount('trackQueue', 'processed', state.processed)
  if (done !== undefined) processed.add(done, { ...of, [ATTRIBUTE.outcome]: 'succeeded' })
  const failed = readOptionalAmount('trackQueue', 'failed', state.failed)
  if (failed !== undefined) processed.add(failed, { ...of, [ATTRIBUTE.outcome]: 'failed' })
}

const QUEUES = new Bounded(500)

interface Instruments {
  readonly depth: Gauge
  readonly oldestAge: Gauge
  readonly processed: Counter
}

const queueInstruments = lazyInstrument((meter: Meter): Instruments => {
  return {
    depth: meter.createGauge(METRIC.queueDepth, {
      unit: '{item}',
      description: 'How many items wait in queues',
    }),
    oldestAge: meter.createGauge(METRIC.queueOldestAge, {
      unit: 's',
      description: 'How long the oldest item of queues has been waiting',
    }),
    processed: meter.createCounter(METRIC.queueProcessed, {
      unit: '{item}',
      description: 'What was taken from queues, by how it ended',
    }),
  }
})

import type { Logger } from 'pino'
import { Unavailable } from '../errors'
import type { GroupRequest, GroupResult, WriteGroup } from '../store/group'
import type { Counters } from '../telemetry/counters'
import type { Availability } from './availability'

const SECOND_MS = 1_000
/** By then a request is acknowledged; a transaction that takes longer makes Postgres count as slow. */
export const ACK_DEADLINE_MS = 2 * SECOND_MS
/** A transaction that takes longer loses its connection. */
export const OVERDUE_MS = 10 * SECOND_MS

export interface TransactionOptions {
  readonly write: WriteGroup
  readonly availability: Availability
  readonly counters: Counters
  readonly log: Logger
  /** How long a transaction may take until requests go around it, to the spool. */
  readonly slowMs?: number
  /** How long it may take before its connection is destroyed. */
  readonly overdueMs?: number
}

/** The transactions under way, live ones and those of the spool alike. */
export class Transactions {
  readonly #options: TransactionOptions
  readonly #underWay = new Set<AbortController>()

  constructor(options: TransactionOptions) {
    this.#options = options
  }

  /**
   * Stores a group in one transaction. Throws Unavailable when it could not be or is in doubt, and Postgres then counts as
   * lost; anything else that is thrown is a fault of ours.
   */
  async store(group: readonly GroupRequest[]): Promise<readonly GroupResult[]> {
    const { write, availability, counters } = this.#options
    const { slowMs = ACK_DEADLINE_MS, overdueMs = OVERDUE_MS } = this.#options
    const abort = new AbortController()
    this.#underWay.add(abort)
    let isOverdue = false
    let endSlow: () => void = () => undefined
    const slow = setTimeout(() => (endSlow = availability.slow()), slowMs)
    const overdue = setTimeout(() => {
      isOverdue = true
      abort.abort()
    }, overdueMs)
    const stopTimer = counters.commitSeconds.startTimer()
    try {
      const results = await write(group, abort.signal)
      availability.confirm()
      this.#count(group, results)
      return results
    } catch (error) {
      if (error instanceof Unavailable) {
        const late = `a transaction took longer than ${overdueMs / SECOND_MS} s`
        availability.lose(isOverdue ? late : error.message)
      }
      throw error
    } finally {
      clearTimeout(slow)
      clearTimeout(overdue)
      stopTimer()
      this.#underWay.delete(abort)
      // After lose(), so that a lost Postgres is not taken for a usable one in between.
      endSlow()
    }
  }

  #count(group: readonly GroupRequest[], results: readonly GroupResult[]): void {
    const { counters, log } = this.#options
    counters.groupRequests.observe(group.length)
    for (const [at, { signal, translated, digest }] of group.entries()) {
      const result = results[at]
      if (result?.kind === 'repeated') counters.repeatedRequests.inc()
      if (result?.kind !== 'stored') continue
      const { poison } = result
      counters.items.inc({ signal, outcome: 'stored' }, translated.accepted - poison.length)
      if (poison.length === 0) continue
      const lost = poison.filter(({ isKept }) => !isKept)
      counters.items.inc({ signal, outcome: 'poison' }, poison.length)
      counters.deadLetters.inc({ reason: 'poison' }, poison.length - lost.length)
      counters.deadLetters.inc({ reason: 'lost' }, lost.length)
      if (lost.length > 0) {
        log.error(
          { digest, lost: lost.length, example: lost[0] },
          'items refused even as dead letters',
        )
      }
    }
  }

  /** Destroys the connections of the transactions under way. */
  abort(): void {
    for (const controller of this.#underWay) controller.abort()
  }
}

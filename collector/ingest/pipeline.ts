import type { Logger } from 'pino'
import { Unavailable } from '../errors'
import type { GroupRequest, GroupResult, PoisonItem, WriteGroup } from '../store/group'
import type { Counters } from '../telemetry/counters'
import { isolateRows } from '../translate/origin'
import type { Translated } from '../translate/rows'
import { type Availability, createAvailability } from './availability'
import type { ExportOutcome, ExportRequest } from './contract'
import { digestOf } from './digest'

const SECOND_MS = 1_000
export const ACK_DEADLINE_MS = 2 * SECOND_MS
export const OVERDUE_MS = 10 * SECOND_MS
/** Before a request is tried again whose receipt another transaction holds. */
const BLOCKED_PAUSE_MS = 50
/** A group is closed at this size, so that one transaction stays within a part of the admission budget. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024

export interface PipelineOptions {
  /** OTLP to rows; throws BadData. */
  readonly translate: (request: ExportRequest) => Translated
  readonly write: WriteGroup
  /** How many groups may be written at once. */
  readonly writers: number
  /** Resolves when Postgres can be used; asked until then, at the start and after every loss. */
  readonly probe: () => Promise<void>
  readonly counters: Counters
  readonly log: Logger
  /** From the arrival of a request to its answer, at most. */
  readonly ackDeadlineMs?: number
  /** How long a transaction may take before its connection is destroyed. */
  readonly overdueMs?: number
}

/** A request whose rows wait for their transaction, or are in it. */
interface Pending extends GroupRequest {
  readonly bytes: number
  readonly answer: (outcome: ExportOutcome) => void
  readonly refuse: (error: Error) => void
  readonly release: () => void
  isAnswered: boolean
}

/**
 * The way of a request from the door to its commit. Natural group commit: while transactions are in flight requests queue,
 * and the next one takes them all.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #availability: Availability
  #queue: Pending[] = []
  #writing = 0
  /** Requests that pause before they are tried again. */
  #pausing = 0
  #unanswered = 0
  #isDraining = false
  #onIdle: () => void = () => undefined

  constructor(options: PipelineOptions) {
    this.#options = options
    const { probe, log, counters } = options
    this.#availability = createAvailability({
      probe,
      log,
      onChange: (isAvailable) => {
        counters.databaseAvailable.set(isAvailable ? 1 : 0)
        if (isAvailable) this.#pump()
        else this.#refuseQueue()
      },
    })
  }

  /** Why requests are refused now, null when they are not. */
  refusal(): string | null {
    return this.#isDraining ? 'the collector is stopping' : this.#availability.reason()
  }

  /**
   * Resolves once what could be stored is committed. Throws BadData, or Unavailable when the request was not stored or is in
   * doubt: sent again, it is stored once. `onReleased` is called when nobody uses the request's bytes any more, which may
   * be after the answer.
   */
  async accept(request: ExportRequest, onReleased: () => void): Promise<ExportOutcome> {
    const { translate, counters } = this.#options
    const release = once(onReleased)
    let translated: Translated
    try {
      refuseWhile(this.refusal())
      translated = translate(request)
    } catch (error) {
      release()
      throw error
    }
    counters.spans.inc({ outcome: 'rejected' }, translated.rejected)
    counters.repairedStrings.inc(translated.repairedStrings)
    if (translated.accepted > 0) return this.#enqueue(request, translated, release)
    release()
    return outcomeOf(translated, 0, '')
  }

  /** Refuses new requests and waits for the ones under way; says how many got no answer by the deadline. */
  async drain(deadlineMs: number): Promise<{ readonly unanswered: number }> {
    this.#isDraining = true
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      timer = setTimeout(resolve, deadlineMs)
      this.#pump()
    })
    clearTimeout(timer)
    this.#availability.stop()
    return { unanswered: this.#unanswered }
  }

  #enqueue(
    request: ExportRequest,
    translated: Translated,
    release: () => void,
  ): Promise<ExportOutcome> {
    return new Promise((resolve, reject) => {
      const end = (reply: () => void) => {
        if (pending.isAnswered) return
        pending.isAnswered = true
        clearTimeout(deadline)
        this.#unanswered--
        reply()
      }
      const pending: Pending = {
        digest: digestOf(request.signal, request.tenant, request.body),
        signal: request.signal,
        tenant: request.tenant,
        receivedMs: request.receivedMs,
        translated,
        isolate: (copy, rows) => isolateRows(translated.body, copy, rows),
        bytes: request.body.length,
        release,
        isAnswered: false,
        answer: (outcome) => end(() => resolve(outcome)),
        refuse: (error) => end(() => reject(error)),
      }
      const { ackDeadlineMs = ACK_DEADLINE_MS } = this.#options
      const deadline = setTimeout(
        () => {
          pending.refuse(new Unavailable('cannot store the request in time: Postgres is slow'))
          // In a transaction its bytes are still in use: the end of that lets them go.
          if (this.#queue.includes(pending)) release()
        },
        Math.max(0, request.receivedMs + ackDeadlineMs - Date.now()),
      )
      this.#unanswered++
      this.#queue.push(pending)
      this.#pump()
    })
  }

  #refuseQueue(): void {
    const refused = this.#queue
    this.#queue = []
    for (const pending of refused) {
      pending.refuse(new Unavailable(`cannot store the request: ${this.#availability.reason()}`))
      pending.release()
    }
  }

  #pump(): void {
    const { writers, counters } = this.#options
    while (
      this.#writing < writers &&
      this.#queue.length > 0 &&
      this.#availability.reason() === null
    ) {
      const group = this.#takeGroup()
      if (group.length > 0) void this.#write(group)
    }
    counters.queuedRequests.set(this.#queue.length)
    if (this.#writing === 0 && this.#pausing === 0 && this.#queue.length === 0) this.#onIdle()
  }

  /** What timed out while it waited was answered and let go by its own timer. */
  #takeGroup(): Pending[] {
    const group: Pending[] = []
    let bytes = 0
    let taken = 0
    for (const pending of this.#queue) {
      if (!pending.isAnswered && bytes > 0 && bytes + pending.bytes > MAX_GROUP_BYTES) break
      taken++
      if (pending.isAnswered) {
        pending.release()
        continue
      }
      bytes += pending.bytes
      group.push(pending)
    }
    this.#queue = this.#queue.slice(taken)
    return group
  }

  async #write(group: readonly Pending[]): Promise<void> {
    const { write, counters, log, overdueMs = OVERDUE_MS } = this.#options
    this.#writing++
    const abort = new AbortController()
    const overdue = setTimeout(() => {
      this.#availability.lose(`a transaction took longer than ${overdueMs / SECOND_MS} s`)
      abort.abort()
    }, overdueMs)
    const stopTimer = counters.commitSeconds.startTimer()
    let blocked: readonly Pending[] = []
    try {
      const results = await write(group, abort.signal)
      counters.groupRequests.observe(group.length)
      blocked = this.#settle(group, results)
    } catch (error) {
      const refusal = asUnavailable(error)
      if (refusal === error) this.#availability.lose(refusal.message)
      else log.error({ err: error }, 'cannot write a group')
      for (const pending of group) pending.refuse(refusal)
    } finally {
      clearTimeout(overdue)
      stopTimer()
      for (const pending of group) if (!blocked.includes(pending)) pending.release()
      this.#pause(blocked)
      this.#writing--
      this.#pump()
    }
  }

  #pause(blocked: readonly Pending[]): void {
    if (blocked.length === 0) return
    this.#pausing += blocked.length
    setTimeout(() => {
      this.#pausing -= blocked.length
      this.#queue.unshift(...blocked)
      if (this.#availability.reason() !== null) this.#refuseQueue()
      this.#pump()
    }, BLOCKED_PAUSE_MS)
  }

  /** Answers each and returns those that another transaction keeps from being judged. */
  #settle(group: readonly Pending[], results: readonly GroupResult[]): Pending[] {
    const { counters } = this.#options
    return group.filter((pending, index) => {
      const result = results[index]
      if (result === undefined || result.kind === 'blocked') return !pending.isAnswered
      if (result.kind === 'repeated') {
        counters.repeatedRequests.inc()
        pending.answer(outcomeOf(pending.translated, 0, ''))
        return false
      }
      const { poison } = result
      counters.spans.inc({ outcome: 'stored' }, pending.translated.accepted - poison.length)
      counters.spans.inc({ outcome: 'poison' }, poison.length)
      const kept = poison.filter(({ isKept }) => isKept).length
      counters.deadLetters.inc({ reason: 'poison' }, kept)
      counters.deadLetters.inc({ reason: 'lost' }, poison.length - kept)
      pending.answer(outcomeOf(pending.translated, poison.length, explain(poison)))
      return false
    })
  }
}

/** A fault of our own may pass too, and must not be answered as one that is not worth sending again (OTLP/HTTP, Retryable Response Codes). */
function asUnavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error
  return new Unavailable('cannot store the request: the collector failed by a fault of its own', {
    cause: error,
  })
}

function explain(poison: readonly PoisonItem[]): string {
  const [first] = poison
  if (first === undefined) return ''
  return `${poison.length} refused by Postgres, as in ${first.sqlstate} ${first.message}`
}

function refuseWhile(reason: string | null): void {
  if (reason !== null) throw new Unavailable(`cannot store the request: ${reason}`)
}

function outcomeOf(translated: Translated, poison: number, why: string): ExportOutcome {
  return {
    rejected: translated.rejected + poison,
    message: [translated.rejection, why].filter(Boolean).join('; '),
  }
}

function once(run: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) run()
    isDone = true
  }
}

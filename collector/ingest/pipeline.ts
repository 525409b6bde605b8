import type { Logger } from 'pino'
import { BadData, Unavailable } from '../errors'
import type { GroupResult, WriteGroup } from '../store/group'
import type { Counters } from '../telemetry/counters'
import type { Translated } from '../translate/rows'
import { type Availability, createAvailability } from './availability'
import { countChanges } from './changes'
import type { ExportOutcome, ExportRequest, Message } from './contract'
import { digestOf } from './digest'
import { type Bury, Drain } from './drain'
import { outcomeOf, Pending } from './pending'
import type { Spool } from './spool/spool'
import { ACK_DEADLINE_MS, Transactions } from './transaction'

const SECOND_MS = 1_000
/** A group is closed at this size, so that one transaction stays within a part of the admission budget. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024
/** So long before the end of a stop, what has no answer yet goes to the spool. */
const KEEPING_MS = SECOND_MS

export interface PipelineOptions {
  /** The request in protobuf; throws BadData. */
  readonly decode: (request: ExportRequest) => Uint8Array
  /** Protobuf to rows; throws BadData. */
  readonly translate: (message: Message) => Translated
  readonly write: WriteGroup
  /** Takes back bytes that nobody uses any more; not called for requests that went wrong. */
  readonly giveBack: (bytes: Uint8Array) => void
  /** How many groups of requests may be written at once, one of the spool's beside them. */
  readonly writers: number
  readonly spool: Spool
  /** Keeps a request of the spool that can never be stored, with the reason. */
  readonly bury: Bury
  /** How old a request in doubt may be for its receipt to tell whether it was stored. */
  readonly receiptWindowMs: number
  /** Resolves when Postgres can be used; asked until then, at the start and after every loss. */
  readonly probe: () => Promise<void>
  /** Why nothing may be written although Postgres can be used, or null. */
  readonly refusal: () => string | null
  readonly counters: Counters
  readonly log: Logger
  /** From the arrival of a request to its answer, at most, but for the time the disk takes. */
  readonly ackDeadlineMs?: number
  /** How long a transaction may take before its connection is destroyed. */
  readonly overdueMs?: number
}

/** Why a request goes to the spool. */
type Detour = 'away' | 'late' | 'blocked' | 'in_doubt' | 'stopping'

/** What an end at this moment would leave behind. */
export interface Remains {
  /** Requests without an answer. */
  readonly unanswered: number
  /** Requests that were acknowledged and wait in the spool. */
  readonly spooled: number
}

/**
 * The way of a request from the door to its acknowledgement: committed in Postgres, or on disk in the spool when Postgres
 * is away or slow. Natural group commit: while transactions are in flight requests queue, and the next one takes them all.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #availability: Availability
  readonly #transactions: Transactions
  readonly #drain: Drain
  readonly #unanswered = new Set<Pending>()
  #queue: Pending[] = []
  #writing = 0
  #keeping = 0
  #isStopping = false
  #onIdle: () => void = () => undefined

  constructor(options: PipelineOptions) {
    this.#options = options
    const { probe, log, counters, ackDeadlineMs, overdueMs } = options
    const availability = createAvailability({
      probe,
      log,
      onChange: (isAvailable) => this.#onAvailability(isAvailable),
    })
    this.#availability = availability
    this.#transactions = new Transactions({
      write: options.write,
      availability,
      counters,
      log,
      ...(ackDeadlineMs === undefined ? {} : { slowMs: ackDeadlineMs }),
      ...(overdueMs === undefined ? {} : { overdueMs }),
    })
    this.#drain = new Drain({
      ...options,
      store: (group) => this.#transactions.store(group),
      isOpen: () => availability.reason() === null && options.refusal() === null,
    })
  }

  /** Why Postgres cannot be used now, null when it can. */
  away(): string | null {
    return this.#availability.reason()
  }

  /** Says that Postgres cannot be used, as found elsewhere, until a probe finds that it can. */
  lose(reason: string): void {
    this.#availability.lose(reason)
  }

  /**
   * Resolves once what could be stored is committed or on disk. Throws BadData, or Unavailable when the request was not
   * stored or is in doubt: sent again, it is stored once. `onReleased` is called when nobody uses the request's bytes any
   * more, which may be after the answer.
   */
  async accept(request: ExportRequest, onReleased: () => void): Promise<ExportOutcome> {
    const { decode, translate, giveBack, counters } = this.#options
    const { signal, tenant, receivedMs, handedOver } = request
    let message: Message
    let translated: Translated
    try {
      this.#refuse()
      message = { signal, tenant, receivedMs, body: decode(request) }
      translated = translate(message)
      if (handedOver !== undefined) judgeWholeness(translated, handedOver.items)
    } catch (error) {
      onReleased()
      throw error
    }
    counters.items.inc({ signal, outcome: 'rejected' }, translated.rejected)
    countChanges(counters, translated)
    if (translated.accepted === 0) {
      onReleased()
      return outcomeOf(translated)
    }
    const digest = digestOf(signal, tenant, request.body)
    if (request.body !== message.body) giveBack(request.body)
    const pending = new Pending({
      digest,
      message,
      translated,
      translate,
      isOnDisk: handedOver !== undefined,
      onReleased: () => {
        this.#giveBack(pending)
        onReleased()
      },
      onAnswered: (answered) => this.#unanswered.delete(answered),
    })
    this.#unanswered.add(pending)
    if (this.away() === null) this.#enqueue(pending)
    else void this.#keep(pending, 'away')
    return pending.answered
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** Refuses requests from now on; those under way go on. */
  refuseNew(): void {
    this.#isStopping = true
  }

  /** Waits for the requests under way, keeps on disk what is not stored in time, and then stores what the spool has. */
  async stop(deadlineMs: number): Promise<void> {
    const deadlineAt = performance.now() + deadlineMs
    this.refuseNew()
    let isDue = false
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve))
    const keep = setTimeout(() => this.#keepAll(), Math.max(0, deadlineMs - KEEPING_MS))
    const due = setTimeout(() => {
      isDue = true
      this.#onIdle()
    }, deadlineMs)
    this.#pump()
    await idle
    clearTimeout(keep)
    clearTimeout(due)
    await this.#drain.stop(isDue ? 0 : deadlineAt - performance.now())
    this.#availability.stop()
    this.#transactions.abort()
  }

  remains(): Remains {
    const { records } = this.#options.spool.state()
    return { unanswered: this.#unanswered.size, spooled: records }
  }

  #refuse(): void {
    const { refusal, spool } = this.#options
    const why = this.#isStopping ? 'the collector is stopping' : refusal()
    if (why !== null) throw new Unavailable(`cannot store the request: ${why}`)
    const away = this.away()
    const full = away === null ? null : spool.refusal()
    if (full !== null) throw new Unavailable(`cannot store the request: ${away}, and ${full}`)
  }

  /** Only what is committed: nothing reads it then, whereas a connection or a disk that failed may be at it still. */
  #giveBack({ body, translated, isCommitted, isKept }: Pending): void {
    if (!isCommitted || isKept) return
    const { giveBack } = this.#options
    giveBack(body)
    for (const { bytes } of translated.copies) giveBack(bytes)
  }

  #onAvailability(isAvailable: boolean): void {
    this.#options.counters.databaseAvailable.set(isAvailable ? 1 : 0)
    if (isAvailable) {
      this.#pump()
      this.#drain.kick()
    } else this.#keepQueue('away')
  }

  #enqueue(pending: Pending): void {
    this.#queue.push(pending)
    const release = pending.use()
    void pending.answered.then(release, release)
    // Nobody waits for what lies in a file.
    if (!pending.isOnDisk) this.#expire(pending)
    this.#pump()
  }

  #expire(pending: Pending): void {
    const { ackDeadlineMs = ACK_DEADLINE_MS } = this.#options
    pending.expire(pending.receivedMs + ackDeadlineMs, () => {
      const at = this.#queue.indexOf(pending)
      if (at >= 0) this.#queue.splice(at, 1)
      void this.#keep(pending, 'late')
    })
  }

  #keepQueue(detour: Detour): void {
    for (const pending of this.#queue.splice(0)) void this.#keep(pending, detour)
    this.#pump()
  }

  #keepAll(): void {
    this.#keepQueue('stopping')
    for (const pending of this.#unanswered) void this.#keep(pending, 'stopping')
  }

  /** To the spool, and acknowledged when it is on disk. */
  async #keep(pending: Pending, detour: Detour): Promise<void> {
    if (pending.isOnDisk) return this.#leave(pending, detour)
    if (pending.isKept) return
    pending.isKept = true
    const { spool, counters } = this.#options
    const release = pending.use()
    this.#keeping++
    const { digest, signal, tenant, receivedMs, body, isInDoubt, isWriting } = pending
    try {
      const record = { digest, signal, tenant, receivedMs, body, isInDoubt }
      // Held while its transaction may still commit it.
      pending.ref = await spool.append(record, { isHeld: isWriting })
      counters.spooledRequests.inc({ reason: detour })
      pending.answer()
      if (isWriting) this.#unhold(pending)
      else this.#drain.kick()
    } catch (error) {
      pending.refuse(asUnavailable(error))
    } finally {
      release()
      this.#keeping--
      this.#pump()
    }
  }

  /** It stays in its file, to come again. */
  #leave(pending: Pending, detour: Detour): void {
    const release = pending.use()
    pending.refuse(
      new Unavailable(`cannot store the request now (${detour}): it stays in its file`),
    )
    release()
    this.#pump()
  }

  /** Once it is on disk and its transaction has ended: settled when that committed, to be stored again when not. */
  #unhold(pending: Pending): void {
    const { ref, isWriting, isCommitted } = pending
    if (ref === null || isWriting) return
    if (isCommitted) void this.#drain.settle([ref])
    else {
      this.#options.spool.release([ref])
      this.#drain.kick()
    }
  }

  #pump(): void {
    const { writers, counters } = this.#options
    while (this.#writing < writers && this.#queue.length > 0 && this.away() === null) {
      void this.#write(this.#takeGroup())
    }
    counters.queuedRequests.set(this.#queue.length)
    if (this.#writing === 0 && this.#keeping === 0 && this.#queue.length === 0) this.#onIdle()
  }

  #takeGroup(): Pending[] {
    let bytes = 0
    let taken = 0
    for (const { body } of this.#queue) {
      if (taken > 0 && bytes + body.length > MAX_GROUP_BYTES) break
      bytes += body.length
      taken++
    }
    return this.#queue.splice(0, taken)
  }

  async #write(group: readonly Pending[]): Promise<void> {
    this.#writing++
    const releases = group.map((pending) => pending.use())
    for (const pending of group) pending.isWriting = pending.isInDoubt = true
    try {
      const results = await this.#transactions.store(group)
      for (const [at, pending] of group.entries()) this.#settle(pending, results[at])
    } catch (error) {
      const isPassing = error instanceof Unavailable
      if (!isPassing) this.#options.log.error({ err: error }, 'cannot write a group')
      for (const pending of group) {
        pending.isWriting = false
        if (isPassing) void this.#keep(pending, 'in_doubt')
        else pending.refuse(asUnavailable(error))
        this.#unhold(pending)
      }
    } finally {
      for (const release of releases) release()
      this.#writing--
      this.#pump()
    }
  }

  #settle(pending: Pending, result: GroupResult | undefined): void {
    pending.isWriting = false
    if (result === undefined || result.kind === 'blocked') void this.#keep(pending, 'blocked')
    else {
      pending.isCommitted = true
      pending.answer(result.kind === 'stored' ? result.poison : [])
    }
    this.#unhold(pending)
  }
}

/** A fault of our own may pass too, and must not be answered as one that is not worth sending again (OTLP/HTTP, Retryable Response Codes). */
function asUnavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error
  return new Unavailable('cannot store the request: the collector failed by a fault of its own', {
    cause: error,
  })
}

/** One that was cut off between two items is whole as protobuf. */
function judgeWholeness({ accepted, rejected }: Translated, items: number): void {
  const found = accepted + rejected
  if (found < items) throw new BadData(`it was cut off: ${found} of ${items} items are there`)
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Logger } from 'pino'
import { BadData, Unavailable } from '../errors'
import { within } from '../time-limit'
import type { GroupRequest, GroupResult } from '../store/group'
import type { Counters } from '../telemetry/counters'
import { isolateRows } from '../translate/origin'
import type { Translated } from '../translate/rows'
import type { Message } from './contract'
import type { Spool, Spooled, SpoolRef, SpoolRequest } from './spool/spool'
import { OVERDUE_MS } from './transaction'

const SECOND_MS = 1_000
/** Bodies of one transaction; what is read of the spool at a time. */
const BATCH_BYTES = 1024 * 1024
/** Between two looks at what could not be stored the last time. */
const PAUSE_MS = SECOND_MS
/** A record that fails so often alone may itself be what Postgres fails at: those behind it have their turn, each time longer. */
const FAILURES_ALONE = 3
const LONGEST_PAUSE_MS = 60 * SECOND_MS

/** What waits after a mere hiccup of Postgres is not told of. */
const WORTH_A_LINE = 100

/** Keeps a request that can never be stored where people find it, with the reason; false when it is refused even there. Given up when the signal is aborted. */
export type Bury = (request: SpoolRequest, message: string, signal: AbortSignal) => Promise<boolean>

/** Why a request of the spool can never be stored. */
type DeadReason = 'in_doubt' | 'unreadable' | 'fault'

/** What may fail here for a while. */
type Work = 'drain the spool' | 'mark what was stored'

export interface DrainOptions {
  readonly spool: Spool
  readonly translate: (message: Message) => Translated
  /** Stores a group in one transaction; throws Unavailable. */
  readonly store: (group: readonly GroupRequest[]) => Promise<readonly GroupResult[]>
  readonly bury: Bury
  readonly receiptWindowMs: number
  /** Whether Postgres takes anything now. */
  readonly isOpen: () => boolean
  readonly counters: Counters
  readonly log: Logger
}

interface Replay extends GroupRequest {
  readonly spooled: Spooled
}

/** Stores what waits in the spool, in order, whenever Postgres takes it, each record once by its receipt. */
export class Drain {
  readonly #options: DrainOptions
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> | null = null
  readonly #stopped = new AbortController()
  /** Small after a failure, so that what fails stands alone; doubled by every success. */
  #batchBytes = BATCH_BYTES
  readonly #failing = new Set<Work>()
  /** Of what was said in the log that a request can never be stored. */
  readonly #told = new Set<DeadReason>()
  /** How often a transaction of it alone failed, by digest; of those that are in doubt since one of theirs did. */
  readonly #failures = new Map<string, number>()

  constructor(options: DrainOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.kick(), PAUSE_MS).unref()
  }

  /** Says that there may be something to store now. */
  kick(): void {
    const { spool, isOpen } = this.#options
    if (this.#running !== null || this.#stopped.signal.aborted || !isOpen()) return
    if (spool.state().records === 0) return
    this.#running = this.#run().finally(() => {
      this.#running = null
    })
  }

  /** Goes on until the spool is empty, nothing of it can be stored, or the time is over. */
  async stop(withinMs: number): Promise<void> {
    clearInterval(this.#timer)
    this.kick()
    let timer: NodeJS.Timeout | undefined
    const due = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, withinMs))
    })
    await Promise.race([this.#running, due])
    clearTimeout(timer)
    this.#stopped.abort()
  }

  /** Lets records go that are stored. What cannot be marked so now is marked with the next ones; until then a restart brings it up again, and its receipt tells. */
  async settle(refs: readonly SpoolRef[]): Promise<void> {
    const { spool } = this.#options
    try {
      await spool.settle(refs)
      this.#recover('mark what was stored')
    } catch (error) {
      this.#fail(error, 'mark what was stored')
    }
  }

  async #run(): Promise<void> {
    const { spool, isOpen, log } = this.#options
    const before = spool.state().records
    try {
      while (!this.#stopped.signal.aborted && isOpen()) {
        const batch = await spool.next(this.#batchBytes)
        if (batch.length === 0) break
        await this.#storeBatch(batch)
      }
      if (before >= WORTH_A_LINE && spool.state().records === 0) {
        log.info({ requests: before }, 'the spool is empty again')
      }
    } catch (error) {
      this.#fail(error, 'drain the spool')
    }
  }

  async #storeBatch(batch: readonly Spooled[]): Promise<void> {
    const replays: Replay[] = []
    for (const [at, spooled] of batch.entries()) {
      try {
        const replay = await this.#prepare(spooled)
        if (replay !== null) replays.push(replay)
      } catch (error) {
        this.#options.spool.release([...refsOf(replays), ...batch.slice(at).map(({ ref }) => ref)])
        throw error
      }
    }
    await this.#storeAll(replays)
  }

  /** Null when it is settled already: there is nothing to store, or it never can be. */
  async #prepare(spooled: Spooled): Promise<Replay | null> {
    const { translate, receiptWindowMs } = this.#options
    const { request } = spooled
    // Slices: live requests come in between.
    await nextTurn()
    const isInDoubt = request.isInDoubt || this.#failures.has(request.digest)
    if (isInDoubt && request.receivedMs < Date.now() - receiptWindowMs) {
      const message = 'it may have been stored, so long ago that no receipt would tell'
      return this.#bury(spooled, 'in_doubt', message)
    }
    let translated: Translated
    try {
      translated = translate(request)
    } catch (error) {
      const reason = error instanceof BadData ? 'unreadable' : 'fault'
      return this.#bury(spooled, reason, messageOf(error))
    }
    if (translated.accepted > 0) {
      const isolate: Replay['isolate'] = (copy, rows) =>
        isolateRows(request.signal, request.body, copy, rows)
      const retranslate: Replay['retranslate'] = (copy, rows) =>
        translate({ ...request, body: isolate(copy, rows) })
      return { ...request, translated, isolate, retranslate, spooled }
    }
    await this.settle([spooled.ref])
    return null
  }

  async #bury(spooled: Spooled, reason: DeadReason, message: string): Promise<null> {
    const { bury, counters, log } = this.#options
    const isKept = await within(OVERDUE_MS, this.#stopped.signal, (limit) =>
      bury(spooled.request, message, limit),
    )
    counters.drainedRequests.inc({ outcome: 'dead' })
    counters.deadLetters.inc({ reason: isKept ? reason : 'lost' })
    const { digest } = spooled.request
    this.#failures.delete(digest)
    if (!this.#told.has(reason)) {
      const where = isKept ? 'it is in dead_letter' : 'it is lost, refused even as a dead letter'
      const count = 'further ones are counted in sidelight_dead_letters_total'
      log.error(
        { digest, reason },
        `a spooled request can never be stored (${message}): ${where}; ${count}`,
      )
    }
    this.#told.add(reason)
    await this.settle([spooled.ref])
    return null
  }

  async #storeAll(replays: readonly Replay[]): Promise<void> {
    if (replays.length === 0) return
    try {
      await this.#account(replays, await this.#options.store(replays))
    } catch (error) {
      if (!(error instanceof Unavailable)) return this.#storeEach(replays, error)
      this.#batchBytes = 1
      this.#putBack(replays)
      return
    }
    this.#batchBytes = Math.min(BATCH_BYTES, this.#batchBytes * 2)
    this.#recover('drain the spool')
  }

  #putBack(replays: readonly Replay[]): void {
    const alone = replays.length === 1 ? 1 : 0
    let mostFailures = 0
    for (const { digest } of replays) {
      const failures = (this.#failures.get(digest) ?? 0) + alone
      this.#failures.set(digest, failures)
      mostFailures = Math.max(mostFailures, failures)
    }
    const isPassedOver = alone === 1 && mostFailures >= FAILURES_ALONE
    const pauseMs = Math.min(LONGEST_PAUSE_MS, PAUSE_MS * 2 ** (mostFailures - FAILURES_ALONE))
    if (isPassedOver) this.#later(refsOf(replays), pauseMs)
    else this.#options.spool.release(refsOf(replays))
  }

  /** A fault of ours hits one request, not its neighbours: the one that fails alone is dead. */
  async #storeEach(replays: readonly Replay[], fault: unknown): Promise<void> {
    const [first, second] = replays
    if (first !== undefined && second === undefined) {
      try {
        await this.#bury(first.spooled, 'fault', messageOf(fault))
      } catch (error) {
        this.#options.spool.release(refsOf(replays))
        throw error
      }
      return
    }
    for (const replay of replays) await this.#storeAll([replay])
  }

  async #account(replays: readonly Replay[], results: readonly GroupResult[]): Promise<void> {
    const { counters } = this.#options
    const settled: SpoolRef[] = []
    const blocked: SpoolRef[] = []
    for (const [at, { spooled, digest }] of replays.entries()) {
      const outcome = results[at]?.kind ?? 'blocked'
      if (outcome === 'blocked') blocked.push(spooled.ref)
      else {
        counters.drainedRequests.inc({ outcome })
        settled.push(spooled.ref)
        this.#failures.delete(digest)
      }
    }
    if (settled.length > 0) await this.settle(settled)
    if (blocked.length > 0) this.#later(blocked, PAUSE_MS)
  }

  /** Passed over for now: those behind them go first. */
  #later(refs: readonly SpoolRef[], pauseMs: number): void {
    setTimeout(() => this.#options.spool.release(refs), pauseMs).unref()
  }

  #fail(error: unknown, work: Work): void {
    const { log } = this.#options
    if (!this.#failing.has(work)) log.error({ err: error }, `cannot ${work}; tried again later`)
    this.#failing.add(work)
  }

  #recover(work: Work): void {
    if (this.#failing.delete(work)) this.#options.log.info(`can ${work} again`)
  }
}

function refsOf(replays: readonly Replay[]): SpoolRef[] {
  return replays.map(({ spooled }) => spooled.ref)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

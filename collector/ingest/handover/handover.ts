import { unlink } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { BadData, Unavailable } from '../../errors'
import type { Counters } from '../../telemetry/counters'
import type { ExportOutcome, ExportRequest } from '../contract'
import { digestOf } from '../digest'
import type { Bury } from '../drain'
import { explainDiskError } from '../spool/disk-error'
import { OVERDUE_MS } from '../transaction'
import { type HandedOver, readHandedOver } from './file'
import type { Inbox, WaitingFile } from './inbox'

const SECOND_MS = 1_000
const HOUR_MS = 3_600 * SECOND_MS
const TICK_MS = SECOND_MS
const LOOK_MS = 5 * SECOND_MS
/** A burst of changes is one. */
const CALM_MS = 50
/** Few, for requests that somebody waits for go the same way. */
const AT_ONCE = 4
/** So long every receipt is kept, whoever waits for it. */
const SURE_MS = 2 * HOUR_MS
/** Of a stop, for the last file to be deleted. */
const END_MS = SECOND_MS

/** Memory within the budget of all requests. */
interface Reservation {
  growTo(bytes: number): boolean
  lend(bytes: number): Buffer
  release(): void
}

export interface HandoverOptions {
  readonly inbox: Inbox
  /** The way of a received request. */
  readonly accept: (request: ExportRequest, onReleased: () => void) => Promise<ExportOutcome>
  /** Whether requests are stored now. */
  readonly isOpen: () => boolean
  readonly admit: () => Reservation
  readonly maxBodyBytes: number
  /** The tenant a token speaks for, by its hash, null without a token; undefined when nobody with it may send. */
  readonly tenantOf: (tokenHash: string | null) => string | null | undefined
  /** A file that is older is not stored any more. */
  readonly receiptWindowMs: number
  /** Whether the receipts of so long ago are still there, as far as the database knows. Throws Unavailable. */
  readonly isReceiptKept: (ageMs: number) => Promise<boolean>
  readonly bury: Bury
  readonly nowMs: () => number
  readonly counters: Pick<Counters, 'handedOverFiles' | 'deadLetters' | 'observeHandover'>
  readonly log: Logger
}

/** What the log was told of already; the rest is counted. */
type Told = 'refused' | 'dead' | 'unread' | 'undeleted'

/**
 * Stores what applications left in the folder for handing over, the oldest first. A file is deleted once what is in it is
 * committed, and never goes to the spool: it lies on a disk already. Who ends between the commit and the deletion leaves
 * it to the receipt, as do collectors that take the same file at the same time.
 */
export class Handover {
  readonly #options: HandoverOptions
  readonly #out = new Set<Promise<void>>()
  readonly #told = new Set<Told>()
  readonly #timer: NodeJS.Timeout
  #soon: NodeJS.Timeout | undefined
  #lookDueMs = 0
  #isStopped = false

  constructor(options: HandoverOptions) {
    this.#options = options
    const { inbox, counters } = options
    counters.observeHandover(() => inbox.state())
    this.#timer = setInterval(() => void this.#tick(), TICK_MS).unref()
    inbox.onChange(() => {
      this.#soon ??= setTimeout(() => void this.#lookAgain(), CALM_MS).unref()
    })
    this.#pump()
  }

  /**
   * Takes what waits now, for so long: what applications left as they ended just before, which in a pod nobody would find later.
   */
  async drain(limitMs: number): Promise<void> {
    let isDue = false
    const due = wait(limitMs, undefined, { ref: false }).then(() => (isDue = true))
    // A look under way may have begun before the last file was there.
    await Promise.race([this.#options.inbox.look(), due])
    await Promise.race([this.#look(), due])
    while (this.#out.size > 0 && !isDue) await Promise.race([...this.#out, due])
  }

  /** Takes no more, and waits a moment for the files being taken; the others stay where they are. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    clearTimeout(this.#soon)
    let timer: NodeJS.Timeout | undefined
    const due = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, END_MS)
    })
    await Promise.race([Promise.all(this.#out), due])
    clearTimeout(timer)
  }

  async #lookAgain(): Promise<void> {
    this.#soon = undefined
    await this.#look()
  }

  async #tick(): Promise<void> {
    if (performance.now() >= this.#lookDueMs) await this.#look()
    else this.#pump()
  }

  async #look(): Promise<void> {
    this.#lookDueMs = performance.now() + LOOK_MS
    await this.#options.inbox.look()
    this.#pump()
  }

  #pump(): void {
    const { inbox, isOpen } = this.#options
    while (!this.#isStopped && this.#out.size < AT_ONCE && isOpen()) {
      const file = inbox.next()
      if (file === null) return
      const taking = this.#take(file).finally(() => {
        this.#out.delete(taking)
        this.#pump()
      })
      this.#out.add(taking)
    }
  }

  /** Never throws. */
  async #take(file: WaitingFile): Promise<void> {
    const { inbox, counters, log } = this.#options
    try {
      if (!file.isTaken) {
        const outcome = await this.#store(file)
        file.isTaken = true
        counters.handedOverFiles.inc({ outcome })
      }
      await unlink(file.path)
      inbox.forget(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return inbox.forget(file)
      if (file.isTaken) {
        this.#tell('undeleted', file, `is stored and cannot be deleted: ${messageOf(error)}`)
      } else if (error instanceof BadData) {
        return this.#refuse(file, error.message)
      } else if (!(error instanceof Unavailable)) {
        if (explainDiskError(error, file.path) === null) {
          log.error({ err: error, file: file.path }, 'a file handed over cannot be stored')
          return this.#refuse(file, 'the collector failed by a fault of its own')
        }
        this.#tell('unread', file, `cannot be read: ${messageOf(error)}; tried again`)
      }
      inbox.later(file)
    }
  }

  /** Resolves when its content is committed, or a dead letter. */
  async #store(file: WaitingFile): Promise<'stored' | 'dead'> {
    const { inbox, admit, accept, maxBodyBytes, tenantOf, nowMs } = this.#options
    const reservation = admit()
    let isAccepted = false
    try {
      const found = await readHandedOver(file.path, {
        isChosen: inbox.folder.isChosen,
        maxBodyBytes,
        lend: (bytes) => (reservation.growTo(bytes) ? reservation.lend(bytes) : null),
      })
      const { header, body } = found
      const { signal, items, tokenHash } = header
      const tenant = tenantOf(tokenHash)
      if (tenant === undefined) throw new BadData(whyUnknown(tokenHash))
      const receivedMs = Math.min(found.modifiedMs, nowMs())
      if (!(await this.#isCertain(file, found))) {
        await this.#bury(file, { signal, tenant, receivedMs, body })
        return 'dead'
      }
      await inbox.note(file)
      const request = { signal, encoding: 'protobuf', body, tenant, receivedMs } as const
      isAccepted = true
      await accept({ ...request, handedOver: { items } }, () => reservation.release())
      return 'stored'
    } finally {
      if (!isAccepted) reservation.release()
    }
  }

  /** What was tried may be stored, although its application did not hear of it: only the receipt tells. */
  async #isCertain(file: WaitingFile, { modifiedMs, changedMs }: HandedOver): Promise<boolean> {
    const { nowMs, receiptWindowMs, isReceiptKept } = this.#options
    const triedMs = file.triedMs
    const ageMs = nowMs() - Math.min(modifiedMs, triedMs ?? Infinity)
    if (ageMs > receiptWindowMs) return false
    const sinceTriedMs = triedMs === null ? 0 : nowMs() - triedMs
    if (triedMs === null || sinceTriedMs <= SURE_MS) return true
    // One that was put here long after it was tried is one that nobody kept receipts for.
    return changedMs - triedMs <= SURE_MS && isReceiptKept(sinceTriedMs)
  }

  async #bury(
    file: WaitingFile,
    message: Pick<ExportRequest, 'signal' | 'tenant' | 'receivedMs' | 'body'>,
  ): Promise<void> {
    const { bury, counters } = this.#options
    const { signal, tenant, body } = message
    const digest = digestOf(signal, tenant, body)
    const why = 'it may have been stored, so long ago that no receipt would tell'
    const letter = { ...message, digest, isInDoubt: true }
    const isKept = await bury(letter, why, AbortSignal.timeout(OVERDUE_MS))
    counters.deadLetters.inc({ reason: isKept ? 'in_doubt' : 'lost' })
    const where = isKept ? 'it is in dead_letter' : 'it is lost, refused even as a dead letter'
    this.#tell('dead', file, `is not stored (${why}): ${where}`)
  }

  async #refuse(file: WaitingFile, why: string): Promise<void> {
    const { inbox, counters } = this.#options
    try {
      await inbox.refuse(file)
    } catch (error) {
      this.#tell('unread', file, `cannot be put aside (${why}): ${messageOf(error)}`)
      return inbox.later(file)
    }
    counters.handedOverFiles.inc({ outcome: 'refused' })
    this.#tell('refused', file, `is refused and put aside into refused/: ${why}`)
  }

  #tell(what: Told, { path }: WaitingFile, text: string): void {
    const { log } = this.#options
    if (this.#told.has(what)) return
    this.#told.add(what)
    const rest = 'further ones are counted in sidelight_handover_files_total'
    log.error({ file: path }, `a file handed over ${text}; ${rest}`)
  }
}

function whyUnknown(tokenHash: string | null): string {
  return tokenHash === null
    ? 'its application has no token, and an ingest token is needed'
    : 'the token of its application is not an ingest token of this collector'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

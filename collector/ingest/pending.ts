import type { GroupRequest, PoisonItem } from '../store/group'
import { isolateRows } from '../translate/origin'
import type { CopyRows, Translated } from '../translate/rows'
import type { ExportOutcome, Message, Signal } from './contract'
import type { SpoolRef } from './spool/spool'

export interface PendingParts {
  readonly digest: string
  readonly message: Message
  readonly translated: Translated
  readonly translate: (message: Message) => Translated
  /** Whether its sender keeps it on disk until it is committed. */
  readonly isOnDisk: boolean
  /** Called when nobody uses the request's bytes any more. */
  readonly onReleased: () => void
  readonly onAnswered: (pending: Pending) => void
}

/** A request between its acceptance and the moment nobody uses it any more, which may be after its answer. */
export class Pending implements GroupRequest {
  readonly digest: string
  readonly signal: Signal
  readonly tenant: string | null
  readonly receivedMs: number
  readonly body: Uint8Array
  readonly translated: Translated
  readonly isOnDisk: boolean
  /** Settles with what the caller is told. */
  readonly answered: Promise<ExportOutcome>
  readonly #parts: PendingParts
  #resolve: (outcome: ExportOutcome) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #isAnswered = false
  #users = 0
  #deadline: NodeJS.Timeout | undefined
  isWriting = false
  /** It has been in a transaction whose end is not known to be a rollback. */
  isInDoubt = false
  isCommitted = false
  /** Its way to the spool has begun. */
  isKept = false
  /** Where it lies in the spool. */
  ref: SpoolRef | null = null

  constructor(parts: PendingParts) {
    this.digest = parts.digest
    this.signal = parts.message.signal
    this.tenant = parts.message.tenant
    this.receivedMs = parts.message.receivedMs
    this.body = parts.message.body
    this.translated = parts.translated
    this.isOnDisk = parts.isOnDisk
    this.#parts = parts
    this.answered = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  isolate(copy: CopyRows, rows: readonly number[]): Uint8Array {
    return isolateRows(this.signal, this.body, copy, rows)
  }

  retranslate(copy: CopyRows, rows: readonly number[]): Translated {
    const { message, translate } = this.#parts
    return translate({ ...message, body: this.isolate(copy, rows) })
  }

  /** Calls back at the deadline, in Unix milliseconds, unless it is answered by then. */
  expire(atMs: number, onExpired: () => void): void {
    this.#deadline = setTimeout(onExpired, Math.max(0, atMs - Date.now()))
  }

  /** Says that it is stored, but for what Postgres refused. */
  answer(poison: readonly PoisonItem[] = []): void {
    if (this.#end()) this.#resolve(outcomeOf(this.translated, poison))
  }

  refuse(error: Error): void {
    if (this.#end()) this.#reject(error)
  }

  /** Keeps its bytes in the admission budget until the returned function is called. */
  use(): () => void {
    this.#users++
    return () => {
      if (--this.#users === 0) this.#parts.onReleased()
    }
  }

  #end(): boolean {
    if (this.#isAnswered) return false
    this.#isAnswered = true
    clearTimeout(this.#deadline)
    this.#parts.onAnswered(this)
    return true
  }
}

/** What the caller is told of a request of which everything was stored but for `poison`. */
export function outcomeOf(
  translated: Translated,
  poison: readonly PoisonItem[] = [],
): ExportOutcome {
  return {
    rejected: translated.rejected + poison.length,
    message: [translated.rejection, explain(poison)].filter(Boolean).join('; '),
  }
}

function explain(poison: readonly PoisonItem[]): string {
  const [first] = poison
  if (first === undefined) return ''
  const where = poison.every(({ isKept }) => isKept) ? ' and kept in dead_letter' : ''
  return `${poison.length} refused by Postgres${where}, as in ${first.sqlstate} ${first.message}`
}

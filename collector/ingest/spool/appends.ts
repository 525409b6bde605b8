import { Unavailable } from '../../errors'
import type { Backlog } from './backlog'
import type { Inventory } from './inventory'
import { sizeOfRecord, type SpoolRequest } from './record'
import { FIRST_OFFSET } from './segment'
import { createTurns } from './turns'
import type { SegmentWriter, SpoolRef } from './writer'

export interface AppendsOptions {
  readonly writer: SegmentWriter
  readonly inventory: Inventory
  readonly backlog: Backlog
  readonly maxBytes: number
  /** Why nothing is taken now, or null. */
  readonly refusal: () => string | null
  /** Told how large a record is that there is no room for; a refusal may follow. */
  readonly onFull: (bytes: number) => void
  /** Told what failed and how large that was; a refusal is expected to follow. */
  readonly onFailure: (error: unknown, bytes: number) => void
}

interface Waiting {
  readonly request: SpoolRequest
  readonly bytes: number
  readonly isHeld: boolean
  readonly resolve: (ref: SpoolRef) => void
  readonly reject: (error: Unavailable) => void
}

/** The requests that are to be spooled. Natural group commit: what arrives during a write and its sync is written by the next. */
export class Appends {
  readonly #options: AppendsOptions
  readonly #turns = createTurns()
  #queue: Waiting[] = []
  /** Somebody takes the queue, or has a turn to do so. */
  #isWriting = false

  constructor(options: AppendsOptions) {
    this.#options = options
  }

  /** What a record may take. A segment with nothing left counts as room: it goes when the next one is begun. */
  get roomBytes(): number {
    const { writer, inventory, maxBytes } = this.#options
    const { segment } = writer
    const idleBytes = segment?.unsettled === 0 ? segment.bytes + segment.markBytes : 0
    return maxBytes - inventory.bytes + idleBytes - FIRST_OFFSET
  }

  append(request: SpoolRequest, isHeld: boolean): Promise<SpoolRef> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, bytes: sizeOfRecord(request), isHeld, resolve, reject })
      if (this.#isWriting) return
      this.#isWriting = true
      void this.#turns(() => this.#writeQueue())
    })
  }

  /** Writes as much as failed before, to see whether that goes now. */
  prove(bytes: number): Promise<void> {
    return this.#turns(() => this.#options.writer.prove(bytes))
  }

  /** Lets what is under way end, and closes the file. */
  end(): Promise<void> {
    return this.#turns(() => this.#options.writer.end())
  }

  async #writeQueue(): Promise<void> {
    const { refusal, onFailure, onFull } = this.#options
    while (this.#queue.length > 0) {
      const reason = refusal()
      if (reason !== null) {
        refuse(this.#queue.splice(0), reason)
        break
      }
      let bytes = this.#queue[0]?.bytes ?? 0
      let batch: Waiting[] = []
      try {
        if (!(await this.#makeRoom(bytes))) {
          refuse(this.#queue.splice(0, 1), `the spool is full for a request of ${mib(bytes)}`)
          onFull(bytes)
          continue
        }
        batch = this.#takeBatch()
        bytes = sizeOf(batch)
        await this.#write(batch)
      } catch (error) {
        onFailure(error, bytes)
        refuse(batch, refusal() ?? 'the spool failed')
      }
    }
    this.#isWriting = false
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { writer, backlog } = this.#options
    await writer.append(
      batch.map(({ request }) => request),
      (refs) => {
        for (const [i, { request, isHeld, resolve }] of batch.entries()) {
          const ref = refs[i]
          if (ref === undefined) continue
          if (isHeld) backlog.hold(ref, request.receivedMs)
          resolve(ref)
        }
      },
    )
  }

  /** Begins a segment if need be. False when a record of so many bytes does not fit in at all. */
  async #makeRoom(bytes: number): Promise<boolean> {
    const { writer, inventory, maxBytes } = this.#options
    if (bytes > this.roomBytes) return false
    if (!writer.takes(bytes) || inventory.bytes + bytes > maxBytes) await writer.begin()
    return true
  }

  /** The first one, and what fits in beside it. */
  #takeBatch(): Waiting[] {
    const { writer, inventory, maxBytes } = this.#options
    const roomBytes = maxBytes - inventory.bytes
    let bytes = 0
    const end = this.#queue.findIndex((waiting, i) => {
      bytes += waiting.bytes
      return i > 0 && (bytes > roomBytes || !writer.fits(bytes))
    })
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end)
  }
}

function refuse(refused: readonly Waiting[], reason: string): void {
  for (const { reject } of refused) {
    reject(new Unavailable(`cannot spool the request: ${reason}`))
  }
}

function sizeOf(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { bytes }) => sum + bytes, 0)
}

function mib(bytes: number): string {
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`
}

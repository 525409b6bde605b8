import { type FileHandle, open } from 'node:fs/promises'
import type { Logger } from 'pino'
import { explainDiskError } from './disk-error'
import { nameOf, segmentFile } from './files'
import type { Inventory } from './inventory'
import type { Quarantine } from './quarantine'
import { readRecords } from './reading'
import { decodeRecord, readReceivedMs, type SpoolRequest } from './record'
import { FIRST_OFFSET, type Segment } from './segment'
import { createTurns } from './turns'
import type { SpoolRef } from './writer'

/** A record with the place it lies in. */
export interface Spooled {
  readonly ref: SpoolRef
  readonly request: SpoolRequest
}

/** A record that the cursor passes over, or has passed. */
interface Known {
  readonly ref: SpoolRef
  readonly receivedMs: number
}

export interface BacklogOptions {
  readonly folder: string
  readonly inventory: Inventory
  readonly quarantine: Quarantine
  readonly log: Logger
  /** Puts on disk what was handed out. */
  readonly mark: () => Promise<void>
}

/**
 * What waits to be sent. A cursor goes over the segments once; only what is held, handed out or given back is known by
 * itself, so that the memory does not grow with what waits.
 */
export class Backlog {
  readonly #options: BacklogOptions
  readonly #turns = createTurns()
  readonly #cursor = { segment: 0, offset: FIRST_OFFSET }
  /** Held or handed out. */
  readonly #out = new Map<string, Known>()
  /** Given back behind the cursor. */
  readonly #released = new Map<string, Known>()

  constructor(options: BacklogOptions) {
    this.#options = options
  }

  /** Not handed out until it is released. */
  hold(ref: SpoolRef, receivedMs: number): void {
    this.#out.set(keyOf(ref), { ref, receivedMs })
  }

  /** What the cursor has not passed yet it will find by itself. */
  release(refs: readonly SpoolRef[]): void {
    for (const ref of refs) {
      const known = this.#out.get(keyOf(ref))
      if (known === undefined) continue
      this.#out.delete(keyOf(ref))
      if (this.#isPassed(ref)) this.#released.set(keyOf(ref), known)
    }
  }

  /** They are settled. */
  forget(refs: readonly SpoolRef[]): void {
    for (const ref of refs) {
      this.#out.delete(keyOf(ref))
      this.#released.delete(keyOf(ref))
    }
  }

  /** Up to `maxBytes` of records, at least one if any is ready: released ones first, then in order. */
  next(maxBytes: number): Promise<readonly Spooled[]> {
    return this.#turns(async () => {
      const batch = new Batch(maxBytes)
      try {
        if (await this.#takeReleased(batch)) await this.#advance(batch)
        await this.#markHandedOut(batch)
      } catch (error) {
        this.release(batch.taken.map(({ ref }) => ref))
        throw error
      }
      return batch.taken
    })
  }

  /**
   * Before it is handed out, or the next process could not tell what this one has stored from what it has not tried. On a
   * disk that fails it is handed out all the same: on a full one nothing else makes room.
   */
  async #markHandedOut({ taken }: Batch): Promise<void> {
    const { folder, inventory, mark } = this.#options
    let isMarked = true
    for (const { ref } of taken) {
      const segment = inventory.get(ref.segment)
      segment?.handOut(ref.offset)
      if (segment !== undefined && segment.unmarkedHandOut !== null) isMarked = false
    }
    if (isMarked) return
    try {
      await mark()
    } catch (error) {
      if (explainDiskError(error, folder) === null) throw error
    }
  }

  /** Returns whether there may be room for more. */
  async #takeReleased(batch: Batch): Promise<boolean> {
    const known = [...this.#released.values()].sort((a, b) => compareRefs(a.ref, b.ref))
    for (const { ref } of known) {
      const segment = this.#options.inventory.get(ref.segment)
      if (segment === undefined) this.#released.delete(keyOf(ref))
      if (segment === undefined || !this.#released.has(keyOf(ref))) continue
      if (!batch.hasRoom(ref.bytes)) return false
      await this.#read(segment, async (file) => this.#takeOne(batch, segment, ref, file))
    }
    return true
  }

  async #takeOne(batch: Batch, segment: Segment, ref: SpoolRef, file: FileHandle): Promise<void> {
    for await (const found of readRecords(file, ref.segment, ref.offset, ref.offset + ref.bytes)) {
      const known = this.#released.get(keyOf(ref))
      this.#released.delete(keyOf(ref))
      if (found.kind === 'damage') {
        segment.settle(ref.offset)
        await this.#options.quarantine.keep(segment, file, found)
      } else if (known !== undefined) {
        this.#out.set(keyOf(ref), known)
        batch.add({ ref, request: decode(segment, ref, found.record) })
      }
    }
  }

  async #advance(batch: Batch): Promise<void> {
    const { inventory } = this.#options
    const cursor = this.#cursor
    for (
      let segment = inventory.from(cursor.segment);
      segment !== undefined;
      segment = inventory.from(segment.number + 1)
    ) {
      if (segment.number > cursor.segment) {
        cursor.segment = segment.number
        cursor.offset = FIRST_OFFSET
      }
      if (cursor.offset >= segment.bytes) continue
      const current = segment
      await this.#read(current, async (file) => this.#takeFrom(batch, current, file))
      if (batch.isFull) return
    }
  }

  /** The cursor moves in the same turn in which a record is judged, so that none is released between the two. */
  async #takeFrom(batch: Batch, segment: Segment, file: FileHandle): Promise<void> {
    const cursor = this.#cursor
    for await (const found of readRecords(file, segment.number, cursor.offset, segment.bytes)) {
      const { offset, bytes } = found
      if (found.kind === 'damage') {
        cursor.offset = offset + bytes
        segment.isMiscounted = true
        await this.#options.quarantine.keep(segment, file, found)
        continue
      }
      const ref = { segment: segment.number, offset, bytes }
      const isReady = !segment.isSettled(offset) && !this.#out.has(keyOf(ref))
      if (isReady && !batch.hasRoom(bytes)) {
        batch.isFull = true
        return
      }
      cursor.offset = offset + bytes
      if (!isReady) continue
      this.#out.set(keyOf(ref), { ref, receivedMs: readReceivedMs(found.record) })
      batch.add({ ref, request: decode(segment, ref, found.record) })
    }
    if (segment.isMiscounted && cursor.offset >= segment.bytes) segment.recount(this.#kept(segment))
  }

  /** All that is left of a segment which the cursor has passed. */
  #kept({ number }: Segment): { readonly offset: number; readonly receivedMs: number }[] {
    return [...this.#out.values(), ...this.#released.values()]
      .filter(({ ref }) => ref.segment === number)
      .map(({ ref, receivedMs }) => ({ offset: ref.offset, receivedMs }))
  }

  /** A file that is gone or cannot be read must not keep back the ones after it. */
  async #read(segment: Segment, read: (file: FileHandle) => Promise<void>): Promise<void> {
    const { folder, inventory, log } = this.#options
    try {
      const file = await open(segmentFile(folder, segment.number), 'r')
      try {
        await read(file)
      } finally {
        await file.close()
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EIO' && code !== 'ENOENT') throw error
      // Nothing was left of it, and it was deleted meanwhile.
      if (inventory.get(segment.number) !== segment) return
      const { unsettled } = segment
      log.error(
        { err: error },
        code === 'ENOENT'
          ? `${unsettled} acknowledged requests are lost: spool segment ${nameOf(segment.number)} was removed from the disk`
          : `left spool segment ${nameOf(segment.number)} alone: ${unsettled} records cannot be read`,
      )
      inventory.leaveAlone(segment, code === 'ENOENT' ? 0 : segment.bytes + segment.markBytes)
    }
  }

  #isPassed({ segment, offset }: SpoolRef): boolean {
    if (segment !== this.#cursor.segment) return segment < this.#cursor.segment
    return offset < this.#cursor.offset
  }
}

/** What a call of `next` collects. */
class Batch {
  readonly taken: Spooled[] = []
  isFull = false
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  hasRoom(bytes: number): boolean {
    return this.taken.length === 0 || this.#bytes + bytes <= this.#maxBytes
  }

  add(spooled: Spooled): void {
    this.taken.push(spooled)
    this.#bytes += spooled.ref.bytes
  }
}

function decode(segment: Segment, { offset }: SpoolRef, record: Buffer): SpoolRequest {
  const request = decodeRecord(record)
  return segment.wasHandedOut(offset) ? { ...request, isInDoubt: true } : request
}

function keyOf({ segment, offset }: SpoolRef): string {
  return `${segment}:${offset}`
}

function compareRefs(a: SpoolRef, b: SpoolRef): number {
  return a.segment - b.segment || a.offset - b.offset
}

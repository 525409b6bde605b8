import { type FileHandle, open, truncate } from 'node:fs/promises'
import type { Counters } from '../../telemetry/counters'
import {
  encodeSegmentHeader,
  FILE_MODE,
  makeFolder,
  segmentFile,
  syncFolder,
  writeAll,
} from './files'
import type { Inventory } from './inventory'
import { encodeRecord, type Place, sizeOfRecord, type SpoolRequest } from './record'
import { FIRST_OFFSET, Segment } from './segment'

/** A proof of room writes no more than this. */
const MAX_PROOF_BYTES = 1024 * 1024

/** Where a record lies, and how far it reaches. */
export interface SpoolRef extends Place {
  readonly bytes: number
}

export interface SegmentWriterOptions {
  readonly folder: string
  readonly inventory: Inventory
  /** A segment is closed at this size; a larger record has one of its own. */
  readonly segmentBytes: number
  readonly lastNumber: number
  readonly counters: Pick<Counters, 'spoolSyncSeconds'>
}

/**
 * Appends to the last segment. After a failure that one is cut back to what is on disk for certain and never appended to
 * again: what the system has of a file after a failed sync is not to be relied on. Its methods are called one at a time.
 */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions
  #lastNumber: number
  #active: { readonly segment: Segment; readonly file: FileHandle } | null = null
  /** Segments that could not be cut back. */
  #uncut: Segment[] = []

  constructor(options: SegmentWriterOptions) {
    this.#options = options
    this.#lastNumber = options.lastNumber
  }

  /** The one that is appended to. */
  get segment(): Segment | null {
    return this.#active?.segment ?? null
  }

  /** Whether the segment stays within its size with so much more. */
  fits(bytes: number): boolean {
    const { segmentBytes } = this.#options
    return this.segment !== null && this.segment.bytes + bytes <= segmentBytes
  }

  /** Whether a record of this size goes into the segment: an empty one takes any. */
  takes(bytes: number): boolean {
    return this.fits(bytes) || this.segment?.bytes === FIRST_OFFSET
  }

  /** Ends the segment and begins the next one. */
  async begin(): Promise<void> {
    const { folder, inventory } = this.#options
    await this.end()
    await makeFolder(folder)
    const segment = new Segment(++this.#lastNumber, { bytes: FIRST_OFFSET })
    const file = await open(segmentFile(folder, segment.number), 'wx', FILE_MODE)
    inventory.add(segment)
    this.#active = { segment, file }
    try {
      await writeAll(file, [encodeSegmentHeader()], 0)
      await syncFolder(folder)
    } catch (error) {
      await this.#giveUp()
      throw error
    }
  }

  /** Returns when all of them are on disk; `onDurable` is told before anybody can read them. */
  async append(
    requests: readonly SpoolRequest[],
    onDurable: (refs: readonly SpoolRef[]) => void,
  ): Promise<void> {
    if (this.#active === null) throw new Error('cannot append: no segment was begun')
    const { segment, file } = this.#active
    const refs: SpoolRef[] = []
    const pieces: Uint8Array[] = []
    let offset = segment.bytes
    for (const request of requests) {
      const ref = { segment: segment.number, offset, bytes: sizeOfRecord(request) }
      for (const piece of encodeRecord(request, ref)) pieces.push(piece)
      refs.push(ref)
      offset += ref.bytes
    }
    const stopTimer = this.#options.counters.spoolSyncSeconds.startTimer()
    try {
      await writeAll(file, pieces, segment.bytes)
      await file.datasync()
      await refuseRemoved(file)
    } catch (error) {
      await this.#giveUp()
      throw error
    }
    stopTimer()
    segment.bytes = offset
    for (const [i, { receivedMs }] of requests.entries()) {
      segment.add(refs[i]?.offset ?? 0, receivedMs)
    }
    onDurable(refs)
  }

  /** Begins a segment and makes sure that so much can be written to it, which is taken back. */
  async prove(bytes: number): Promise<void> {
    await this.begin()
    const active = this.#active
    if (active === null) return
    try {
      const blank = Buffer.alloc(Math.min(bytes, MAX_PROOF_BYTES))
      await writeAll(active.file, [blank], FIRST_OFFSET)
      await active.file.datasync()
      await active.file.truncate(FIRST_OFFSET)
      for (const segment of this.#uncut) await this.#cutBack(segment)
      this.#uncut = []
    } catch (error) {
      await this.#giveUp()
      throw error
    }
  }

  /** Closes the segment; one with nothing left to send is removed. */
  async end(): Promise<void> {
    if (this.#active === null) return
    const { segment, file } = this.#active
    this.#active = null
    await file.close()
    if (segment.unsettled === 0 && !segment.isEvidence)
      await this.#options.inventory.remove(segment)
  }

  /** Whatever fails here is left for later: the failure that led here is the one to be told. */
  async #giveUp(): Promise<void> {
    const segment = this.segment
    if (segment === null) return
    await this.#cutBack(segment).catch(() => this.#uncut.push(segment))
    await this.end().catch(() => undefined)
  }

  async #cutBack({ number, bytes }: Segment): Promise<void> {
    try {
      await truncate(segmentFile(this.#options.folder, number), bytes)
    } catch (error) {
      // Removed by somebody: there is nothing to be cut.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** What is written to a file that somebody removed goes with this process. */
async function refuseRemoved(file: FileHandle): Promise<void> {
  if ((await file.stat()).nlink > 0) return
  throw Object.assign(new Error('its segment was removed'), { code: 'ENOENT' })
}

import { Bits } from './bits'
import { ALIGNMENT_BYTES } from './record'

/** Where the first record of a segment begins: after its header. */
export const FIRST_OFFSET = ALIGNMENT_BYTES
/** Records are counted by the block they begin in, and how old the oldest is known for a block. */
const BLOCK_BYTES = 64 * 1024

/**
 * What is known of one segment without reading it: a few kilobytes, however many records it has. A bit for each place
 * says whether the record there is settled; the oldest unsettled record is known by the block.
 */
export class Segment {
  readonly number: number
  /** Up to here it is on disk for certain, and its records may be read. */
  bytes: number
  /** Bytes of the file that says what is settled. */
  markBytes: number
  readonly #unmarked: number[] = []
  #oldestUnmarkedMs: number | null = null
  /** Part of it is unreadable and could not be copied, so that the file must stay. */
  isEvidence = false
  /** Damage was found since it was counted. */
  isMiscounted = false
  readonly #isSettled: Bits
  /** How far its records were handed out: by the processes before this one, by all, and of that on disk. */
  readonly #inheritedTo: number
  #handedOutTo: number
  #markedTo: number
  #blocks: Block[] = []
  #unsettled = 0
  #oldestMs: number | null = null

  constructor(number: number, options: { readonly bytes: number } & Partial<Marks>) {
    this.number = number
    this.bytes = options.bytes
    this.markBytes = options.markBytes ?? 0
    this.#isSettled = options.settled ?? new Bits()
    this.#inheritedTo = this.#handedOutTo = this.#markedTo = options.handedOutTo ?? 0
  }

  /** Records that are to be kept. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** Arrival of the oldest of them, to the block. */
  get oldestMs(): number | null {
    return this.#oldestMs
  }

  /** Records settled here but not on disk yet. */
  get unmarked(): readonly number[] {
    return this.#unmarked
  }

  /** Not later than the arrival of the oldest of those. */
  get oldestUnmarkedMs(): number | null {
    return this.#oldestUnmarkedMs
  }

  isSettled(offset: number): boolean {
    return this.#isSettled.has(offset / ALIGNMENT_BYTES)
  }

  /** Whether an earlier process may have handed it out: what became of it then, only its receipt tells. */
  wasHandedOut(offset: number): boolean {
    return offset <= this.#inheritedTo
  }

  handOut(offset: number): void {
    this.#handedOutTo = Math.max(this.#handedOutTo, offset)
  }

  /** The last record handed out, null when the disk says so already. */
  get unmarkedHandOut(): number | null {
    return this.#handedOutTo > this.#markedTo ? this.#handedOutTo : null
  }

  /** Says that it is on disk how far records were handed out. */
  endHandOut(offset: number): void {
    this.#markedTo = offset
  }

  add(offset: number, receivedMs: number): void {
    const block = (this.#blocks[Math.floor(offset / BLOCK_BYTES)] ??= { unsettled: 0, oldestMs: 0 })
    block.oldestMs = block.unsettled === 0 ? receivedMs : Math.min(block.oldestMs, receivedMs)
    block.unsettled++
    this.#unsettled++
    this.#oldestMs = Math.min(this.#oldestMs ?? receivedMs, receivedMs)
  }

  /** Settles it, to be marked so on disk. */
  settleUnmarked(offset: number): void {
    const oldestMs = this.#oldestMs ?? Infinity
    if (!this.settle(offset)) return
    this.#unmarked.push(offset)
    this.#oldestUnmarkedMs = Math.min(this.#oldestUnmarkedMs ?? oldestMs, oldestMs)
  }

  /** Says that the first so many of the unmarked ones are on disk. */
  endUnmarked(count: number): void {
    this.#unmarked.splice(0, count)
    if (this.#unmarked.length === 0) this.#oldestUnmarkedMs = null
  }

  /** False when it was settled before. */
  settle(offset: number): boolean {
    if (!this.#isSettled.add(offset / ALIGNMENT_BYTES)) return false
    const block = this.#blocks[Math.floor(offset / BLOCK_BYTES)]
    if (block === undefined || block.unsettled === 0) return true
    block.unsettled--
    this.#unsettled--
    if (block.unsettled === 0) this.#oldestMs = this.#findOldest()
    return true
  }

  /** Counts anew: these are all the records that are to be kept. */
  recount(records: Iterable<{ readonly offset: number; readonly receivedMs: number }>): void {
    this.#blocks = []
    this.#unsettled = 0
    this.#oldestMs = null
    this.isMiscounted = false
    for (const { offset, receivedMs } of records) this.add(offset, receivedMs)
  }

  #findOldest(): number | null {
    let oldestMs: number | null = null
    for (const block of this.#blocks) {
      // Blocks in which no record begins are holes in the array.
      if (block === undefined || block.unsettled === 0) continue
      oldestMs = Math.min(oldestMs ?? block.oldestMs, block.oldestMs)
    }
    return oldestMs
  }
}

/** What is on disk of what became of a segment's records. */
export interface Marks {
  readonly settled: Bits
  /** The last record that was handed out, in the order of the segment; 0 when none was. */
  readonly handedOutTo: number
  readonly markBytes: number
}

interface Block {
  unsettled: number
  oldestMs: number
}

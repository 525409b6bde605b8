import type { Logger } from 'pino'
import { Unavailable } from '../../errors'
import { claimFolder, FolderInUse } from '../../owner'
import type { Counters } from '../../telemetry/counters'
import { Appends } from './appends'
import { Backlog, type Spooled } from './backlog'
import { explainDiskError } from './disk-error'
import { makeFolder } from './files'
import { Gate, type Refusal } from './gate'
import { Inventory } from './inventory'
import { Quarantine } from './quarantine'
import type { SpoolRequest } from './record'
import { recoverSegments } from './recovery'
import { Settler } from './settler'
import { SegmentWriter, type SpoolRef } from './writer'

export type { Spooled } from './backlog'
export type { SpoolRequest } from './record'
export type { SpoolRef } from './writer'

const MIB = 1024 * 1024
const HOUR_MS = 3_600_000
const DEFAULT_SEGMENT_BYTES = 16 * MIB
/** Room comes back a segment at a time. */
const LEAST_SEGMENTS = 8
/** It counts as full when less than this part of it is left, */
const FULL_PART = 1 / 64
/** or less than a request needed that was refused for it, up to this part: a larger one is refused alone. */
const LARGEST_NEEDED_PART = 1 / 16
/** Between two looks at a disk that failed. */
const RETRY_MS = 1_000

export interface SpoolState {
  /** Neither settled nor lost. */
  readonly records: number
  /** What the files take. */
  readonly bytes: number
  /** Arrival of the oldest record, to within 64 KiB of records. */
  readonly oldestReceivedMs: number | null
  /** Arrival of the oldest record the next start would hand out: that one, or one whose settling is not on disk yet. */
  readonly oldestOnDiskMs: number | null
}

/** Acknowledged requests that Postgres has not taken yet, on disk. */
export interface Spool {
  /** Why it takes nothing now, or null. */
  refusal(): string | null
  /**
   * Resolves once the record is fsynced; throws Unavailable with the reason when it cannot be. A held one is not handed
   * out by `next` until it is released. The body must not be changed until then.
   */
  append(request: SpoolRequest, options?: { readonly isHeld?: boolean }): Promise<SpoolRef>
  /** Hands them out again: ends a hold, or puts back what `next` handed out. */
  release(refs: readonly SpoolRef[]): void
  /**
   * They need not be kept any more and are not handed out again. Resolves when that is on disk, and segments of which
   * nothing is left are deleted. Throws Unavailable when it cannot be: the next call tries again.
   */
  settle(refs: readonly SpoolRef[]): Promise<void>
  /**
   * Up to `maxBytes` of records, at least one if any is ready, that are neither held, handed out nor settled: those put
   * back first, then the others, each in the order they came to the disk. Throws Unavailable when the disk cannot be read.
   */
  next(maxBytes: number): Promise<readonly Spooled[]>
  state(): SpoolState
  /** Lets appends under way end, closes the files and gives up the folder. */
  close(): Promise<void>
}

export interface SpoolOptions {
  readonly folder: string
  /** What its files may take. */
  readonly maxBytes: number
  /** While a record is older than this, nothing is taken: receipts that old may be gone. */
  readonly maxAgeMs: number
  readonly nowMs: () => number
  readonly log: Logger
  readonly counters: Pick<
    Counters,
    'spoolSyncSeconds' | 'spoolCutBytes' | 'spoolQuarantinedBytes' | 'observeSpool'
  >
  readonly segmentBytes?: number
}

/**
 * Opens the spool in `folder`, which nobody else may use until it is closed: throws FolderInUse while another process
 * does. A folder that cannot be written is not an error: the spool refuses, and looks every second whether it can be.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const spool = new DiskSpool(options)
  await spool.open()
  return spool
}

/** What there is once the folder could be claimed and read. */
interface Opened {
  readonly inventory: Inventory
  readonly backlog: Backlog
  readonly settler: Settler
  readonly appends: Appends
  readonly giveUpFolder: () => void
}

class DiskSpool implements Spool {
  readonly #options: SpoolOptions
  readonly #gate: Gate
  #opened: Opened | null = null
  /** What keeps the disk from being used. */
  #trouble: string | null = null
  /** Room that a request lacked; 0 when there was enough since. */
  #neededBytes = 0
  #retry: NodeJS.Timeout | undefined
  #retrying: Promise<void> = Promise.resolve()
  #closing: Promise<void> | null = null

  constructor(options: SpoolOptions) {
    this.#options = options
    this.#gate = new Gate(options.log)
  }

  async open(): Promise<void> {
    try {
      this.#opened = await this.#recover()
    } catch (error) {
      if (error instanceof FolderInUse) throw error
      if (explainDiskError(error, '') === null) throw error
      this.#fail(error, 0)
    }
    this.#options.counters.observeSpool(() => {
      const { records, bytes, oldestReceivedMs } = this.state()
      const oldestMs = oldestReceivedMs === null ? 0 : this.#options.nowMs() - oldestReceivedMs
      return { records, bytes, oldestSeconds: oldestMs / 1000, isRefusing: this.refusal() !== null }
    })
  }

  refusal(): string | null {
    return this.#closing === null ? this.#gate.judge(this.#judge()) : 'the spool is closed'
  }

  async append(
    request: SpoolRequest,
    { isHeld = false }: { readonly isHeld?: boolean } = {},
  ): Promise<SpoolRef> {
    const reason = this.refusal()
    if (reason !== null || this.#opened === null) {
      throw new Unavailable(`cannot spool the request: ${reason ?? 'the spool is not open'}`)
    }
    return this.#opened.appends.append(request, isHeld)
  }

  release(refs: readonly SpoolRef[]): void {
    this.#opened?.backlog.release(refs)
  }

  async settle(refs: readonly SpoolRef[]): Promise<void> {
    if (this.#opened === null) return
    this.#opened.backlog.forget(refs)
    try {
      await this.#opened.settler.settle(refs)
    } catch (error) {
      throw this.#unavailable('cannot mark requests in the spool as stored', error)
    }
  }

  async next(maxBytes: number): Promise<readonly Spooled[]> {
    if (this.#opened === null) return []
    try {
      return await this.#opened.backlog.next(maxBytes)
    } catch (error) {
      throw this.#unavailable('cannot read the spool', error)
    }
  }

  state(): SpoolState {
    const { inventory } = this.#opened ?? {}
    const { records = 0, bytes = 0, oldestMs = null, oldestOnDiskMs = null } = inventory ?? {}
    return { records, bytes, oldestReceivedMs: oldestMs, oldestOnDiskMs }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearTimeout(this.#retry)
    await this.#retrying
    if (this.#opened === null) return
    const { appends, settler, giveUpFolder } = this.#opened
    try {
      // One that is being written to cannot be deleted, so the file is closed first.
      await appends.end()
      await settler.settle([])
    } catch (error) {
      this.#options.log.warn({ err: error }, 'left the spool as it was: the next start cleans up')
    } finally {
      giveUpFolder()
    }
  }

  async #recover(): Promise<Opened> {
    const { folder, maxBytes, log, counters } = this.#options
    await makeFolder(folder)
    const giveUpFolder = unlessDiskFails(await claimFolder(folder))
    try {
      const quarantine = new Quarantine({ folder, log, counters })
      const recovered = await recoverSegments({ folder, quarantine, log, counters })
      const { segments, leftAloneBytes, lastNumber } = recovered
      const inventory = new Inventory(folder, segments, leftAloneBytes)
      const {
        segmentBytes = Math.min(DEFAULT_SEGMENT_BYTES, Math.floor(maxBytes / LEAST_SEGMENTS)),
      } = this.#options
      const writer = new SegmentWriter({ folder, inventory, segmentBytes, lastNumber, counters })
      const settler = new Settler(folder, inventory, writer)
      const mark = () => settler.mark()
      const backlog = new Backlog({ folder, inventory, quarantine, log, mark })
      const appends = new Appends({
        writer,
        inventory,
        backlog,
        maxBytes,
        refusal: () => this.#gate.judge(this.#judge()),
        onFull: (bytes) => {
          if (bytes <= maxBytes * LARGEST_NEEDED_PART) this.#neededBytes = bytes
        },
        onFailure: (error, bytes) => this.#fail(error, bytes),
      })
      if (inventory.records > 0)
        log.info({ records: inventory.records }, 'the spool holds requests that wait for Postgres')
      return { inventory, backlog, appends, settler, giveUpFolder }
    } catch (error) {
      giveUpFolder()
      throw error
    }
  }

  #judge(): Refusal | null {
    if (this.#trouble !== null) return { cause: 'disk', text: this.#trouble }
    if (this.#opened === null) return null
    const { maxBytes, maxAgeMs, nowMs } = this.#options
    const { inventory, appends } = this.#opened
    if (appends.roomBytes >= this.#neededBytes) this.#neededBytes = 0
    if (appends.roomBytes < Math.max(maxBytes * FULL_PART, this.#neededBytes)) {
      return {
        cause: 'full',
        text: `the spool is full (${mib(inventory.bytes)} of ${mib(maxBytes)})`,
      }
    }
    const oldestMs = inventory.oldestMs === null ? 0 : nowMs() - inventory.oldestMs
    if (oldestMs <= maxAgeMs) return null
    const text = `its oldest request has waited for ${hours(oldestMs)}, and receipts are kept for ${hours(maxAgeMs)}`
    return { cause: 'old', text: `the spool takes no more before it is drained: ${text}` }
  }

  #fail(error: unknown, bytes: number): void {
    const { log, folder } = this.#options
    const reason = explainDiskError(error, folder)
    const isFault = reason === null && !(error instanceof FolderInUse)
    if (isFault && this.#trouble === null) log.error({ err: error }, 'the spool failed')
    const text = reason ?? (error instanceof Error ? error.message : String(error))
    this.#trouble = `the spool cannot be written: ${text}`
    this.#gate.judge(this.#judge())
    if (this.#closing !== null) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      this.#retrying = this.#tryAgain(bytes)
    }, RETRY_MS).unref()
  }

  /** Writes as much as could not be written, so that a disk with a little room does not count as mended. */
  async #tryAgain(bytes: number): Promise<void> {
    try {
      if (this.#opened === null) this.#opened = await this.#recover()
      else await this.#opened.appends.prove(bytes)
      this.#trouble = null
      this.#gate.judge(this.#judge())
    } catch (error) {
      this.#fail(error, bytes)
    }
  }

  #unavailable(what: string, error: unknown): unknown {
    const reason = explainDiskError(error, this.#options.folder)
    return reason === null ? error : new Unavailable(`${what}: ${reason}`, { cause: error })
  }
}

/** A claim that cannot be given up ends with the process. */
function unlessDiskFails(giveUp: () => void): () => void {
  return () => {
    try {
      giveUp()
    } catch (error) {
      if (explainDiskError(error, '') === null) throw error
    }
  }
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`
}

function hours(ms: number): string {
  return `${(ms / HOUR_MS).toFixed(1)} h`
}

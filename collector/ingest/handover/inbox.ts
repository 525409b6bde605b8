import { type FSWatcher, watch } from 'node:fs'
import { lstat, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { type HandoverFolder, prepareFolder } from './folder'
import { FILE_NAME, nameTried, TEMPORARY_NAME, triedMsOf } from './header'
import { lstatIfPresent, pruneRefused, putAside } from './refused'

const SECOND_MS = 1_000
const HOUR_MS = 3_600 * SECOND_MS
/** Whoever wrote to it has ended by then. */
const STALE_MS = HOUR_MS
const LONGEST_PAUSE_MS = 60 * SECOND_MS
const STATS_AT_ONCE = 32

/** A file that waits to be taken. */
export interface WaitingFile {
  name: string
  path: string
  /** Unix milliseconds at which it was written. */
  readonly modifiedMs: number
  /** Unix milliseconds since which what is in it may have been stored; null if it certainly is not. */
  triedMs: number | null
  readonly bytes: number
  /** It is being taken. */
  isOut: boolean
  /** It is stored and could not be deleted. */
  isTaken: boolean
  failures: number
  /** Not looked at before this moment of the clock. */
  dueMs: number
}

export interface InboxState {
  readonly files: number
  readonly bytes: number
  /** When the oldest was written, or first tried. */
  readonly oldestMs: number | null
}

export interface InboxOptions {
  readonly folder: HandoverFolder
  readonly nowMs: () => number
  readonly log: Logger
}

/**
 * What waits in the folder for handing over, as the last look found it. A folder that cannot be used is not an error: it is
 * told of once, and tried at every look.
 */
export class Inbox {
  readonly folder: HandoverFolder
  readonly #options: InboxOptions
  readonly #files = new Map<string, WaitingFile>()
  /** Those to be taken next, the oldest first. */
  #queue: WaitingFile[] = []
  #watcher: FSWatcher | null = null
  /** Of the folder that is watched. */
  #watched: string | null = null
  #onChange: () => void = () => undefined
  #problem: string | null = null
  #pruneDueMs = 0
  readonly #foldersTold = new Set<string>()
  #looking: Promise<void> | null = null
  #isClosed = false

  constructor(options: InboxOptions) {
    this.#options = options
    this.folder = options.folder
  }

  /** Finds out what there is now; never throws. Looks at the same time are one. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  /** Calls back soon after something in the folder changed, where the system tells. */
  onChange(callback: () => void): void {
    this.#onChange = callback
  }

  /** The oldest one that may be taken now, handed out until it is given back or forgotten; null when there is none. */
  next(): WaitingFile | null {
    const nowMs = this.#options.nowMs()
    const at = this.#queue.findIndex(({ dueMs }) => dueMs <= nowMs)
    if (at < 0) return null
    const [file] = this.#queue.splice(at, 1)
    if (file === undefined) return null
    file.isOut = true
    return file
  }

  /** It is tried again later, each time longer. */
  later(file: WaitingFile): void {
    file.failures++
    const pauseMs = Math.min(LONGEST_PAUSE_MS, SECOND_MS * 2 ** (file.failures - 1))
    file.dueMs = this.#options.nowMs() + pauseMs
    file.isOut = false
    if (this.#files.has(file.name)) this.#queue.push(file)
  }

  /**
   * Notes in its name that it is tried from now on, for whoever finds it should this process be killed before it is deleted.
   * Throws what the disk throws.
   */
  async note(file: WaitingFile): Promise<void> {
    if (file.triedMs !== null) return
    const nowMs = this.#options.nowMs()
    const before = { name: file.name, path: file.path }
    const name = nameTried(file.name, nowMs)
    const path = join(this.folder.path, name)
    // Known by both names meanwhile, for a look at the same time.
    this.#files.set(name, file)
    try {
      await rename(before.path, path)
    } catch (error) {
      this.#files.delete(name)
      throw error
    }
    Object.assign(file, { name, path, triedMs: nowMs })
    this.#files.delete(before.name)
  }

  /** It is not there any more. */
  forget({ name }: WaitingFile): void {
    this.#files.delete(name)
  }

  /** It goes to what was refused. Throws what the disk throws. */
  async refuse(file: WaitingFile): Promise<void> {
    await putAside(this.folder.path, file.name)
    this.#pruneDueMs = 0
    this.forget(file)
  }

  state(): InboxState {
    let bytes = 0
    let oldestMs: number | null = null
    for (const file of this.#files.values()) {
      bytes += file.bytes
      oldestMs = Math.min(oldestMs ?? Infinity, file.modifiedMs, file.triedMs ?? Infinity)
    }
    return { files: this.#files.size, bytes, oldestMs }
  }

  /** Looks a last time, so that what is left is known. */
  async close(): Promise<void> {
    this.#onChange = () => undefined
    await this.#looking
    await this.look()
    this.#isClosed = true
    this.#unwatch()
  }

  async #look(): Promise<void> {
    if (this.#isClosed) return
    const { log, folder } = this.#options
    try {
      const problem = await prepareFolder(folder)
      this.#judge(problem)
      if (problem !== null) return
      await this.#watch()
      await this.#read()
      await this.#prune()
    } catch (error) {
      if (this.#problem === null) log.error({ err: error }, 'cannot look for files handed over')
      this.#problem = 'a fault'
    }
  }

  #judge(problem: string | null): void {
    const { log, folder } = this.#options
    if (problem !== null && this.#problem === null) {
      log.warn(`files that applications hand over are not taken: ${problem}`)
    }
    if (problem === null && this.#problem !== null) {
      log.info(`files that applications hand over in ${folder.path} are taken again`)
    }
    this.#problem = problem
  }

  async #prune(): Promise<void> {
    const nowMs = this.#options.nowMs()
    if (nowMs < this.#pruneDueMs) return
    await pruneRefused(this.folder.path, nowMs)
    this.#pruneDueMs = nowMs + HOUR_MS
  }

  /** A folder made again is another one, whatever its name. */
  async #watch(): Promise<void> {
    const { path } = this.folder
    const { dev, ino } = await lstat(path)
    const identity = `${dev}:${ino}`
    if (this.#watcher !== null && this.#watched === identity) return
    this.#unwatch()
    this.#watched = identity
    try {
      const watcher = watch(path, { persistent: false }, () => this.#onChange())
      watcher.on('error', () => this.#unwatch())
      this.#watcher = watcher
    } catch {
      // Too many watches, or a file system without them: the looks every few seconds find all there is.
    }
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  async #read(): Promise<void> {
    const names = await readdir(this.folder.path)
    const there = new Set(names.filter((name) => FILE_NAME.test(name)))
    for (const { name, isOut } of this.#files.values()) {
      if (!there.has(name) && !isOut) this.#files.delete(name)
    }
    const unknown = [...there].filter((name) => !this.#files.has(name))
    for (let at = 0; at < unknown.length; at += STATS_AT_ONCE) {
      await Promise.all(unknown.slice(at, at + STATS_AT_ONCE).map((name) => this.#add(name)))
    }
    for (const name of names) if (TEMPORARY_NAME.test(name)) await this.#removeStale(name)
    this.#queue = [...this.#files.values()].filter(({ isOut }) => !isOut)
    this.#queue.sort((a, b) => a.modifiedMs - b.modifiedMs || (a.name < b.name ? -1 : 1))
  }

  async #add(name: string): Promise<void> {
    const path = join(this.folder.path, name)
    const stats = await lstatIfPresent(path)
    if (stats === null) return
    if (stats.isDirectory()) {
      if (!this.#foldersTold.has(name)) {
        this.#options.log.warn(`${path} is a folder, not a file handed over: it is left alone`)
      }
      this.#foldersTold.add(name)
      return
    }
    const modifiedMs = Math.min(stats.mtimeMs, this.#options.nowMs())
    this.#files.set(name, {
      name,
      path,
      modifiedMs,
      triedMs: triedMsOf(name),
      bytes: stats.size,
      isOut: false,
      isTaken: false,
      failures: 0,
      dueMs: 0,
    })
  }

  async #removeStale(name: string): Promise<void> {
    const path = join(this.folder.path, name)
    const stats = await lstatIfPresent(path)
    if (stats === null || stats.isDirectory()) return
    if (this.#options.nowMs() - stats.mtimeMs > STALE_MS) await unlink(path).catch(() => undefined)
  }
}

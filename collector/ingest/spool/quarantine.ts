import { type FileHandle, open, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Counters } from '../../telemetry/counters'
import { FILE_MODE, makeFolder, nameOf, numbersOf, readAll, syncFolder, writeAll } from './files'
import type { Segment } from './segment'

const CHUNK_BYTES = 256 * 1024

/** A stretch of a segment in which no record could be read. */
export interface Damage {
  readonly offset: number
  readonly bytes: number
}

export interface QuarantineOptions {
  /** Of the spool. */
  readonly folder: string
  readonly log: Logger
  readonly counters: Pick<Counters, 'spoolQuarantinedBytes'>
}

/** Puts damaged stretches aside, for a person to look at. */
export class Quarantine {
  readonly #options: QuarantineOptions
  readonly #folder: string

  constructor(options: QuarantineOptions) {
    this.#options = options
    this.#folder = join(options.folder, 'quarantine')
  }

  /** Copies the stretch to `quarantine/<segment>-<offset>.bin` and reports it, once. What cannot be copied keeps its segment. */
  async keep(segment: Segment, file: FileHandle, damage: Damage): Promise<void> {
    const { log, counters } = this.#options
    const path = join(this.#folder, `${nameOf(segment.number)}-${damage.offset}.bin`)
    const what = `${damage.bytes} damaged bytes at ${damage.offset} of spool segment ${nameOf(segment.number)}`
    try {
      if ((await sizeOf(path)) === damage.bytes) return
      await makeFolder(this.#folder)
      await copy(file, damage, path)
      await syncFolder(this.#folder)
      log.error({ path, ...damage }, `passed over ${what}: they are copied to ${path}`)
    } catch (error) {
      segment.isEvidence = true
      log.error({ err: error, ...damage }, `passed over ${what}: they cannot be copied, it is kept`)
    }
    counters.spoolQuarantinedBytes.inc(damage.bytes)
  }

  /** The segments that something was copied from. */
  async listSegments(): Promise<number[]> {
    const names = await orIfAbsent(readdir(this.#folder), [])
    return numbersOf(names, /^(\d{8,})-\d+\.bin$/)
  }
}

/** The copy has its name only once it is whole. */
async function copy(from: FileHandle, { offset, bytes }: Damage, path: string): Promise<void> {
  const draft = `${path}.part`
  const to = await open(draft, 'w', FILE_MODE)
  try {
    const chunk = Buffer.allocUnsafe(Math.min(bytes, CHUNK_BYTES))
    for (let done = 0; done < bytes;) {
      const into = chunk.subarray(0, Math.min(chunk.length, bytes - done))
      const read = await readAll(from, into, offset + done)
      if (read === 0) break
      await writeAll(to, [into.subarray(0, read)], done)
      done += read
    }
    await to.sync()
  } finally {
    await to.close()
  }
  await rename(draft, path)
}

async function sizeOf(path: string): Promise<number | null> {
  return (await orIfAbsent(stat(path), null))?.size ?? null
}

async function orIfAbsent<T, A>(looked: Promise<T>, absent: A): Promise<T | A> {
  try {
    return await looked
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent
    throw error
  }
}

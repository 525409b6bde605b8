import { appendFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { LogFiles } from './log-settings'

/** Takes lines, and has them in a file some time later. */
export interface LogFile {
  write(line: string): void
}

/**
 * Opens `<kind>.<n>.log` in the folder, and goes on with the next number when a file is full; the oldest is deleted. Until it is
 * open, and while the disk takes nothing, some megabytes of lines are kept and others dropped; a line on stderr says
 * so, once. The application notices nothing.
 */
export function openLogFile(kind: string, files: LogFiles): LogFile {
  const file = new RollingFile(kind, files)
  file.open()
  return file
}

/** Bytes, or nearly so, that wait for the disk. */
const MOST_WAITING = 4_194_304

/** The stream that pino-roll makes, a SonicBoom. */
interface Destination {
  write(line: string): unknown
  flushSync(): void
  on(event: 'ready' | 'error', listener: (error?: unknown) => void): unknown
}

type Roll = (options: {
  readonly file: string
  readonly size: string
  readonly mkdir: boolean
  readonly maxLength: number
  readonly limit: { readonly count: number; readonly removeOtherLogFiles: boolean }
}) => Promise<Destination>

class RollingFile implements LogFile {
  readonly #kind: string
  readonly #files: LogFiles
  #destination: Destination | undefined
  #waiting: string[] = []
  #waitingLength = 0
  #isLost = false
  #hasComplained = false

  constructor(kind: string, files: LogFiles) {
    this.#kind = kind
    this.#files = files
  }

  open(): void {
    const { folder, maxBytes, kept } = this.#files
    const roll = require('pino-roll') as Roll
    process.on('exit', () => this.#flush())
    Promise.resolve()
      .then(() => {
        mkdirSync(folder, { recursive: true })
        return roll({
          file: join(folder, `${this.#kind}.log`),
          size: `${maxBytes}b`,
          mkdir: true,
          maxLength: MOST_WAITING,
          limit: { count: kept, removeOtherLogFiles: true },
        })
      })
      .then(
        (destination) => {
          destination.on('error', (error) => this.#complain(error))
          destination.on('ready', () => this.#begin(destination))
        },
        (error: unknown) => this.#complain(error),
      )
  }

  write(line: string): void {
    if (this.#isLost) return
    try {
      if (this.#destination !== undefined) this.#destination.write(line)
      else if (this.#waitingLength < MOST_WAITING) {
        this.#waiting.push(line)
        this.#waitingLength += line.length
      }
    } catch (error) {
      this.#complain(error)
    }
  }

  #begin(destination: Destination): void {
    if (this.#destination !== undefined) return
    this.#destination = destination
    for (const line of this.#waiting.splice(0)) this.write(line)
  }

  #complain(error: unknown): void {
    // What could not be opened never will be; a full disk may have room again.
    if (this.#destination === undefined) {
      this.#isLost = true
      this.#waiting = []
    }
    if (this.#hasComplained) return
    this.#hasComplained = true
    const why = error instanceof Error ? error.message : String(error)
    process.stderr.write(`sidelight: cannot write log files to ${this.#files.folder}: ${why}\n`)
  }

  /** What is left when the process ends, which waits for nothing. */
  #flush(): void {
    try {
      if (this.#destination !== undefined) this.#destination.flushSync()
      else if (this.#waiting.length > 0) {
        appendFileSync(this.#newestPath(), this.#waiting.join(''))
      }
    } catch {
      // The disk takes nothing.
    }
  }

  #newestPath(): string {
    const { folder } = this.#files
    const numbers = readdirSync(folder).map((name) =>
      name.startsWith(`${this.#kind}.`)
        ? Number.parseInt(name.slice(this.#kind.length + 1), 10)
        : 1,
    )
    const newest = Math.max(1, ...numbers.filter((number) => number > 0))
    return join(folder, `${this.#kind}.${newest}.log`)
  }
}

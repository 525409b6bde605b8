import type { Logger } from 'pino'

/** Why the spool takes nothing. */
export interface Refusal {
  readonly cause: 'full' | 'old' | 'disk'
  readonly text: string
}

/** Tells the log when the spool begins to refuse, for which cause, and when it takes requests again. */
export class Gate {
  readonly #log: Logger
  #cause: Refusal['cause'] | null = null
  #sinceMs = 0

  constructor(log: Logger) {
    this.#log = log
  }

  /** The text of the refusal that holds now, null when there is none. */
  judge(refusal: Refusal | null): string | null {
    const cause = refusal?.cause ?? null
    if (cause !== this.#cause) {
      const nowMs = performance.now()
      const seconds = ((nowMs - this.#sinceMs) / 1000).toFixed(1)
      if (this.#cause === null) this.#sinceMs = nowMs
      if (refusal !== null) this.#log.error(`the spool takes nothing: ${refusal.text}`)
      else this.#log.info(`the spool takes requests again, after ${seconds} s`)
      this.#cause = cause
    }
    return refusal?.text ?? null
  }
}

/** What a failure of the disk means; null when it is none, but a fault of our own. */
export function explainDiskError(error: unknown, folder: string): string | null {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined || !(error instanceof Error)) return null
  return `${REASONS[code] ?? 'its disk fails'} (${folder}: ${error.message})`
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file may not grow so large',
  EROFS: 'the file system is read-only',
  EACCES: 'the folder may not be written',
  EPERM: 'the folder may not be written',
  ENOTDIR: 'a file is in the way of its folder',
  EEXIST: 'a file is in the way of its folder',
  ENOENT: 'its folder is gone',
  EMFILE: 'no more files can be opened',
  ENFILE: 'no more files can be opened',
}

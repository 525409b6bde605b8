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

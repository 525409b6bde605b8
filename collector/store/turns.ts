import { Unavailable } from '../errors'

/** All turns were taken for as long as one was waited for. */
export class Busy extends Unavailable {}

interface Waiting {
  readonly isUrgent: boolean
  readonly begin: () => void
}

/** A number of turns that may be had at once: first come, first served, but for what is urgent, which has to be short and rare. */
export class Turns {
  readonly #all: number
  #free: number
  #waiting: Waiting[] = []

  constructor(all: number) {
    this.#all = all
    this.#free = all
  }

  /** Resolves with what ends the turn. Throws Busy when the signal is aborted before it begins. */
  async take(signal: AbortSignal | undefined, isUrgent = false): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await this.#wait(signal, isUrgent)
    return () => this.#pass()
  }

  #wait(signal: AbortSignal | undefined, isUrgent: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        isUrgent,
        begin: () => {
          signal?.removeEventListener('abort', giveUp)
          resolve()
        },
      }
      const giveUp = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(new Busy(`cannot connect to Postgres: ${describe(this.#all)} in use`))
      }
      if (signal?.aborted === true) return giveUp()
      signal?.addEventListener('abort', giveUp, { once: true })
      const at = isUrgent ? this.#waiting.findIndex((other) => !other.isUrgent) : -1
      this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, waiting)
    })
  }

  #pass(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next.begin()
  }
}

function describe(connections: number): string {
  return connections === 1 ? 'the only connection is' : `all ${connections} connections are`
}

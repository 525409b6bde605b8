import type { Answer } from './answer'
import type { Body } from './contract'
import type { Send } from './sender'

export interface Waiting {
  readonly body: Body
  /** Its place among the bodies of all signals. */
  readonly order: number
}

/** What a lane tells: `onSettled` that a body was taken or refused, `onFailure` that it is kept for another try. */
export interface LaneEvents {
  onSettled(body: Body, answer: Answer): void
  onFailure(body: Body, answer: Answer): void
}

/** Delivers the bodies of one signal: in order, one at a time, again and again until the collector has taken or refused them. */
export class Lane {
  readonly #send: Send
  readonly #events: LaneEvents
  readonly #waiting: Waiting[] = []
  #inFlight: Waiting | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #failures = 0
  #isAway = false
  #flushUntilMs = 0
  #onIdle: (() => void)[] = []

  constructor(send: Send, events: LaneEvents) {
    this.#send = send
    this.#events = events
  }

  put(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#pump()
  }

  /** The collector is there again, another signal has reached it. */
  wake(): void {
    if (this.#isAway) this.#retryNow()
  }

  /** Resolves when nothing is left or the collector is away; one that asks for patience gets it within the deadline. */
  flush(deadlineMs: number): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve()
    this.#flushUntilMs = performance.now() + deadlineMs
    return new Promise((resolve) => {
      this.#onIdle.push(resolve)
      this.#retryNow()
    })
  }

  /** The oldest body that is not on its way. */
  oldest(): Waiting | undefined {
    return this.#waiting[0] === this.#inFlight ? this.#waiting[1] : this.#waiting[0]
  }

  /** What no collector has taken so far, the body on its way included. */
  unsettled(): readonly Waiting[] {
    return this.#waiting
  }

  /** Whether a body has been sent and nothing has come back yet. */
  get isUnanswered(): boolean {
    return this.#inFlight !== undefined && !this.#isAway
  }

  /** Whether a body is with a collector that has answered so far: it may well arrive although the process ends. */
  mayArrive(waiting: Waiting): boolean {
    return waiting === this.#inFlight && !this.#isAway
  }

  /** Forgets a body; if it is on its way, the answer does not matter any more. False when it is not here. */
  remove(waiting: Waiting): boolean {
    const at = this.#waiting.indexOf(waiting)
    if (at >= 0) this.#waiting.splice(at, 1)
    return at >= 0
  }

  #retryNow(): void {
    if (this.#retryTimer === undefined) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    this.#pump()
  }

  #pump(): void {
    if (this.#inFlight !== undefined || this.#retryTimer !== undefined) return
    void this.#deliver()
  }

  async #deliver(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      this.#inFlight = next
      next.body.triedMs ??= Date.now()
      const answer = await this.#send(next.body.bytes, this.#limitMs())
      this.#inFlight = undefined
      this.#isAway = answer.outcome === 'unreachable'
      // Handed over meanwhile.
      if (!this.#waiting.includes(next)) continue
      if (answer.outcome === 'later' || answer.outcome === 'unreachable') {
        this.#events.onFailure(next.body, answer)
        this.#retryLater(answer)
        return
      }
      this.#failures = 0
      this.remove(next)
      this.#events.onSettled(next.body, answer)
    }
    this.#settleFlushes()
  }

  #retryLater(answer: Answer): void {
    const named = answer.outcome === 'later' ? answer.afterMs : undefined
    const delayMs = named ?? backoffMs(this.#failures++)
    const isWorthWaiting =
      answer.outcome === 'later' && performance.now() + delayMs < this.#flushUntilMs
    if (!isWorthWaiting) this.#settleFlushes()
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined
      this.#pump()
    }, delayMs).unref()
  }

  /** What is left of a flush under way. */
  #limitMs(): number | undefined {
    const leftMs = this.#flushUntilMs - performance.now()
    return leftMs > 0 ? Math.ceil(leftMs) : undefined
  }

  #settleFlushes(): void {
    const resolvers = this.#onIdle
    this.#onIdle = []
    for (const resolve of resolvers) resolve()
  }
}

const FIRST_RETRY_MS = 500
const RETRY_FACTOR = 1.5
/** A collector that comes back waits no longer than this for what was kept. */
const MAX_RETRY_MS = 5_000
const JITTER = 0.2

function backoffMs(failures: number): number {
  const delayMs = Math.min(FIRST_RETRY_MS * RETRY_FACTOR ** Math.min(failures, 20), MAX_RETRY_MS)
  return delayMs * (1 - JITTER + 2 * JITTER * Math.random())
}

import { isMainThread } from 'node:worker_threads'
import { complain } from '../process/complaint'
import type { Pipeline } from './contract'
import { createSignalWatch, interceptEvents, type SignalWatch } from './events'
import { runOutside } from './outside'

/**
 * Sends what is left when the application ends, within 2 s, and saves what could not be sent. The application ends as
 * it would without us, only later:
 *
 * - Its event loop is empty: its `beforeExit` listeners are called after the sending, once.
 * - SIGTERM or SIGINT nobody listens to: the signal ends the process after the sending; a second one at once. If somebody
 *   listens, ending is theirs, and what ends meanwhile is sent every quarter of a second.
 * - `process.exit`, an uncaught exception, the end of a worker thread by either: there is time to save, not to send.
 * - Other signals, `process.abort`, `worker.terminate`, a worker thread when the main thread exits: nothing is possible; what was
 *   not sent yet is lost.
 */
export function saveAtEnd(pipeline: Pipeline): void {
  const ending = new Ending(pipeline)
  interceptEvents((event, args, pass) => {
    switch (event) {
      case 'beforeExit':
        return ending.holdExit() || pass()
      case 'exit':
        return ending.exit(pass)
      case 'SIGTERM':
      case 'SIGINT':
        return ending.end(event, pass)
      case 'removeListener': {
        const isTaken = pass()
        ending.watchAgain(args[1])
        return isTaken
      }
      default:
        return pass()
    }
  })
  // Signals reach the main thread only.
  if (isMainThread) ending.watch()
}

const SECOND = 1_000

/** What the end of the application waits for at most. */
const FLUSH_DEADLINE_MS = 2 * SECOND
/** After its deadline a pipeline still says what it did not come to, late where the machine is busy. */
const FLUSH_GRACE_MS = 500
/** Not worth waiting for. */
const MIN_FLUSH_MS = 50
/** While an application that handles the signal itself winds down, it may exit at any time. */
const WIND_DOWN_FLUSH_INTERVAL_MS = 250

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
type EndingSignal = (typeof SIGNALS)[number]

class Ending {
  readonly #pipeline: Pipeline
  #signals: SignalWatch | undefined
  #isEnding = false
  #windDown: NodeJS.Timeout | undefined
  #exit: 'idle' | 'held' | 'flushed' = 'idle'
  /** For all flushes of an application whose `beforeExit` listeners give it more to do. */
  #leftMs = FLUSH_DEADLINE_MS

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline
  }

  watch(): void {
    this.#signals = createSignalWatch()
    for (const signal of SIGNALS) this.#signals.start(signal)
  }

  /** Node stops watching a signal with the last listener the application had. */
  watchAgain(event: unknown): void {
    const signal = SIGNALS.find((name) => name === event)
    if (signal === undefined || this.#isEnding || process.listenerCount(signal) > 0) return
    this.#signals?.start(signal)
  }

  /** True when the event loop has something to do again, after which the event comes again. */
  holdExit(): boolean {
    if (this.#exit === 'flushed' || this.#leftMs < MIN_FLUSH_MS) {
      this.#exit = 'idle'
      return false
    }
    if (this.#exit === 'idle') {
      this.#exit = 'held'
      void runOutside(() => this.#flushBeforeExit())
    }
    return true
  }

  /** Saves before the listeners, one of which may call `process.exit`, and what they leave. */
  exit(pass: () => boolean): boolean {
    this.#save()
    try {
      return pass()
    } finally {
      this.#save()
    }
  }

  end(signal: EndingSignal, pass: () => boolean): boolean {
    if (process.listenerCount(signal) > 0) {
      this.#startWindDown()
      return pass()
    }
    if (!this.#isEnding) {
      this.#isEnding = true
      for (const each of SIGNALS) this.#signals?.stop(each)
      void runOutside(() => this.#endBy(signal))
    }
    return true
  }

  async #flushBeforeExit(): Promise<void> {
    const startedMs = performance.now()
    await flushWithin(this.#pipeline, this.#leftMs)
    this.#leftMs -= performance.now() - startedMs
    this.#exit = 'flushed'
    // A loop that stays empty would not emit the event again.
    setImmediate(() => undefined)
  }

  async #endBy(signal: EndingSignal): Promise<void> {
    await flushWithin(this.#pipeline, FLUSH_DEADLINE_MS)
    this.#save()
    process.kill(process.pid, signal)
    // Still here: somebody has begun to listen, or this is process 1, which signals do not end.
    this.#isEnding = false
    this.#startWindDown()
  }

  #startWindDown(): void {
    if (this.#windDown !== undefined) return
    let isFlushing = false
    const flush = async (): Promise<void> => {
      if (isFlushing) return
      isFlushing = true
      await flushOf(this.#pipeline, FLUSH_DEADLINE_MS)
      isFlushing = false
    }
    this.#windDown = runOutside(() =>
      setInterval(() => void flush(), WIND_DOWN_FLUSH_INTERVAL_MS).unref(),
    )
  }

  #save(): void {
    try {
      this.#pipeline.save()
    } catch (error) {
      complain('cannot save what was not sent', error)
    }
  }
}

/** Keeps the process alive until all is sent, or sending failed, or time and grace are up; never rejects. */
async function flushWithin(pipeline: Pipeline, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs + FLUSH_GRACE_MS)
  })
  await Promise.race([flushOf(pipeline, deadlineMs), deadline])
  clearTimeout(timer)
}

async function flushOf(pipeline: Pipeline, deadlineMs: number): Promise<void> {
  try {
    await pipeline.flush(deadlineMs)
  } catch (error) {
    complain('cannot deliver what is left', error)
  }
}

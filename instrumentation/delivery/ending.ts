import { isMainThread } from 'node:worker_threads'
import { complain } from '../process/complaint'
import type { Pipeline } from './contract'

const SECOND = 1000

/** What the end of the application waits for at most. */
const FLUSH_DEADLINE_MS = 2 * SECOND
/** While an application that handles the signal itself winds down, it may exit at any time. */
const WIND_DOWN_FLUSH_INTERVAL_MS = 250

type Flush = Pipeline['flush']

/**
 * Sends what is left when the application ends: its event loop is empty, or SIGTERM or SIGINT arrives. A signal nobody
 * else listens to still ends the process, as it would have without us; if somebody does, ending is theirs. A
 * call of `process.exit` leaves no time to send anything: up to the schedule delay of spans is lost, in a
 * wind-down no more than the last quarter of a second.
 */
export function saveAtEnd({ flush }: Pipeline): void {
  process.once('beforeExit', () => {
    void flushWithin(flush, FLUSH_DEADLINE_MS)
  })
  // Signals reach the main thread only.
  if (!isMainThread) return
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const onSignal = (): void => {
      const isSoleListener = process.listenerCount(signal) === 1
      // A second signal ends the process at once.
      process.removeListener(signal, onSignal)
      if (isSoleListener) {
        void flushWithin(flush, FLUSH_DEADLINE_MS).then(() => process.kill(process.pid, signal))
      } else {
        windDown(flush)
      }
    }
    process.on(signal, onSignal)
  }
}

function windDown(flush: Flush): void {
  let isFlushing = false
  setInterval(() => {
    if (isFlushing) return
    isFlushing = true
    void flushWithin(flush, FLUSH_DEADLINE_MS).then(() => {
      isFlushing = false
    })
  }, WIND_DOWN_FLUSH_INTERVAL_MS).unref()
}

/** Resolves when all is sent, or sending failed, or time is up; never rejects. */
async function flushWithin(flush: Flush, deadlineMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs).unref()
  })
  try {
    await Promise.race([flush(deadlineMs), deadline])
  } catch (error) {
    complain('cannot deliver the last spans', error)
  }
  clearTimeout(timer)
}

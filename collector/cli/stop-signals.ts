import type { EventEmitter } from 'node:events'

/** The signal a group of processes is sent comes again from whoever passes it on: npm does, and so do some shells. */
const ECHO_MS = 500

/** What the process is asked for by SIGTERM and SIGINT. */
export interface StopSignals {
  /** Aborted by the first one, whose name is the reason. */
  readonly stop: AbortSignal
  /** Aborted by another one, unless it is an echo of the first. */
  readonly hurry: AbortSignal
}

/**
 * Listens to the process from now on until it ends: without a listener, be it for a moment, a signal would kill it. The
 * first signal is to stop; one that comes within half a second is the same again, a later one is from somebody impatient.
 */
export function watchStopSignals(
  source: Pick<EventEmitter, 'on'>,
  nowMs: () => number,
): StopSignals {
  const stop = new AbortController()
  const hurry = new AbortController()
  let firstMs = 0
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    source.on(name, () => {
      if (!stop.signal.aborted) {
        firstMs = nowMs()
        stop.abort(name)
      } else if (nowMs() - firstMs >= ECHO_MS) hurry.abort()
    })
  }
  return { stop: stop.signal, hurry: hurry.signal }
}

/** Resolves when the signal is aborted, at once if it is. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

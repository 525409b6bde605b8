const timeouts = new WeakMap<AbortSignal, AbortSignal>()

/**
 * Aborted after so many milliseconds, or with `signal`. What `AbortSignal.any` makes of a timeout does not keep it: in Node.js
 * 20 it is gone with the next garbage, and nothing is ever aborted.
 */
export function timeLimit(ms: number, signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(Math.ceil(ms))
  if (signal === undefined) return timeout
  const either = AbortSignal.any([signal, timeout])
  timeouts.set(either, timeout)
  return either
}

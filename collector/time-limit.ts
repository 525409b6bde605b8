/**
 * Lends `use` a signal that is aborted after so many milliseconds, or with `signal`. `AbortSignal.any` of a timeout would not
 * do: in Node.js 20 it is gone with the next garbage and never aborted, and a signal that lives long keeps something of each.
 */
export async function within<T>(
  ms: number,
  signal: AbortSignal | undefined,
  use: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const abort = () => limit.abort()
  const timer = setTimeout(abort, ms).unref()
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted === true) abort()
  try {
    return await use(limit.signal)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}

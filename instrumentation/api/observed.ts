/** Told once, when a function has returned, thrown, or what it promised has settled. */
export type Settled = (isFailed: boolean, thrown: unknown) => void

/**
 * Runs `fn` and says how it ended. Its result is returned as it is; of a promise one that settles the same way, as `then`
 * makes it. What `settled` throws reaches nobody.
 */
export function observe<T>(fn: () => T, settled: Settled): T {
  let result: T
  try {
    result = fn()
  } catch (error) {
    tell(settled, true, error)
    throw error
  }
  if (isThenable(result)) return follow(result, settled) as T
  tell(settled, false, undefined)
  return result
}

function follow(promise: PromiseLike<unknown>, settled: Settled): unknown {
  // Of a library's promise what its `then` makes has the methods of the library.
  if (isChained(promise)) {
    try {
      return chain(promise, settled)
    } catch (error) {
      tell(settled, true, error)
      return promise
    }
  }
  return chain(
    new Promise((resolve, reject) => {
      promise.then(resolve, reject)
    }),
    settled,
  )
}

function chain(promise: PromiseLike<unknown>, settled: Settled): unknown {
  return promise.then(
    (value) => {
      tell(settled, false, undefined)
      return value
    },
    (error: unknown) => {
      tell(settled, true, error)
      throw error
    },
  )
}

/** Any object can have a `then` that makes nothing, which is all that `await` asks for. */
function isChained(promise: PromiseLike<unknown>): boolean {
  if (promise instanceof Promise) return true
  try {
    return typeof (promise as { catch?: unknown }).catch === 'function'
  } catch {
    return false
  }
}

function tell(settled: Settled, isFailed: boolean, thrown: unknown): void {
  try {
    settled(isFailed, thrown)
  } catch {
    // The application's result is not ours to lose.
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== 'object' || value === null) return false
  try {
    if (value instanceof Promise) return true
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}

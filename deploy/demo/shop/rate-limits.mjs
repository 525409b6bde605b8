import sidelight from './sidelight.cjs'

const { trackRateLimit } = sidelight

const HOUR_MS = 3_600_000
const LIMITS = { api_key: 200_000, org: 1_000 }

/** How much each key and organisation has used of the hour that began with its first request. */
export class RateLimits {
  #windows = new Map()

  /** Takes so many requests off a limit; false when it does not allow them. */
  take(keyType, identifier, amount = 1) {
    const limitMax = LIMITS[keyType]
    const window = this.#windowOf(`${keyType} ${identifier}`)
    const isAllowed = window.requestCount + amount <= limitMax
    if (isAllowed) window.requestCount += amount
    trackRateLimit({ keyType, identifier, limitMax, ...window })
    return isAllowed
  }

  #windowOf(key) {
    const known = this.#windows.get(key)
    if (known !== undefined && known.resetAt > Date.now()) return known
    const opened = { requestCount: 0, resetAt: Date.now() + HOUR_MS }
    this.#windows.set(key, opened)
    return opened
  }
}

import type { Lend } from '../slabs'

/** What a byte of a request costs while it is under way: the body, its rows, and the buffers between. */
const FACTOR = 2

/** The memory all requests under way may hold together. */
export interface Admission {
  /** An empty reservation, to be grown and released. */
  open(): Reservation
  usedBytes(): number
}

export interface Reservation {
  /** Reserves for a body that grew to `bodyBytes`; false when the budget has no room, which leaves the reservation as it was. */
  growTo(bodyBytes: number): boolean
  /** Memory for a body of that many bytes, which are reserved already. */
  readonly lend: Lend
  /** Gives everything back for good: it does not grow again. Harmless twice. */
  release(): void
}

/**
 * Bytes are reserved before they are read, times a factor for what becomes of them. `onChange` is told the bytes in use, `lend`
 * is where they come from.
 */
export function createAdmission(
  budgetBytes: number,
  onChange: (usedBytes: number) => void = () => undefined,
  lend: Lend = Buffer.allocUnsafeSlow,
): Admission {
  let used = 0
  const use = (bytes: number) => {
    used += bytes
    onChange(used)
  }
  return {
    usedBytes: () => used,
    open() {
      let reserved = 0
      let isReleased = false
      return {
        lend,
        growTo(bodyBytes) {
          if (isReleased) return false
          const missing = bodyBytes * FACTOR - reserved
          if (missing <= 0) return true
          if (used + missing > budgetBytes) return false
          reserved += missing
          use(missing)
          return true
        },
        release() {
          use(-reserved)
          reserved = 0
          isReleased = true
        },
      }
    },
  }
}

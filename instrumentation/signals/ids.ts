import type { IdGenerator } from '@opentelemetry/sdk-trace'

/**
 * Random ids. Written digit by digit into a string at once, which takes a third of the time that the SDK's way by a buffer does.
 */
export const ids: IdGenerator = {
  generateTraceId: () => digits() + digits(),
  generateSpanId: digits,
}

const RANGE = 2 ** 32
const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))

/** 16 hex digits, not all of them 0. */
function digits(): string {
  const high = (Math.random() * RANGE) | 0
  const low = (Math.random() * RANGE) | 0 || 1
  return String.fromCharCode(
    DIGITS[high >>> 28]!,
    DIGITS[(high >>> 24) & 15]!,
    DIGITS[(high >>> 20) & 15]!,
    DIGITS[(high >>> 16) & 15]!,
    DIGITS[(high >>> 12) & 15]!,
    DIGITS[(high >>> 8) & 15]!,
    DIGITS[(high >>> 4) & 15]!,
    DIGITS[high & 15]!,
    DIGITS[low >>> 28]!,
    DIGITS[(low >>> 24) & 15]!,
    DIGITS[(low >>> 20) & 15]!,
    DIGITS[(low >>> 16) & 15]!,
    DIGITS[(low >>> 12) & 15]!,
    DIGITS[(low >>> 8) & 15]!,
    DIGITS[(low >>> 4) & 15]!,
    DIGITS[low & 15]!,
  )
}

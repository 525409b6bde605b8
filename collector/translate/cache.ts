/** What a cached value is found by: bytes of the wire, and three integers that say in which context. */
export interface CacheKey {
  first: number
  second: number
  third: number
  bytes: Uint8Array
  start: number
  end: number
}

interface Entry<T> {
  readonly first: number
  readonly second: number
  readonly third: number
  readonly bytes: Uint8Array
  readonly value: T
  readonly weightBytes: number
  /** The young generation it is in, or was in last. */
  generation: number
  /** What was found after it the last time. */
  next: Entry<T> | undefined
}

/** A cache may hold this many bytes of keys an entry on average, and one key this many times as much. */
const AVERAGE_KEY_BYTES = 1_024
const LARGEST_KEY_BYTES = 16 * AVERAGE_KEY_BYTES
/** From here on the call of native code is faster than a loop. */
const LONG_KEY_BYTES = 32
const { compare } = Buffer.prototype

/**
 * Remembers values by bytes of the wire, so that what repeats is neither decoded nor hashed again. Two generations stand in for
 * a least-recently-used list: a full young one becomes the old one, and what is found in the old one moves to the young.
 * Keys whose 32-bit hashes collide displace each other. Senders repeat themselves in order, so what followed the last time is
 * looked at first: if it is what is sought, nothing is hashed.
 */
export class ByteCache<T> {
  readonly #size: number
  readonly #capacityBytes: number
  #young = new Map<number, Entry<T>>()
  #old = new Map<number, Entry<T>>()
  #youngBytes = 0
  #generation = 0
  #last: Entry<T> | undefined

  /** It holds up to `size` entries, and of so many bytes, in two halves. */
  constructor(size: number, capacityBytes = size * AVERAGE_KEY_BYTES) {
    this.#size = Math.max(1, size >> 1)
    this.#capacityBytes = capacityBytes / 2
  }

  find(key: CacheKey): T | undefined {
    const expected = this.#last?.next
    if (expected?.generation === this.#generation && matches(expected, key)) {
      this.#last = expected
      return expected.value
    }
    const entry = this.#lookUp(key)
    if (this.#last !== undefined) this.#last.next = entry
    this.#last = entry
    return entry?.value
  }

  /** Remembers a value under a copy of the key, unless that is very long. What the value takes counts where it is told. */
  add(key: CacheKey, value: T, valueBytes = 0): void {
    const { first, second, third, start, end } = key
    if (end - start > LARGEST_KEY_BYTES) return
    const bytes = Uint8Array.prototype.slice.call(key.bytes, start, end)
    const weightBytes = bytes.length + valueBytes
    const generation = this.#generation
    const next = undefined
    this.#keep(hashOf(key), { first, second, third, bytes, value, weightBytes, generation, next })
  }

  #lookUp(key: CacheKey): Entry<T> | undefined {
    const hash = hashOf(key)
    const entry = this.#young.get(hash)
    if (entry !== undefined) return matches(entry, key) ? entry : undefined
    const older = this.#old.get(hash)
    if (older === undefined || !matches(older, key)) return undefined
    this.#keep(hash, older)
    return older
  }

  #keep(hash: number, entry: Entry<T>): void {
    if (this.#young.size >= this.#size || this.#youngBytes > this.#capacityBytes) this.#age()
    entry.generation = this.#generation
    this.#young.set(hash, entry)
    this.#youngBytes += entry.weightBytes
  }

  #age(): void {
    // Linked to each other, those that are forgotten would stay as long as one of them is linked to.
    for (const entry of this.#old.values()) entry.next = undefined
    this.#old = this.#young
    this.#young = new Map()
    this.#youngBytes = 0
    this.#generation++
  }
}

function matches(entry: Entry<unknown>, key: CacheKey): boolean {
  const known = entry.bytes
  const { bytes, start } = key
  if (known.length !== key.end - start || entry.first !== key.first) return false
  if (entry.second !== key.second || entry.third !== key.third) return false
  if (known.length >= LONG_KEY_BYTES) {
    return compare.call(bytes, known, 0, known.length, start, key.end) === 0
  }
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== bytes[start + index]) return false
  }
  return true
}

/** MurmurHash3 of the three integers and the bytes, four at a time. */
function hashOf({ first, second, third, bytes, start, end }: CacheKey): number {
  let hash = mix(mix(mix(0, first), second), third)
  let at = start
  for (; at + 4 <= end; at += 4) {
    hash = mix(
      hash,
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24),
    )
  }
  let rest = end - start
  for (; at < end; at++) rest = (rest << 8) | bytes[at]!
  return finish(mix(hash, rest))
}

function mix(hash: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e_2d51)
  const mixed = hash ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b87_3593)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe654_6b64) | 0
}

function finish(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2_ae35)
  return twice ^ (twice >>> 16)
}

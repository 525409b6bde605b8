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
  /** Of the key, little endian; the last one is filled up with zeros. */
  readonly words: Int32Array
  readonly length: number
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
  /** Of the bytes that keys lie in: of a body, those of all its keys. */
  #bytes: Uint8Array = new Uint8Array()
  #view = viewOf(this.#bytes)

  /** It holds up to `size` entries, and of so many bytes, in two halves. */
  constructor(size: number, capacityBytes = size * AVERAGE_KEY_BYTES) {
    this.#size = Math.max(1, size >> 1)
    this.#capacityBytes = capacityBytes / 2
  }

  find(key: CacheKey): T | undefined {
    if (key.bytes !== this.#bytes) {
      this.#bytes = key.bytes
      this.#view = viewOf(key.bytes)
    }
    const expected = this.#last?.next
    if (expected?.generation === this.#generation && matches(expected, key, this.#view)) {
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
    const length = end - start
    if (length > LARGEST_KEY_BYTES) return
    const words = wordsOf(key)
    const weightBytes = length + valueBytes
    const generation = this.#generation
    const next = undefined
    const entry = { first, second, third, words, length, value, weightBytes, generation, next }
    this.#keep(hashOf(key), entry)
  }

  #lookUp(key: CacheKey): Entry<T> | undefined {
    const hash = hashOf(key)
    const entry = this.#young.get(hash)
    if (entry !== undefined) return matches(entry, key, this.#view) ? entry : undefined
    const older = this.#old.get(hash)
    if (older === undefined || !matches(older, key, this.#view)) return undefined
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

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** `view` is of the bytes that the key lies in. */
function matches(entry: Entry<unknown>, key: CacheKey, view: DataView): boolean {
  const { words, length } = entry
  const { bytes, start, end } = key
  if (length !== end - start || entry.first !== key.first) return false
  if (entry.second !== key.second || entry.third !== key.third) return false
  const whole = length >> 2
  let at = start
  for (let index = 0; index < whole; index++, at += 4) {
    if (words[index] !== view.getInt32(at, true)) return false
  }
  return whole === words.length || words[whole] === lastWord(bytes, at, end)
}

function wordsOf({ bytes, start, end }: CacheKey): Int32Array {
  const words = new Int32Array((end - start + 3) >> 2)
  const view = viewOf(bytes)
  let index = 0
  let at = start
  for (; at + 4 <= end; at += 4) words[index++] = view.getInt32(at, true)
  if (at < end) words[index] = lastWord(bytes, at, end)
  return words
}

/** The fewer than four bytes before the end. */
function lastWord(bytes: Uint8Array, at: number, end: number): number {
  let word = bytes[at]!
  if (at + 1 < end) word |= bytes[at + 1]! << 8
  if (at + 2 < end) word |= bytes[at + 2]! << 16
  return word
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

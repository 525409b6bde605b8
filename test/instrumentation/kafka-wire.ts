/** Reads what a request of Kafka's protocol is made of, one value after the other. */
export class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#move(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#move(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#move(4))
  }

  int64(): number {
    return Number(this.#bytes.readBigInt64BE(this.#move(8)))
  }

  /** Null is read as the empty one. */
  string(): string {
    return this.#take(this.int16()).toString()
  }

  bytes(): Buffer {
    return this.#take(this.int32())
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read)
  }

  #take(size: number): Buffer {
    if (size < 0) return Buffer.alloc(0)
    const start = this.#move(size)
    return this.#bytes.subarray(start, start + size)
  }

  #move(size: number): number {
    const at = this.#at
    this.#at += size
    return at
  }
}

export function int8(value: number): Buffer {
  return Buffer.of(value & 0xff)
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

export function string(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([int16(bytes.length), bytes])
}

/** A string that is null. */
export const NONE = int16(-1)

export function bytes(value: Buffer): Buffer {
  return Buffer.concat([int32(value.length), value])
}

export function array<T>(values: readonly T[], write: (value: T) => Buffer[]): Buffer {
  return Buffer.concat([int32(values.length), ...values.flatMap(write)])
}

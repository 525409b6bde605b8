/** How many partitions the topics have. To `sealed` nobody may write; the first write to `moved` finds no leader. */
export const TOPICS: Readonly<Record<string, number>> = {
  orders: 1,
  parcels: 2,
  sealed: 1,
  moved: 1,
}

const NOT_LEADER = 6
const TOPIC_AUTHORIZATION_FAILED = 29

/** What the one broker knows. */
export class Broker {
  port = 0
  readonly #logs = new Map<string, Log>()
  /** By group, topic and partition. */
  readonly offsets = new Map<string, number>()
  readonly #waiting = new Set<() => void>()
  #hasMoved = false
  members = 0

  log(topic: string, partition: number): Log {
    const key = `${topic} ${partition}`
    const log = this.#logs.get(key) ?? new Log()
    this.#logs.set(key, log)
    return log
  }

  produce(topic: string, partition: number, records: Buffer, transaction: string) {
    if (topic === 'sealed') return { error: TOPIC_AUTHORIZATION_FAILED, base: -1 }
    if (topic === 'moved' && !this.#hasMoved) {
      this.#hasMoved = true
      return { error: NOT_LEADER, base: -1 }
    }
    const base = this.log(topic, partition).append(records, transaction)
    this.#wake()
    return { error: 0, base }
  }

  settle(transaction: string, isCommitted: boolean): void {
    for (const log of this.#logs.values()) log.settle(transaction, isCommitted)
    this.#wake()
  }

  /** Until something is new, but not for long. */
  news(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#waiting.add(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

interface Batch {
  readonly base: number
  readonly count: number
  readonly bytes: Buffer
  /** The transaction it is part of, while that is open. */
  transaction: string
}

/** The messages of a partition, as the batches they came in. */
class Log {
  readonly batches = new Set<Batch>()
  /** The offset of the next message. */
  end = 0

  append(records: Buffer, transaction: string): number {
    const base = this.end
    const kept = Buffer.from(records)
    kept.writeBigInt64BE(BigInt(base), 0)
    const count = kept.readInt32BE(RECORD_COUNT_AT)
    this.batches.add({ base, count, bytes: kept, transaction })
    this.end += count
    return base
  }

  /** Up to the first open transaction. */
  from(offset: number): Buffer {
    const found: Buffer[] = []
    for (const { base, count, bytes, transaction } of this.batches) {
      if (transaction !== '') break
      if (base + count > offset) found.push(bytes)
    }
    return Buffer.concat(found)
  }

  settle(transaction: string, isCommitted: boolean): void {
    for (const batch of this.batches) {
      if (batch.transaction !== transaction) continue
      if (isCommitted) batch.transaction = ''
      else this.batches.delete(batch)
    }
  }
}

/** In a batch of the format 2: after its base offset, length, epoch, kind, checksum, attributes, times and producer. */
const RECORD_COUNT_AT = 57

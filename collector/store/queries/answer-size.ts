import type { Socket } from 'node:net'
import type { PoolClient } from 'pg'
import { BadData } from '../../errors'
import { Turns } from '../turns'

const MIB = 1024 * 1024
/** Of what Postgres sends for one question; as objects it takes five times as much. */
export const MAX_ANSWER_BYTES = 32 * MIB
/** From here on an answer waits for its turn. */
const LARGE_BYTES = 4 * MIB
/** What is asked for less, is asked for so much less. */
const FEWER = 8

/** More than is held in memory at once: the caller's fault, who may ask for less. */
export class TooLarge extends BadData {
  constructor(what: string) {
    const limit = `${MAX_ANSWER_BYTES / MIB} MiB`
    super(`cannot read ${what}: it is larger than ${limit}; ask for less, or for a shorter window`)
  }
}

/** Of all questions of the process, so that their memory does not add up. */
export const largeAnswers = new Turns(1)

/**
 * Weighs what Postgres sends over the connection: behind `LARGE_BYTES` it is taken only when no other large answer is, and
 * behind `MAX_ANSWER_BYTES` `onTooLarge` is called, once.
 */
export class AnswerSize {
  readonly #stream: Socket
  readonly #onTooLarge: () => void
  #bytes = 0
  #turn: Promise<() => void> | null = null
  readonly #givenUp = new AbortController()

  constructor(client: PoolClient, onTooLarge: () => void) {
    this.#stream = (client as unknown as { connection: { stream: Socket } }).connection.stream
    this.#onTooLarge = onTooLarge
  }

  /** Weighs what comes until `ask` is settled. */
  async during<T>(ask: () => Promise<T>): Promise<T> {
    this.#stream.on('data', this.#count)
    try {
      return await ask()
    } finally {
      this.#stream.off('data', this.#count)
    }
  }

  /** The next large answer may come: when what was asked for is answered, which happens at once. */
  end(): void {
    // Who waits still has been given up and never gets a turn.
    this.#givenUp.abort()
    const neverBegun = () => undefined
    void this.#turn?.then((endTurn) => setImmediate(endTurn), neverBegun)
    this.#turn = null
  }

  readonly #count = (chunk: Buffer): void => {
    this.#bytes += chunk.length
    if (this.#bytes > MAX_ANSWER_BYTES) {
      this.#stream.off('data', this.#count)
      this.#onTooLarge()
    } else if (this.#bytes > LARGE_BYTES && this.#turn === null) {
      this.#stream.pause()
      this.#turn = this.#begin()
    }
  }

  async #begin(): Promise<() => void> {
    const endTurn = await largeAnswers.take(this.#givenUp.signal)
    this.#stream.resume()
    return endTurn
  }
}

/** Reads as much as `limit` says, or less of what is too large: `read` is given how much. */
export async function readFewer<T>(limit: number, read: (limit: number) => Promise<T>): Promise<T> {
  let fewer = limit
  for (;;) {
    try {
      return await read(fewer)
    } catch (error) {
      if (!(error instanceof TooLarge) || fewer <= 1) throw error
      fewer = Math.max(1, Math.floor(fewer / FEWER))
    }
  }
}

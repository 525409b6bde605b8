import type { Connection, PoolClient, Submittable } from 'pg'
import type { Table } from '../translate/rows'

/** Encoded rows of a table. */
export interface TableRows {
  readonly table: Table
  readonly rows: readonly Uint8Array[]
}

export interface CopyOptions {
  /** Statements of the same round trip before the first COPY, each ended by a semicolon. */
  readonly before?: string
  /** Statements of the same round trip after the last one. */
  readonly after?: string
}

/**
 * Copies rows into tables, one after the other, in one round trip: statements and rows are sent without waiting for Postgres
 * to ask for the rows. It does nothing of the string after a statement that fails, and ignores rows it did not ask for.
 * `done` rejects with what Postgres or the connection answers.
 */
export class CopyIn implements Submittable {
  /** Settles when Postgres is done with all of it, or with the failure. */
  readonly done: Promise<void>
  /** Of the statements that were done, as in `INSERT 0 1`. */
  readonly tags: string[] = []
  /** `pg` puts the end of its time-out here. */
  callback: () => void = () => undefined
  readonly #text: string
  readonly #messages: Iterator<readonly Uint8Array[]>
  #resolve: () => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #hasFailed = false

  constructor(copies: readonly TableRows[], { before = '', after = '' }: CopyOptions = {}) {
    this.#text = `${before}${copies.map(copyStatement).join('; ')}${after && `; ${after}`}`
    this.#messages = messagesOf(copies)
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: Connection): void {
    const { stream } = connection
    stream.cork()
    connection.query(this.#text)
    this.#send(stream)
    stream.uncork()
  }

  handleCopyInResponse(): void {
    // What it asks for is on its way.
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.tags.push(text)
  }

  handleError(error: Error): void {
    this.#hasFailed = true
    this.callback()
    this.#reject(error)
  }

  handleReadyForQuery(): void {
    this.callback()
    this.#resolve()
  }

  /** Whole messages only: after a failure other queries follow the last one. */
  #send(stream: Connection['stream']): void {
    stream.cork()
    while (!this.#hasFailed && stream.writableLength < AHEAD_BYTES) {
      const message = this.#messages.next()
      if (message.done === true) break
      for (const part of message.value) stream.write(part)
    }
    if (stream.writableLength >= AHEAD_BYTES) stream.once('drain', () => this.#send(stream))
    stream.uncork()
  }
}

/** Copies rows into a table, in order. Throws what Postgres or the connection answers. */
export async function copyRows(
  client: PoolClient,
  copies: readonly TableRows[],
  options?: CopyOptions,
): Promise<void> {
  await client.query(new CopyIn(copies, options)).done
}

/** So much is handed to the socket before it has passed it on: more would be encrypted, or sent in vain after a failure. */
const AHEAD_BYTES = 512 * 1_024
/** Signature, flags and length of the header extension. */
const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const TRAILER = Buffer.from([0xff, 0xff])
/** Rows of many small requests are joined up to this size; a larger run of rows is sent in parts, as it lies in memory. */
const CHUNK_BYTES = 64 * 1_024
const COPY_DATA = 0x64
const COPY_DONE = [Buffer.from([0x63, 0, 0, 0, 4])]
const LENGTH_BYTES = 4

const statements = new Map<string, string>()

function copyStatement({ table }: TableRows): string {
  const known = statements.get(table.name)
  if (known !== undefined) return known
  const made = `copy sidelight.${table.name} (${table.columns.join(', ')}) from stdin (format binary)`
  statements.set(table.name, made)
  return made
}

/** The messages of the protocol, each in parts. */
function* messagesOf(copies: readonly TableRows[]): Generator<readonly Uint8Array[]> {
  for (const { rows } of copies) {
    for (const chunk of chunksOf([HEADER, ...rows, TRAILER])) {
      const start = Buffer.allocUnsafe(1 + LENGTH_BYTES)
      start[0] = COPY_DATA
      start.writeUInt32BE(LENGTH_BYTES + chunk.length, 1)
      yield [start, chunk]
    }
    yield COPY_DONE
  }
}

function* chunksOf(runs: readonly Uint8Array[]): Generator<Uint8Array> {
  let joined: Uint8Array[] = []
  let bytes = 0
  for (const run of runs) {
    if (bytes > 0 && bytes + run.length > CHUNK_BYTES) {
      yield Buffer.concat(joined)
      joined = []
      bytes = 0
    }
    if (run.length > CHUNK_BYTES) yield* partsOf(run)
    else {
      joined.push(run)
      bytes += run.length
    }
  }
  if (bytes > 0) yield Buffer.concat(joined)
}

function* partsOf(run: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < run.length; at += CHUNK_BYTES) yield run.subarray(at, at + CHUNK_BYTES)
}

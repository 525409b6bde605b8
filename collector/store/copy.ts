import type { PoolClient } from 'pg'
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams'
import type { Table } from '../translate/rows'

/** Signature, flags and length of the header extension. */
const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
const TRAILER = Buffer.from([0xff, 0xff])

/** Rows of many small requests are joined up to this size; a larger run of rows is sent as it lies in memory. */
const JOINED_BYTES = 64 * 1_024

export interface CopyOptions {
  /** Statements of the same round trip before the COPY, each ended by a semicolon. */
  readonly before?: string
  /** Statements of the same round trip after it. */
  readonly after?: string
}

/** Copies encoded rows into a table, in order. Throws what Postgres or the connection answers. */
export async function copyRows(
  client: PoolClient,
  table: Table,
  rows: readonly Uint8Array[],
  { before = '', after = '' }: CopyOptions = {},
): Promise<void> {
  const stream = client.query(copyFrom(`${before}${copyStatement(table)}${after && `; ${after}`}`))
  const outcome = settled(stream)
  // One chunk at a time: chunks that wait inside the stream when Postgres refuses an earlier one make it throw out of a
  // socket event, where nobody can catch it.
  for (const chunk of chunksOf(rows)) {
    if (!(await outcome.accepts(chunk))) break
  }
  await outcome.end()
}

const statements = new Map<string, string>()

function copyStatement(table: Table): string {
  const known = statements.get(table.name)
  if (known !== undefined) return known
  const made = `copy sidelight.${table.name} (${table.columns.join(', ')}) from stdin (format binary)`
  statements.set(table.name, made)
  return made
}

/** The stream's end as promises: `accepts` is false, and `end` throws, once Postgres or the connection has failed. */
function settled(stream: CopyStreamQuery) {
  let failure: Error | undefined
  let wake: () => void = () => undefined
  stream.on('error', (error) => {
    failure ??= error
    wake()
  })
  return {
    async accepts(chunk: Uint8Array): Promise<boolean> {
      if (failure !== undefined) return false
      await new Promise<void>((resolve) => {
        wake = resolve
        stream.write(chunk, () => resolve())
      })
      return failure === undefined
    },
    async end(): Promise<void> {
      if (failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
          stream.end(() => resolve())
        })
      }
      if (failure !== undefined) throw failure
    },
  }
}

function* chunksOf(rows: readonly Uint8Array[]): Generator<Uint8Array> {
  let joined: Uint8Array[] = [HEADER]
  let bytes = HEADER.length
  for (const run of [...rows, TRAILER]) {
    if (bytes + run.length > JOINED_BYTES) {
      if (bytes > 0) yield joined.length === 1 ? (joined[0] as Uint8Array) : Buffer.concat(joined)
      joined = []
      bytes = 0
    }
    joined.push(run)
    bytes += run.length
  }
  yield joined.length === 1 ? (joined[0] as Uint8Array) : Buffer.concat(joined)
}

import type { Pool, PoolClient, QueryResultRow } from 'pg'
import { BadData, Unavailable } from '../../errors'
import { questionLimit, withClient } from '../session'
import { hasCode, isServerError } from '../sqlstate'
import { Busy } from '../turns'
import { AnswerSize, TooLarge } from './answer-size'

const SECOND_MS = 1000
/** Longest a question may keep Postgres busy. */
export const STATEMENT_TIMEOUT_MS = 10 * SECOND_MS
/** By how much statements together may take longer, for telling Postgres what is left takes a round trip. */
const SLACK_MS = 250
const QUERY_CANCELED = '57014'
/** SQLSTATE classes of a Postgres that is away, full, stopping, or (40) asks for the transaction again. */
const PASSING_CLASSES = new Set(['08', '40', '53', '55', '57', '58'])

export type Value = string | number | null | readonly string[]

/** A statement and its values. */
export interface Statement {
  readonly text: string
  readonly values: readonly Value[]
}

/** A statement and its values, `what` for people: "the trace". */
export interface Question extends Statement {
  readonly what: string
}

/**
 * Asks one statement in a transaction of its own. Throws Unavailable when Postgres is away or the time limit is reached, and
 * TooLarge.
 */
export async function read<R extends QueryResultRow>(
  pool: Pool,
  { what, text, values }: Question,
  statementTimeoutMs = STATEMENT_TIMEOUT_MS,
): Promise<R[]> {
  return readTogether(pool, what, ({ ask }) => ask<R>({ text, values }), statementTimeoutMs)
}

/** A read-only transaction. */
export interface Reading {
  /** Asks within the time that is left for all statements together. */
  ask<R extends QueryResultRow>(statement: Statement): Promise<R[]>
  /** For what is no statement of rows, a COPY; the time limit holds for each. */
  readonly client: PoolClient
}

/**
 * Asks several statements, one after the other, in a read-only transaction with a time limit for all of them, set locally
 * because a pooler may hand the session to others. Throws Unavailable when Postgres is away or the limit is reached, unless
 * `use` handles the latter (`isOutOfTime`) and asks no more,
 * what it says of the question as BadData, and TooLarge when all that is asked for would take too much memory.
 */
export async function readTogether<T>(
  pool: Pool,
  what: string,
  use: (reading: Reading) => Promise<T>,
  timeoutMs = STATEMENT_TIMEOUT_MS,
): Promise<T> {
  const tooLarge = new AbortController()
  const limit = { ...questionLimit(timeoutMs), signal: tooLarge.signal }
  let over: AbortSignal | undefined
  try {
    return await withClient(pool, limit, async (client, signal) => {
      over = signal
      await client.query(
        `begin read only; set local statement_timeout = ${timeoutMs}; set local jit = off`,
      )
      const size = new AnswerSize(client, () => tooLarge.abort())
      const startedAt = performance.now()
      let limitMs = timeoutMs
      const ask = async <R extends QueryResultRow>({ text, values }: Statement) => {
        const leftMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - startedAt)))
        if (limitMs - leftMs > SLACK_MS) {
          await client.query(`set local statement_timeout = ${leftMs}`)
          limitMs = leftMs
        }
        return (await size.during(() => client.query<R>(text, [...values]))).rows
      }
      try {
        const answer = await use({ ask, client })
        await client.query('commit')
        return answer
      } finally {
        size.end()
      }
    })
  } catch (error) {
    if (tooLarge.signal.aborted) throw new TooLarge(what)
    const isOver = over?.aborted === true || isOutOfTime(error)
    throw explain(error, what, isOver ? timeoutMs : null)
  }
}

/** The text of the one row, column `json`, of a statement: what is only handed on is not parsed. */
export async function readJson({ ask }: Pick<Reading, 'ask'>, statement: Statement) {
  const [row] = await ask<{ readonly json: string }>(statement)
  if (row === undefined) throw new Error('an aggregate has no row')
  return row.json
}

/** Whether Postgres gave a statement up because its time was over; its transaction can be asked nothing more. */
export function isOutOfTime(error: unknown): boolean {
  return hasCode(error, QUERY_CANCELED)
}

/** The caller reads the message: it names no host and no statement, those are in the cause. */
function explain(error: unknown, what: string, exceededMs: number | null): unknown {
  if (error instanceof BadData) return error
  if (error instanceof Busy) {
    const why = 'other questions keep all connections busy; ask again later'
    return new Unavailable(`cannot read ${what}: ${why}`, { cause: error })
  }
  if (exceededMs !== null) {
    const why = `it took longer than ${exceededMs / SECOND_MS} s; ask for a shorter window or one service`
    return new Unavailable(`cannot read ${what}: ${why}`, { cause: error })
  }
  const isBug = isServerError(error)
    ? !PASSING_CLASSES.has(error.code.slice(0, 2))
    : error instanceof TypeError || error instanceof RangeError
  if (isBug) return error
  return new Unavailable(`cannot read ${what}: the database cannot be used now`, { cause: error })
}

import type { Pool, PoolClient, QueryResultRow } from 'pg'
import { BadData, Unavailable } from '../../errors'
import { questionLimit, withClient } from '../session'
import { hasCode, isServerError } from '../sqlstate'
import { Busy } from '../turns'

const SECOND_MS = 1000
/** Longest a question may keep Postgres busy. */
export const STATEMENT_TIMEOUT_MS = 10 * SECOND_MS
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

/** Asks one statement in a transaction of its own. Throws Unavailable when Postgres is away or the time limit is reached. */
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
 * `use` handles the latter (`isOutOfTime`) and asks no more, and
 * what it says of the question as BadData.
 */
export async function readTogether<T>(
  pool: Pool,
  what: string,
  use: (reading: Reading) => Promise<T>,
  timeoutMs = STATEMENT_TIMEOUT_MS,
): Promise<T> {
  let limit: AbortSignal | undefined
  try {
    return await withClient(pool, questionLimit(timeoutMs), async (client, signal) => {
      limit = signal
      await client.query(
        `begin read only; set local statement_timeout = ${timeoutMs}; set local jit = off`,
      )
      const startedAt = performance.now()
      let isFirst = true
      const ask = async <R extends QueryResultRow>({ text, values }: Statement) => {
        const leftMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - startedAt)))
        if (!isFirst) await client.query(`set local statement_timeout = ${leftMs}`)
        isFirst = false
        return (await client.query<R>(text, [...values])).rows
      }
      const answer = await use({ ask, client })
      await client.query('commit')
      return answer
    })
  } catch (error) {
    const isOver = limit?.aborted === true || isOutOfTime(error)
    throw explain(error, what, isOver ? timeoutMs : null)
  }
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

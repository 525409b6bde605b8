import type { Pool, QueryResultRow } from 'pg'
import { Unavailable } from '../../errors'
import { withClient } from '../session'
import { hasCode, isServerError } from '../sqlstate'

const SECOND_MS = 1000
/** Longest a question may keep Postgres busy. */
export const STATEMENT_TIMEOUT_MS = 10 * SECOND_MS
/** How much longer the whole question, connecting included, may take before its connection is given up. */
const GRACE_MS = 2 * SECOND_MS
const QUERY_CANCELED = '57014'
/** SQLSTATE classes of a Postgres that is away, full, stopping, or (40) asks for the transaction again. */
const PASSING_CLASSES = new Set(['08', '40', '53', '55', '57', '58'])

/** A statement and its values, `what` for people: "the trace". */
export interface Question {
  readonly what: string
  readonly text: string
  readonly values: readonly (string | number | null)[]
}

/**
 * Asks one statement in a read-only transaction with a time limit of its own, set locally because a pooler may hand the
 * session to others. Throws Unavailable when Postgres is away or the limit is reached.
 */
export async function read<R extends QueryResultRow>(
  pool: Pool,
  { what, text, values }: Question,
  statementTimeoutMs = STATEMENT_TIMEOUT_MS,
): Promise<R[]> {
  const signal = AbortSignal.timeout(statementTimeoutMs + GRACE_MS)
  try {
    return await withClient(pool, signal, async (client) => {
      await client.query(
        `begin read only; set local statement_timeout = ${statementTimeoutMs}; set local jit = off`,
      )
      const { rows } = await client.query<R>(text, [...values])
      await client.query('commit')
      return rows
    })
  } catch (error) {
    const isLate = signal.aborted || hasCode(error, QUERY_CANCELED)
    throw explain(error, what, isLate ? statementTimeoutMs : null)
  }
}

/** The caller reads the message: it names no host and no statement, those are in the cause. */
function explain(error: unknown, what: string, exceededMs: number | null): unknown {
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

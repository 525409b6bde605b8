import { Unavailable } from '../errors'

/** An error Postgres answered with, as `pg` throws it. */
export interface ServerError extends Error {
  /** SQLSTATE, five characters. */
  readonly code: string
  readonly schema?: string
  readonly table?: string
  readonly constraint?: string
}

export const LOCK_NOT_AVAILABLE = '55P03'
export const UNIQUE_VIOLATION = '23505'

/** Schema, table, type, and the unique indexes of the catalogue. */
const DUPLICATES = new Set(['42P06', '42P07', '42710', UNIQUE_VIOLATION])
const CHECK_VIOLATION = '23514'
const RETRIED = new Set(['40P01', '40001'])
const POISON_CLASSES = new Set(['22', '23', '54'])

/** Whether Postgres itself refused, as opposed to a connection that failed or a bug of ours. */
export function isServerError(error: unknown): error is ServerError {
  if (!(error instanceof Error)) return false
  const { code, severity } = error as Partial<ServerError> & { severity?: unknown }
  return typeof code === 'string' && code.length === 5 && typeof severity === 'string'
}

export function hasCode(error: unknown, ...codes: readonly string[]): error is ServerError {
  return isServerError(error) && codes.includes(error.code)
}

/** Somebody else created the same at the same time; `if not exists` does not keep two from colliding. */
export function isDuplicate(error: unknown): boolean {
  return isServerError(error) && DUPLICATES.has(error.code)
}

/** A deadlock or a serialization failure: the same transaction may well succeed when tried again. */
export function isRetried(error: unknown): error is ServerError {
  return isServerError(error) && RETRIED.has(error.code)
}

/** The data is at fault, whoever sends it and however often: SQLSTATE classes 22, 23 and 54. */
export function isPoison(error: unknown): error is ServerError {
  return isServerError(error) && POISON_CLASSES.has(error.code.slice(0, 2))
}

/** "No partition of relation found for row" has the code of a check constraint, without the constraint. */
export function isMissingPartition(error: unknown): error is ServerError {
  return hasCode(error, CHECK_VIOLATION) && error.constraint === undefined
}

/**
 * What a failed use of Postgres is to a caller who can only try again later. Errors that `pg` did not cause (a bug) are
 * returned as they are.
 */
export function asUnavailable(error: unknown, doing: string): unknown {
  if (error instanceof Unavailable || !(error instanceof Error)) return error
  if (error instanceof TypeError || error instanceof RangeError) return error
  return new Unavailable(`cannot ${doing}: ${describe(error)}`, { cause: error })
}

/** An AggregateError (all addresses of a host refused) has no message of its own. */
function describe(error: Error): string {
  if (error.message !== '') return error.message
  if (error instanceof AggregateError) {
    const [first] = error.errors
    if (first instanceof Error) return first.message
  }
  return error.name
}

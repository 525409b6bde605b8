import type { PoolClient, QueryResult } from 'pg'
import type { CountedThrow } from '../translate/error-rows'
import { type ErrorThrow, SEVERITY } from '../translate/error-throw'
import { dictionaryKey, type RefusedKeys } from './dictionary'
import { failureOf } from './receipts'
import { isPoison } from './sqlstate'

/** A row of the claim: of a throw that was not known, or that was not known to be an error. */
export interface Claim {
  readonly scope: string
  readonly innermost: string
  readonly error_hash: string
  readonly is_new: boolean
}

/**
 * The throws of several requests, each once: the first request that tells of it says by which hash it counts and how it
 * looked, the worst severity is taken, and the earliest time.
 */
export function mergeThrows(all: Iterable<readonly ErrorThrow[]>): ErrorThrow[] {
  const byKey = new Map<string, ErrorThrow>()
  for (const throws of all) {
    for (const thrown of throws) {
      const key = throwKey(thrown)
      const first = byKey.get(key)
      byKey.set(key, first === undefined ? thrown : mergeTwo(first, thrown))
    }
  }
  return [...byKey.values()]
}

/** Those whose hash Postgres took into the dictionary. */
export function storableThrows(
  throws: readonly ErrorThrow[],
  refused: RefusedKeys,
): readonly ErrorThrow[] {
  if (refused.size === 0) return throws
  return throws.filter(({ hash }) => !refused.has(dictionaryKey('error_group_hash', hash)))
}

/**
 * Says of the throws which are not counted yet, and from now on are; it takes them in an order that is the same for all, so
 * that two with throws in common wait for each other instead of deadlocking. The statement returns Claims and has no
 * parameters, to be one of several in a string.
 */
export function claimStatement(throws: readonly ErrorThrow[]): string {
  const columns = [
    throws.map(({ scope }) => uuid(scope)),
    throws.map(({ innermost }) => uuid(innermost)),
    throws.map(({ hash }) => uuid(hash)),
  ].map((values) => `'{${values.join()}}'::uuid[]`)
  const severities = `'{${throws.map(({ severity }) => whole(severity)).join()}}'::smallint[]`
  return `
insert into sidelight.error_seen as seen (scope, innermost, error_hash, severity)
select scope, innermost, error_hash, severity
from unnest(${columns.join(', ')}, ${severities}) as thrown (scope, innermost, error_hash, severity)
order by scope, innermost
on conflict (scope, innermost) do update set severity = excluded.severity
where seen.severity < ${SEVERITY.error} and excluded.severity >= ${SEVERITY.error}
returning scope, innermost, error_hash, xmax = 0 as is_new`
}

/** The throws that a claim says are to be counted. */
export function countedThrows(
  throws: readonly ErrorThrow[],
  claims: readonly Claim[],
): CountedThrow[] {
  const claimed = new Map(claims.map((claim) => [throwKey(claim), claim]))
  return throws.flatMap((thrown) => {
    const claim = claimed.get(throwKey(thrown))
    return claim === undefined ? [] : [{ thrown, hash: claim.error_hash, isNew: claim.is_new }]
  })
}

/**
 * Claims throws in a round trip of its own, within the running transaction. Throws ReceiptHeld; what Postgres refuses for
 * another reason leaves the transaction as it was, with no throw counted: they follow from items, which are to be stored.
 */
export async function claimThrows(
  client: PoolClient,
  throws: readonly ErrorThrow[],
): Promise<readonly CountedThrow[]> {
  if (throws.length === 0) return []
  try {
    const results = (await client.query(
      `savepoint claim; ${claimStatement(throws)}; release savepoint claim`,
    )) as unknown as QueryResult<Claim>[]
    return countedThrows(throws, results[1]?.rows ?? [])
  } catch (error) {
    if (!isPoison(error)) throw failureOf(error)
    await client.query('rollback to savepoint claim; release savepoint claim')
    return []
  }
}

export function throwKey({ scope, innermost }: Pick<ErrorThrow, 'scope' | 'innermost'>): string {
  return `${scope}${innermost}`
}

function mergeTwo(first: ErrorThrow, other: ErrorThrow): ErrorThrow {
  return {
    ...first,
    severity: Math.max(first.severity, other.severity),
    isHandled: first.isHandled && other.isHandled,
    timeNs: other.timeNs < first.timeNs ? other.timeNs : first.timeNs,
    userHash: first.userHash ?? other.userHash,
    occurrence: first.occurrence ?? other.occurrence,
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** As Postgres writes it; what is none never reaches the statement. */
function uuid(text: string): string {
  if (!UUID.test(text)) throw new TypeError(`cannot count a throw: ${text} is no uuid`)
  return text
}

function whole(value: number): string {
  if (!Number.isInteger(value)) throw new TypeError(`cannot count a throw: ${value} is no severity`)
  return String(value)
}

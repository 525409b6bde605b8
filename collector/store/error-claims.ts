import type { PoolClient, QueryResult } from 'pg'
import { type CountedThrow, occurrenceId } from '../translate/error-rows'
import { type ErrorThrow, SEVERITY } from '../translate/error-throw'
import { dictionaryKey, type RefusedKeys } from './dictionary'
import { failureOf } from './receipts'
import { isPoison } from './sqlstate'

/** A row of the claim: an exception that was not known in its scope, or not to be an error. */
export interface Claim {
  readonly scope: string
  readonly innermost: string
  readonly error_hash: string
  readonly is_new: boolean
}

/** What a claim came to. */
export interface Claimed {
  readonly counted: readonly CountedThrow[]
  /** Statements for the same transaction, each ended by a semicolon; empty as a rule. */
  readonly mending: string
}

/**
 * The throws of several requests, each once, by any exception of their chains: the first request that tells of it says by
 * which hash it counts and how it looked, the worst severity is taken, and the earliest time.
 */
export function mergeThrows(all: Iterable<readonly ErrorThrow[]>): ErrorThrow[] {
  const byKey = new Map<string, Merged>()
  const merged = new Set<Merged>()
  let place = 0
  for (const throws of all) {
    for (const thrown of throws) {
      const entry = { thrown, place: place++ }
      const known = new Set(keysOf(thrown).flatMap((key) => byKey.get(key) ?? []))
      const [first = entry, ...others] = [...known].sort((a, b) => a.place - b.place)
      if (first !== entry) others.push(entry)
      merged.add(first)
      for (const other of others) {
        merged.delete(other)
        first.thrown = mergeTwo(first.thrown, other.thrown)
      }
      for (const key of keysOf(first.thrown)) byKey.set(key, first)
    }
  }
  return [...merged].map(({ thrown }) => thrown)
}

interface Merged {
  thrown: ErrorThrow
  /** Among all that were told of: the first one says what it looked like. */
  readonly place: number
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
  const rows = throws.flatMap((thrown) =>
    exceptionsOf(thrown).map((exception) => ({ ...thrown, innermost: exception })),
  )
  const severities = `'{${rows.map(({ severity }) => whole(severity)).join()}}'::smallint[]`
  return `
insert into sidelight.error_seen as seen (scope, innermost, error_hash, severity)
select scope, innermost, error_hash, severity
from unnest(${uuids(rows, 'scope')}, ${uuids(rows, 'innermost')}, ${uuids(rows, 'hash')}, ${severities})
  as thrown (scope, innermost, error_hash, severity)
order by scope, innermost
on conflict (scope, innermost) do update set severity = excluded.severity
where seen.severity < ${SEVERITY.error} and excluded.severity >= ${SEVERITY.error}
returning scope, innermost, error_hash, xmax = 0 as is_new`
}

/** The throws that are to be counted, by what the statement returned. One is known by any exception of its chain. */
export function claimedThrows(throws: readonly ErrorThrow[], claims: readonly Claim[]): Claimed {
  const byKey = new Map(claims.map((claim) => [throwKey(claim), claim]))
  const counted: CountedThrow[] = []
  const raised: Mended[] = []
  const joined: Mended[] = []
  const fatal: ErrorThrow[] = []
  for (const thrown of throws) {
    const { scope, hash, severity } = thrown
    const exceptions = exceptionsOf(thrown)
    const fresh = exceptions.filter((exception) => byKey.get(scope + exception)?.is_new === true)
    const [known] = exceptions.filter((exception) => !fresh.includes(exception))
    if (known === undefined) {
      counted.push({ thrown, hash, isNew: true })
      continue
    }
    for (const innermost of fresh) joined.push({ scope, innermost, hash: known })
    if (severity >= SEVERITY.fatal) fatal.push(thrown)
    const claim = exceptions
      .map((exception) => byKey.get(scope + exception))
      .find((found) => found?.is_new === false)
    if (claim === undefined) continue
    counted.push({ thrown, hash: claim.error_hash, isNew: false })
    raised.push({ scope, innermost: claim.innermost, hash: claim.error_hash })
  }
  return { counted, mending: join(joined) + raise(raised) + raiseToFatal(fatal) }
}

/** `hash` is what of the throw was known, or by which hash it counts. */
interface Mended {
  readonly scope: string
  readonly innermost: string
  readonly hash: string
}

/** Of a throw that is known by one exception, the others are to say the same. */
function join(joined: readonly Mended[]): string {
  if (joined.length === 0) return ''
  return `
update sidelight.error_seen seen set error_hash = known.error_hash, severity = greatest(seen.severity, known.severity)
from unnest(${uuids(joined, 'scope')}, ${uuids(joined, 'innermost')}, ${uuids(joined, 'hash')})
  as joined (scope, innermost, known)
join sidelight.error_seen known on known.scope = joined.scope and known.innermost = joined.known
where seen.scope = joined.scope and seen.innermost = joined.innermost;`
}

/** What has become an error by one exception of its chain is one by the others. */
function raise(raised: readonly Mended[]): string {
  if (raised.length === 0) return ''
  return `
update sidelight.error_seen seen set severity = ${SEVERITY.error}
from unnest(${uuids(raised, 'scope')}, ${uuids(raised, 'hash')}) as raised (scope, error_hash)
where seen.scope = raised.scope and seen.error_hash = raised.error_hash and seen.severity < ${SEVERITY.error};`
}

/** What is kept of a throw says that it was fatal, though who told of it first did not know. */
function raiseToFatal(fatal: readonly ErrorThrow[]): string {
  if (fatal.length === 0) return ''
  const ids = fatal.flatMap((thrown) =>
    exceptionsOf(thrown).map((innermost) => occurrenceId({ ...thrown, innermost })),
  )
  const seconds = fatal.map(({ timeNs }) => Number(timeNs / NS_A_SECOND))
  return `
update sidelight.error_occurrence set severity = ${SEVERITY.fatal}
where id = any ('{${ids.join()}}'::uuid[]) and severity < ${SEVERITY.fatal}
  and time between to_timestamp(${whole(Math.min(...seconds) - TOLD_WITHIN_S)})
    and to_timestamp(${whole(Math.max(...seconds) + TOLD_WITHIN_S)});`
}

const NS_A_SECOND = 1_000_000_000n
/** As far apart as two may say that a throw was. */
const TOLD_WITHIN_S = 3_600

/**
 * Claims throws in a round trip of its own, within the running transaction. Throws ReceiptHeld; what Postgres refuses for
 * another reason leaves the transaction as it was, with no throw counted: they follow from items, which are to be stored.
 */
export async function claimThrows(
  client: PoolClient,
  throws: readonly ErrorThrow[],
): Promise<Claimed> {
  if (throws.length === 0) return NOTHING
  try {
    const results = (await client.query(
      `savepoint claim; ${claimStatement(throws)}; release savepoint claim`,
    )) as unknown as QueryResult<Claim>[]
    return claimedThrows(throws, results[1]?.rows ?? [])
  } catch (error) {
    if (!isPoison(error)) throw failureOf(error)
    await client.query('rollback to savepoint claim; release savepoint claim')
    return NOTHING
  }
}

/** Tells a throw from others, by one of its exceptions. */
export function throwKey({ scope, innermost }: Pick<ErrorThrow, 'scope' | 'innermost'>): string {
  return `${scope}${innermost}`
}

const NOTHING: Claimed = { counted: [], mending: '' }

/** By any of these it is known. */
function exceptionsOf({ innermost, alone }: ErrorThrow): readonly string[] {
  return alone === undefined || alone.length < 2 ? [innermost] : [...new Set([innermost, ...alone])]
}

function keysOf(thrown: ErrorThrow): string[] {
  return exceptionsOf(thrown).map((exception) => thrown.scope + exception)
}

function mergeTwo(first: ErrorThrow, other: ErrorThrow): ErrorThrow {
  const earliest = other.timeNs < first.timeNs ? other : first
  return {
    ...first,
    alone: [...new Set([...exceptionsOf(first), ...exceptionsOf(other)])],
    severity: Math.max(first.severity, other.severity),
    isHandled: first.isHandled && other.isHandled,
    // It counts in the minute of its time.
    minute: earliest.minute,
    timeNs: earliest.timeNs,
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

function uuids<Name extends string>(
  rows: readonly Readonly<Record<Name, string>>[],
  name: Name,
): string {
  return `'{${rows.map((row) => uuid(row[name])).join()}}'::uuid[]`
}

function whole(value: number): string {
  if (!Number.isInteger(value)) throw new TypeError(`cannot count a throw: ${value} is no severity`)
  return String(value)
}

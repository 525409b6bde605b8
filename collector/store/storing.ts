import type { PoolClient } from 'pg'
import { encodeErrors } from '../translate/error-rows'
import type { ErrorThrow } from '../translate/error-throw'
import type { DictionaryRow, Translated } from '../translate/rows'
import { copyRows, type TableRows } from './copy'
import { derivedSegmentsOf, mergedRowsOf, type Rests, restsOf } from './derived'
import type { RefusedKeys } from './dictionary'
import {
  type Claim,
  type Claimed,
  claimedThrows,
  claimStatement,
  claimThrows,
  mergeThrows,
  storableThrows,
  throwKey,
} from './error-claims'
import type { GroupRequest, GroupResult, Sightings } from './group'
import { copyAround } from './poison'
import { keepPoison } from './poison-letter'
import { beginWithNewReceipts, beginWithReceipts, commitWithReceipts } from './receipts'
import { isOfItems, type Poison, type Segment, segmentsOf, withoutRefused } from './segments'

/** What became of the requests, by their digests. */
export type Results = Map<string, GroupResult>

/**
 * How a group is stored: in one round trip (two where there are throws to count), which takes all receipts to be new and all
 * rows to be good; with the receipts first; or, after these, around the rows that Postgres refuses.
 */
export type Manner = 'at once' | 'receipts first' | 'around poison'

export interface Attempt {
  readonly client: PoolClient
  readonly refused: RefusedKeys
  /** Whether dictionary rows are not known to be there that the rest of a request refers to. */
  readonly lacks: (rows: readonly DictionaryRow[]) => boolean
  readonly lockTimeoutMs: number
  readonly manner: Manner
  /** Whether the partitions that are missing still were asked for: then they are not to be had. */
  readonly refusesDays: boolean
}

/** What is left of requests without their poison has another throw, say, and refers to what was not ensured. */
export class RestsDue extends Error {
  override readonly name = 'RestsDue'
  readonly rests: readonly Translated[]

  constructor(rests: readonly Translated[]) {
    super('cannot store what is left of requests: their dictionary rows are not there yet')
    this.rests = rests
  }
}

/** One try of the ingest transaction: returns when it is committed, and leaves it to the caller to roll it back. */
export async function storeOnce(
  attempt: Attempt,
  requests: readonly GroupRequest[],
): Promise<{ readonly results: Results; readonly sightings: Sightings }> {
  const { client, lockTimeoutMs, manner } = attempt
  const digests = requests.map((request) => request.digest)
  const results: Results = new Map()
  if (manner === 'at once') {
    const sightings = await storeAtOnce(attempt, requests, digests)
    for (const digest of digests) results.set(digest, { kind: 'stored', poison: [] })
    return { results, sightings }
  }
  const claimed = await beginWithReceipts(client, digests, lockTimeoutMs)
  const fresh = requests.filter((request) => claimed.has(request.digest))
  const { poison, sightings } = await copyAndCommit(attempt, fresh)
  for (const digest of digests) results.set(digest, { kind: 'repeated' })
  for (const request of fresh) {
    results.set(request.digest, { kind: 'stored', poison: poison.get(request) ?? [] })
  }
  return { results, sightings }
}

async function storeAtOnce(
  { client, lockTimeoutMs, refused }: Attempt,
  requests: readonly GroupRequest[],
  digests: readonly string[],
): Promise<Sightings> {
  const copies = mergedRowsOf([...segmentsOf(requests).values()])
  const told = throwsOf(requests)
  if (told.length === 0) {
    await commitWithReceipts(client, digests, lockTimeoutMs, copies)
    return { added: [], repeated: 0 }
  }
  const throws = storableThrows(mergeThrows(told), refused)
  const claims = await beginWithNewReceipts<Claim>(
    client,
    digests,
    lockTimeoutMs,
    claimStatement(throws),
  )
  const claimed = claimedThrows(throws, claims)
  await copyWithErrors(client, copies, claimed)
  return sightingsOf(told, claimed)
}

/** The last COPY carries the commit, which saves a round trip; after a failure Postgres does not come to it. */
async function copyAndCommit(
  attempt: Attempt,
  requests: readonly GroupRequest[],
): Promise<{ readonly poison: Poison; readonly sightings: Sightings }> {
  const { client, refused, manner } = attempt
  const poison: Poison = new Map()
  const segments = [...segmentsOf(requests).values()]
  const storable = withoutRefused(segments, refused, poison)
  if (manner === 'receipts first' && poison.size === 0 && storable.length > 0) {
    const told = throwsOf(requests)
    const claimed = await claimThrows(client, storableThrows(mergeThrows(told), refused))
    await copyWithErrors(client, mergedRowsOf(storable), claimed)
    return { poison, sightings: sightingsOf(told, claimed) }
  }
  return storeAround(attempt, requests, storable, poison)
}

/** Stores the items that Postgres takes, and then what follows from these. */
async function storeAround(
  { client, refused, refusesDays, lacks }: Attempt,
  requests: readonly GroupRequest[],
  storable: readonly (readonly Segment[])[],
  poison: Poison,
): Promise<{ readonly poison: Poison; readonly sightings: Sightings }> {
  await copyAround(client, storable.filter(isOfItems), poison, { refusesDays })
  const rests = restsOf(requests, poison)
  const renewed = requests.flatMap((request) => {
    const rest = rests.get(request)
    return rest === undefined || rest === request.translated ? [] : [rest]
  })
  if (renewed.some(({ dictionary }) => lacks(dictionary))) throw new RestsDue(renewed)
  const told = [...rests.values()].map(({ throws }) => throws)
  const claimed = await claimThrows(client, storableThrows(mergeThrows(told), refused))
  if (claimed.mending !== '') await client.query(claimed.mending)
  const derived = [...derivedSegmentsOf(rests), ...errorSegmentsOf(rests, claimed)]
  await copyAround(client, withoutRefused(derived, refused, poison), poison, { refusesDays })
  const kept = await keepPoison(client, poison)
  await client.query('commit')
  return { poison: kept, sightings: sightingsOf(told, claimed) }
}

function throwsOf(requests: readonly GroupRequest[]): readonly (readonly ErrorThrow[])[] {
  return requests.map(({ translated }) => translated.throws).filter((throws) => throws.length > 0)
}

async function copyWithErrors(
  client: PoolClient,
  copies: readonly TableRows[],
  { counted, mending }: Claimed,
): Promise<void> {
  const errors = encodeErrors(counted).map(({ table, bytes }) => ({ table, rows: [bytes] }))
  await copyRows(client, [...copies, ...errors], { before: mending, after: 'commit' })
}

/** Of each throw that is counted, the rows are those of the first request that tells of it. */
function errorSegmentsOf(rests: Rests, { counted }: Claimed): readonly (readonly Segment[])[] {
  const left = new Map(counted.map((one) => [throwKey(one.thrown), one]))
  const take = (thrown: ErrorThrow) => {
    const one = left.get(throwKey(thrown))
    left.delete(throwKey(thrown))
    return one === undefined ? [] : [one]
  }
  const copiesOf = (request: GroupRequest) =>
    encodeErrors((rests.get(request)?.throws ?? []).flatMap(take))
  return [...segmentsOf([...rests.keys()], copiesOf).values()]
}

function sightingsOf(told: readonly (readonly ErrorThrow[])[], { counted }: Claimed): Sightings {
  const added = counted.filter(({ isNew }) => isNew).map(({ thrown }) => thrown.severity)
  const sightings = told.reduce((sum, throws) => sum + throws.length, 0)
  return { added, repeated: sightings - added.length }
}

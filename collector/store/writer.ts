import type { Pool, PoolClient } from 'pg'
import { Unavailable } from '../errors'
import type { Table } from '../translate/rows'
import { copyRows } from './copy'
import { derivedSegmentsOf, mergedRowsOf } from './derived'
import { createDictionary, type Dictionary, type RefusedKeys } from './dictionary'
import type { GroupRequest, GroupResult, WriteGroup } from './group'
import { createPartitionCache, type PartitionCache } from './partitions'
import { copyAround } from './poison'
import { keepPoison } from './poison-letter'
import {
  beginWithReceipts,
  commitWithReceipts,
  isDirect,
  ReceiptHeld,
  ReceiptKnown,
} from './receipts'
import { isOfItems, type Poison, segmentsOf, withoutRefused } from './segments'
import { rollback, withClient } from './session'
import { asUnavailable, isMissingPartition, isPoison, isRetried } from './sqlstate'

/** Writes groups until it is closed; the pool stays its owner's. */
export interface GroupWriter {
  readonly write: WriteGroup
  /** Waits for the groups that are being written; further ones are Unavailable. */
  close(): Promise<void>
}

export interface GroupWriterOptions {
  readonly pool: Pool
  /** Unix milliseconds; for the day in which a dictionary row was last known to be there. */
  readonly nowMs?: () => number
}

type Results = Map<string, GroupResult>

/**
 * How a group is stored: in one round trip, which takes all receipts to be new and all rows to be good; with the receipts
 * first; or, after these, around the rows that Postgres refuses.
 */
type Manner = 'at once' | 'receipts first' | 'around poison'

interface Attempt {
  readonly manner: Manner
  /** Whether the partitions that are missing still were asked for: then they are not to be had. */
  readonly refusesDays: boolean
}

const LOCK_TIMEOUT_MS = 1_000
/** For requests tried one by one, after they waited the whole time-out together. */
const SHORT_LOCK_TIMEOUT_MS = 100
const ATTEMPTS = 6

/**
 * The one way into the fact tables: a group of requests in one transaction, each exactly once. `write` may be called
 * again before it has returned; each call takes a connection of the pool.
 */
export function createGroupWriter({ pool, nowMs = Date.now }: GroupWriterOptions): GroupWriter {
  const known: Known = { partitions: createPartitionCache(), dictionary: createDictionary(nowMs) }
  const inFlight = new Set<Promise<unknown>>()
  let isClosed = false
  // After a fail-over or a restore another server may answer, that lacks what the old one had. It shows as a new connection,
  // or, behind a pooler that keeps ours open, only as a failure.
  const forget = () => {
    known.partitions.forget()
    known.dictionary.forget()
  }
  pool.on('connect', forget)
  return {
    async write(group, signal) {
      if (isClosed) throw new Unavailable('cannot write: the writer is closed')
      const writing = writeGroup(pool, known, group, signal)
      inFlight.add(writing)
      try {
        return await writing
      } catch (error) {
        const failure = asUnavailable(error, 'write to Postgres')
        if (failure instanceof Unavailable) forget()
        throw failure
      } finally {
        inFlight.delete(writing)
      }
    },
    async close() {
      isClosed = true
      await Promise.allSettled(inFlight)
      pool.off('connect', forget)
    },
  }
}

interface Known {
  readonly partitions: PartitionCache
  readonly dictionary: Dictionary
}

async function writeGroup(
  pool: Pool,
  known: Known,
  group: readonly GroupRequest[],
  signal: AbortSignal,
): Promise<readonly GroupResult[]> {
  const requests = new Map<string, GroupRequest>()
  for (const request of group) {
    const { digest, translated } = request
    const isEmpty = translated.copies.every((copy) => copy.offsets.length === 0)
    if (!isEmpty && !requests.has(digest)) requests.set(digest, request)
  }
  const results: Results = new Map()
  if (requests.size > 0) {
    await withClient(pool, signal, (client) =>
      store(client, known, [...requests.values()], results),
    )
  }
  return group.map((request) => resultOf(request, requests.get(request.digest), results))
}

/** A request without rows has nothing to store; a duplicate within the group shares the fate of the first. */
function resultOf(
  request: GroupRequest,
  first: GroupRequest | undefined,
  results: Results,
): GroupResult {
  const result = results.get(request.digest)
  if (first === undefined || result === undefined) return { kind: 'stored', poison: [] }
  return request === first || result.kind === 'blocked' ? result : { kind: 'repeated' }
}

async function store(
  client: PoolClient,
  known: Known,
  requests: readonly GroupRequest[],
  results: Results,
): Promise<void> {
  for (const [table, days] of daysOf(requests)) await known.partitions.ensure(client, table, days)
  const refused = await known.dictionary.ensure(client, dictionaryRows(requests))
  const transaction = { client, known, refused, results }
  try {
    await storeTogether(transaction, requests, LOCK_TIMEOUT_MS)
  } catch (error) {
    if (!(error instanceof ReceiptHeld)) throw error
    for (const request of requests) await storeAlone(transaction, request)
  }
}

interface Transaction {
  readonly client: PoolClient
  readonly known: Known
  readonly refused: RefusedKeys
  readonly results: Results
}

async function storeAlone(transaction: Transaction, request: GroupRequest): Promise<void> {
  try {
    await storeTogether(transaction, [request], SHORT_LOCK_TIMEOUT_MS)
  } catch (error) {
    if (!(error instanceof ReceiptHeld)) throw error
    transaction.results.set(request.digest, { kind: 'blocked' })
  }
}

/** Tries the transaction again for as long as what went wrong can be mended; leaves none open when it throws ReceiptHeld. */
async function storeTogether(
  transaction: Transaction,
  requests: readonly GroupRequest[],
  lockTimeoutMs: number,
): Promise<void> {
  const { client, known, refused } = transaction
  let manner: Manner = isDirect(client) && refused.size === 0 ? 'at once' : 'receipts first'
  let refusesDays = false
  for (let attempt = 1; ; attempt++) {
    try {
      await storeOnce(transaction, requests, lockTimeoutMs, { manner, refusesDays })
      return
    } catch (error) {
      await rollback(client, error)
      if (attempt === ATTEMPTS) throw error
      if (isRetried(error)) continue
      if (isMissingPartition(error) && !refusesDays) {
        refusesDays = true
        known.partitions.forget()
        for (const [table, days] of daysOf(requests)) {
          await known.partitions.ensure(client, table, days)
        }
      } else if (error instanceof ReceiptKnown) {
        manner = 'receipts first'
      } else if (isPoison(error) && manner !== 'around poison') {
        manner = 'around poison'
      } else throw error
    }
  }
}

async function storeOnce(
  transaction: Transaction,
  requests: readonly GroupRequest[],
  lockTimeoutMs: number,
  attempt: Attempt,
): Promise<void> {
  const { client, results } = transaction
  const digests = requests.map((request) => request.digest)
  if (attempt.manner === 'at once') {
    const copies = mergedRowsOf([...segmentsOf(requests).values()])
    await commitWithReceipts(client, digests, lockTimeoutMs, copies)
    for (const digest of digests) results.set(digest, { kind: 'stored', poison: [] })
    return
  }
  const claimed = await beginWithReceipts(client, digests, lockTimeoutMs)
  const fresh = requests.filter((request) => claimed.has(request.digest))
  const poison = await copyAndCommit(transaction, fresh, attempt)
  for (const digest of digests) results.set(digest, { kind: 'repeated' })
  for (const request of fresh) {
    results.set(request.digest, { kind: 'stored', poison: poison.get(request) ?? [] })
  }
}

/** The last COPY carries the commit, which saves a round trip; after a failure Postgres does not come to it. */
async function copyAndCommit(
  { client, refused }: Transaction,
  requests: readonly GroupRequest[],
  { manner, refusesDays }: Attempt,
): Promise<Poison> {
  const poison: Poison = new Map()
  const segments = [...segmentsOf(requests).values()]
  const storable = withoutRefused(segments, refused, poison)
  if (manner === 'receipts first' && poison.size === 0 && storable.length > 0) {
    await copyRows(client, mergedRowsOf(storable), { after: 'commit' })
    return poison
  }
  await copyAround(client, storable.filter(isOfItems), poison, { refusesDays })
  const derived = withoutRefused(derivedSegmentsOf(requests, poison), refused, poison)
  await copyAround(client, derived, poison, { refusesDays })
  const kept = await keepPoison(client, poison)
  await client.query('commit')
  return kept
}

function daysOf(requests: readonly GroupRequest[]): Map<string, Set<number>> {
  const days = new Map<string, Set<number>>()
  for (const { translated } of requests) {
    for (const copy of translated.copies) addDays(days, copy.table, copy.days)
  }
  return days
}

function addDays(byTable: Map<string, Set<number>>, { name }: Table, days: Iterable<number>): void {
  const ofTable = byTable.get(name) ?? new Set()
  for (const day of days) ofTable.add(day)
  byTable.set(name, ofTable)
}

function* dictionaryRows(requests: readonly GroupRequest[]) {
  for (const { translated } of requests) yield* translated.dictionary
}

import type { Pool, PoolClient } from 'pg'
import { Unavailable } from '../errors'
import { dayOfMinute, dayOfThrow } from '../translate/error-rows'
import { ERROR_OCCURRENCE, ERROR_ROLLUP, type Table, type Translated } from '../translate/rows'
import { createDictionary, type Dictionary, type RefusedKeys } from './dictionary'
import type { GroupRequest, GroupResult, Sightings, WriteGroup } from './group'
import { createPartitionCache, type PartitionCache } from './partitions'
import { isDirect, ReceiptHeld, ReceiptKnown } from './receipts'
import { rollback, withClient } from './session'
import { asUnavailable, isMissingPartition, isPoison, isRetried } from './sqlstate'
import { type Manner, RestsDue, type Results, storeOnce } from './storing'

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
  /** Called with the throws that a transaction's requests told of, once it is committed. */
  readonly sighted?: (sightings: Sightings) => void
}

const LOCK_TIMEOUT_MS = 1_000
/** For requests tried one by one, after they waited the whole time-out together. */
const SHORT_LOCK_TIMEOUT_MS = 100
const ATTEMPTS = 6

/**
 * The one way into the fact tables: a group of requests in one transaction, each exactly once. `write` may be called
 * again before it has returned; each call takes a connection of the pool.
 */
export function createGroupWriter({
  pool,
  nowMs = Date.now,
  sighted = () => undefined,
}: GroupWriterOptions): GroupWriter {
  const known: Known = { partitions: createPartitionCache(), dictionary: createDictionary(nowMs) }
  const target: Target = { pool, known, sighted }
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
      const writing = writeGroup(target, group, signal)
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

interface Target {
  readonly pool: Pool
  readonly known: Known
  readonly sighted: (sightings: Sightings) => void
}

async function writeGroup(
  target: Target,
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
    await withClient(target.pool, signal, (client) =>
      store(client, target, [...requests.values()], results),
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
  { known, sighted }: Target,
  requests: readonly GroupRequest[],
  results: Results,
): Promise<void> {
  const all = translatedOf(requests)
  await ensurePartitions(client, known, all)
  const refused = await known.dictionary.ensure(client, all)
  const transaction = { client, known, refused, results, sighted }
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
  /** Grows when the rest of a request refers to others. */
  refused: RefusedKeys
  readonly results: Results
  readonly sighted: (sightings: Sightings) => void
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
  const { client, known, results } = transaction
  let manner: Manner =
    isDirect(client) && transaction.refused.size === 0 ? 'at once' : 'receipts first'
  let refusesDays = false
  let takesRests = false
  for (let attempt = 1; ; attempt++) {
    const { refused } = transaction
    const lacks = takesRests ? () => false : known.dictionary.lacks
    try {
      const outcome = await storeOnce(
        { client, refused, lacks, lockTimeoutMs, manner, refusesDays },
        requests,
      )
      for (const [digest, result] of outcome.results) results.set(digest, result)
      transaction.sighted(outcome.sightings)
      return
    } catch (error) {
      await rollback(client, error)
      if (attempt === ATTEMPTS) throw error
      if (isRetried(error)) continue
      if (isMissingPartition(error) && !refusesDays) {
        refusesDays = true
        known.partitions.forget()
        await ensurePartitions(client, known, translatedOf(requests))
      } else if (error instanceof RestsDue) {
        takesRests = true
        await ensurePartitions(client, known, error.rests)
        const refusedOfRests = await known.dictionary.ensure(client, error.rests)
        transaction.refused = new Map([...refused, ...refusedOfRests])
      } else if (error instanceof ReceiptKnown) {
        manner = 'receipts first'
      } else if (isPoison(error) && manner !== 'around poison') {
        manner = 'around poison'
      } else throw error
    }
  }
}

function translatedOf(requests: readonly GroupRequest[]): readonly Translated[] {
  return requests.map(({ translated }) => translated)
}

async function ensurePartitions(
  client: PoolClient,
  { partitions }: Known,
  all: readonly Translated[],
): Promise<void> {
  for (const [table, days] of daysOf(all)) await partitions.ensure(client, table, days)
}

function daysOf(all: readonly Translated[]): Map<string, Set<number>> {
  const days = new Map<string, Set<number>>()
  for (const { copies, throws } of all) {
    for (const copy of copies) addDays(days, copy.table, copy.days)
    if (throws.length === 0) continue
    addDays(days, ERROR_ROLLUP, throws.map(dayOfMinute))
    addDays(days, ERROR_OCCURRENCE, throws.map(dayOfThrow))
  }
  return days
}

function addDays(byTable: Map<string, Set<number>>, { name }: Table, days: Iterable<number>): void {
  const ofTable = byTable.get(name) ?? new Set()
  for (const day of days) ofTable.add(day)
  byTable.set(name, ofTable)
}

import type { PoolClient } from 'pg'
import { copyRows } from './copy'
import type { GroupRequest } from './group'
import {
  addPoison,
  countRows,
  halves,
  type Poison,
  type Segment,
  splitByDay,
  splitByRequest,
  tableRowsOf,
} from './segments'
import { isMissingPartition, isPoison, type ServerError } from './sqlstate'

/** Of one request, so that one with thousands at fault takes no time from its neighbours. */
const MOST_REFUSALS = 500
/** Long before the transaction is overdue, however far away Postgres is: else it would be tried again for ever. */
const LONGEST_SEARCH_MS = 3_000
/** How rows are copied around those that are refused. */
export interface AroundOptions {
  /** Whether rows without a partition are refused, for it cannot be created; else their error is thrown. */
  readonly refusesDays: boolean
}

/**
 * Copies the rows Postgres takes and adds the others to `poison`, within the running transaction: what is refused is
 * halved, each half behind a savepoint, until the rows at fault stand alone. After very many refusals of
 * a request, or seconds, the search ends: what is left of it is stored as a whole or taken for poison as a whole.
 */
export async function copyAround(
  client: PoolClient,
  copies: readonly (readonly Segment[])[],
  poison: Poison,
  { refusesDays }: AroundOptions,
): Promise<void> {
  const endsAt = performance.now() + LONGEST_SEARCH_MS
  const search: Search = { client, poison, refusesDays, refusals: new Map(), endsAt }
  for (const segments of copies) await copyPart(search, segments)
}

interface Search extends AroundOptions {
  readonly client: PoolClient
  readonly poison: Poison
  readonly refusals: Map<GroupRequest, number>
  /** By performance.now(). */
  readonly endsAt: number
}

async function copyPart(search: Search, segments: readonly Segment[]): Promise<void> {
  const error = await refusalOf(search, segments)
  if (error === null) return
  const parts = partsOf(search, segments, error)
  if (parts.length === 1) refuse(search, segments, error)
  else for (const part of parts) await copyPart(search, part)
}

/** What is to be tried apart; a single part when all of it is at fault. */
function partsOf(
  { refusals, endsAt }: Search,
  segments: readonly Segment[],
  error: ServerError,
): readonly (readonly Segment[])[] {
  if (isMissingPartition(error)) return splitByDay(segments)
  const byRequest = splitByRequest(segments)
  if (performance.now() > endsAt) return byRequest
  const [first] = segments
  if (first !== undefined && byRequest.length === 1) {
    const refused = (refusals.get(first.request) ?? 0) + 1
    refusals.set(first.request, refused)
    if (refused > MOST_REFUSALS) return byRequest
  }
  return countRows(segments) === 1 ? byRequest : halves(segments)
}

async function refusalOf(
  { client, refusesDays }: Search,
  segments: readonly Segment[],
): Promise<ServerError | null> {
  try {
    await copyRows(client, tableRowsOf([segments]), {
      before: 'savepoint part; ',
      after: 'release savepoint part',
    })
    return null
  } catch (error) {
    if (!isPoison(error) || (isMissingPartition(error) && !refusesDays)) throw error
    await client.query('rollback to savepoint part; release savepoint part')
    return error
  }
}

/** "No partition of relation found for row" would tell people nothing. */
const TOO_OLD = 'older than what is kept: the partition of its day was dropped'

function refuse({ poison }: Search, segments: readonly Segment[], error: ServerError): void {
  const { code, message } = error
  const reason = { code, message: isMissingPartition(error) ? TOO_OLD : message }
  for (const segment of segments) {
    for (let row = segment.from; row < segment.to; row++) addPoison(poison, segment, row, reason)
  }
}

import type { PoolClient } from 'pg'
import { copyRows } from './copy'
import {
  addPoison,
  bytesOf,
  countRows,
  halves,
  type Poison,
  type Segment,
  tableOf,
} from './segments'
import { isPoison } from './sqlstate'

/**
 * Copies the rows Postgres takes and adds the others to `poison`, within the running transaction: what is refused is
 * halved, each half behind a savepoint, until the rows at fault stand alone.
 */
export async function copyAround(
  client: PoolClient,
  segments: readonly Segment[],
  poison: Poison,
): Promise<void> {
  const table = tableOf(segments)
  const [segment] = segments
  if (table === undefined || segment === undefined) return
  try {
    await copyRows(client, table, segments.map(bytesOf), {
      before: 'savepoint part; ',
      after: 'release savepoint part',
    })
  } catch (error) {
    if (!isPoison(error)) throw error
    await client.query('rollback to savepoint part; release savepoint part')
    if (countRows(segments) === 1) {
      addPoison(poison, segment, segment.from, error)
      return
    }
    const [first, second] = halves(segments)
    await copyAround(client, first, poison)
    await copyAround(client, second, poison)
  }
}

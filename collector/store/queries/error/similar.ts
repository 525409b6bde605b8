import type { Pool } from 'pg'
import { readClockMs } from '../../clock'
import { cover } from '../figure/coverage'
import { readTogether } from '../read'
import { readGroups } from './group'
import { EVERYTHING, rangesOf } from './rollups'
import { findGroup } from './subject'

/** Throws are counted of so long. */
const COUNTED_MS = 24 * 3_600_000
/** Hashes that share a hash of less are looked at up to so many. */
const MAX_HASHES = 10_000

/** A hash of less that very many share tells nothing: the newest hashes are looked at. */
const SIMILAR = `
with own as (
  select distinct tenant, namespace, service, s.hash from sidelight.error_group_hash
  cross join lateral unnest(similar_hashes) as s (hash) where group_id = $1::uuid
),
alike as (
  select id, group_id, similar_hashes from sidelight.error_group_hash
  where similar_hashes && (select coalesce(array_agg(hash), '{}') from own) and group_id <> $1::uuid
    and (tenant, namespace, service) in (select tenant, namespace, service from own)
  order by created_at desc limit ${MAX_HASHES}
)
select a.group_id as id, count(distinct s.hash)::int as shared
from alike a cross join lateral unnest(a.similar_hashes) as s (hash)
where s.hash in (select hash from own)
group by a.group_id
order by 2 desc, 1
limit $2`

/** Other groups of the service that share hashes of less, those with the most first; counts are of the last 24 h. */
export async function listSimilarErrors(
  pool: Pool,
  question: { readonly id: string; readonly tenant: string | null; readonly limit: number },
) {
  return readTogether(pool, 'similar errors', async (reading) => {
    const group = await findGroup(reading, question)
    if (group === null) return []
    const values = [group, question.limit]
    const rows = await reading.ask<{ id: string; shared: number }>({ text: SIMILAR, values })
    const nowMs = await readClockMs(reading.client)
    const window = { sinceMs: nowMs - COUNTED_MS, untilMs: nowMs }
    const ranges = rangesOf(cover(window, null, nowMs))
    const ids = rows.map(({ id }) => id)
    const groups = await readGroups(reading, { ids, ranges, narrowing: EVERYTHING })
    const shared = new Map(rows.map((row) => [row.id, row.shared]))
    return groups.map((each) => ({ ...each, shared: shared.get(each.id) ?? 0 }))
  })
}

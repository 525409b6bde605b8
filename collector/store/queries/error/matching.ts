import type { ErrorFilter } from './question'
import { Values } from '../log-filter'
import type { Reading } from '../read'
import { groupConditions, groupJoin, isAboutGroups, where } from './filter'

/** Hashes are looked up one by one up to so many. */
const FEW = 2_000

/** The hashes of the groups a filter leaves, null when they are many. */
export async function matchingHashes(
  { ask }: Pick<Reading, 'ask'>,
  filter: ErrorFilter,
): Promise<readonly string[] | null> {
  const values = new Values()
  const text = `
select h.id from sidelight.error_group_hash h ${groupJoin(filter)}
${where(groupConditions(filter, values))}
limit ${FEW + 1}`
  const rows = await ask<{ id: string }>({ text, values: values.list })
  return rows.length > FEW ? null : rows.map(({ id }) => id)
}

const OF_GROUP = `
select id from sidelight.error_group_hash where group_id in (
  select group_id from sidelight.error_group_hash where id = $1::uuid or group_id = $1::uuid)`

/** The hashes of a group, or those of a filter's groups where they are few; null for all. */
export async function hashesOf(
  reading: Pick<Reading, 'ask'>,
  filter: ErrorFilter,
  groupId: string | null,
): Promise<readonly string[] | null> {
  if (groupId !== null) {
    const rows = await reading.ask<{ id: string }>({ text: OF_GROUP, values: [groupId] })
    return rows.map(({ id }) => id)
  }
  return isAboutGroups(filter) ? matchingHashes(reading, filter) : null
}

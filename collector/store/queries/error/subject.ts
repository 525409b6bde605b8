import type { Reading } from '../read'

const GROUP = `
select group_id as id from sidelight.error_group_hash
where (id = $1::uuid or group_id = $1::uuid) and ($2::text is null or tenant = $2)
order by id = $1::uuid desc limit 1`

/** The group of an id or of a hash that was merged into it; null when the tenant has none. */
export async function findGroup(
  { ask }: Pick<Reading, 'ask'>,
  { id, tenant }: { readonly id: string; readonly tenant: string | null },
): Promise<string | null> {
  const [row] = await ask<{ id: string }>({ text: GROUP, values: [id, tenant] })
  return row?.id ?? null
}

import type { Client } from 'pg'

/** The columns of the schema that hold a text anywhere, however deep, as `table.column`; bytes are looked through as well. */
export async function placesWith(client: Client, text: string): Promise<string[]> {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    `select c.relname as table, a.attname as column, t.typname as type
     from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     join pg_type t on t.oid = a.atttypid
     where c.relnamespace = 'sidelight'::regnamespace and c.relkind in ('r', 'p')
       and not c.relispartition
     order by 1, 2`,
  )
  const found: string[] = []
  for (const { table, column, type } of rows) {
    const value = type === 'bytea' ? `encode("${column}", 'escape')` : `"${column}"::text`
    const { rowCount } = await client.query(
      `select 1 from sidelight."${table}" where ${value} like '%' || $1 || '%' limit 1`,
      [text],
    )
    if (rowCount !== 0) found.push(`${table}.${column}`)
  }
  return found
}

import type { Pool, PoolClient } from 'pg'
import { inTransaction, withClient } from '../collector/store/session'

/** A column of a table or view, as `schema/README.md` must list it. */
export interface CatalogueColumn {
  readonly relation: string
  readonly kind: 'table' | 'view'
  readonly column: string
}

const COLUMNS = `
select c.relname as relation, case c.relkind when 'v' then 'view' else 'table' end as kind, a.attname as "column"
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = 'sidelight'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
order by c.relname, a.attnum`

/** Every column of every table and view of the schema `sidelight`, partitions left out. */
export async function readColumns(pool: Pool): Promise<readonly CatalogueColumn[]> {
  return (await pool.query<CatalogueColumn>(COLUMNS)).rows
}

const TABLES = `
select c.relname as name,
  case c.relkind when 'p' then pg_get_partkeydef(c.oid) end as partition_key
from pg_class c
where c.relnamespace = 'sidelight'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname`

const TABLE_COLUMNS = `
select c.relname as relation, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
  a.attnotnull as is_required, pg_get_expr(d.adbin, d.adrelid) as default
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where c.relnamespace = 'sidelight'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname, a.attnum`

/** From Postgres 18 on "not null" is a constraint too; it is shown with its column. */
const CONSTRAINTS = `
select c.relname as relation, k.conname as name, pg_get_constraintdef(k.oid) as definition
from pg_constraint k join pg_class c on c.oid = k.conrelid
where c.relnamespace = 'sidelight'::regnamespace and not c.relispartition and k.contype <> 'n'
order by c.relname, k.conname`

const INDEXES = `
select c.relname as relation, pg_get_indexdef(i.indexrelid) as definition
from pg_index i join pg_class c on c.oid = i.indrelid
where c.relnamespace = 'sidelight'::regnamespace and not c.relispartition
  and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
order by c.relname, definition`

const VIEWS = `
select c.relname as name, pg_get_viewdef(c.oid, true) as definition
from pg_class c where c.relnamespace = 'sidelight'::regnamespace and c.relkind = 'v'
order by c.relname`

const FUNCTIONS = `
select pg_get_functiondef(p.oid) as definition
from pg_proc p where p.pronamespace = 'sidelight'::regnamespace
order by p.proname, pg_get_function_identity_arguments(p.oid)`

interface TableColumn {
  readonly relation: string
  readonly name: string
  readonly type: string
  readonly is_required: boolean
  readonly default: string | null
}

interface Definition {
  readonly relation: string
  readonly name?: string
  readonly definition: string
}

interface TableRow {
  readonly name: string
  readonly partition_key: string | null
}

/** The schema `sidelight` as SQL, read from the catalogue: the same text for the same schema, whoever asks. */
export async function describeSchema(pool: Pool): Promise<string> {
  return withClient(pool, undefined, (client) =>
    inTransaction(client, async () => {
      // Postgres leaves out the schema's name where the search path leads to it, as it does for a user of that name.
      await client.query(`set local search_path = ''`)
      return (await describeParts(client)).join('\n\n') + '\n'
    }),
  )
}

async function describeParts(client: PoolClient): Promise<readonly string[]> {
  const tables = (await client.query<TableRow>(TABLES)).rows
  const columns = (await client.query<TableColumn>(TABLE_COLUMNS)).rows
  const constraints = (await client.query<Definition>(CONSTRAINTS)).rows
  const indexes = (await client.query<Definition>(INDEXES)).rows
  const views = (await client.query<{ name: string; definition: string }>(VIEWS)).rows
  const functions = (await client.query<{ definition: string }>(FUNCTIONS)).rows
  const of = <T extends { readonly relation: string }>(rows: readonly T[], table: TableRow) =>
    rows.filter((row) => row.relation === table.name)
  return [
    'create schema sidelight;',
    ...tables.map((table) =>
      [
        createTable(table, of(columns, table), of(constraints, table)),
        ...of(indexes, table).map((index) => `${index.definition};`),
      ].join('\n'),
    ),
    ...views.map((view) => `create view sidelight.${view.name} as\n${view.definition}`),
    ...functions.map((row) => `${row.definition.trimEnd()};`),
  ]
}

function createTable(
  table: TableRow,
  columns: readonly TableColumn[],
  constraints: readonly Definition[],
): string {
  const lines = [
    ...columns.map(
      (column) =>
        `  ${column.name} ${column.type}` +
        (column.is_required ? ' not null' : '') +
        (column.default === null ? '' : ` default ${column.default}`),
    ),
    ...constraints.map(({ name, definition }) => `  constraint ${name} ${definition}`),
  ]
  const partitioned = table.partition_key === null ? '' : ` partition by ${table.partition_key}`
  return `create table sidelight.${table.name} (\n${lines.join(',\n')}\n)${partitioned};`
}

import { Pool } from 'pg'
import { spanOf, logRecordOf } from './sql-item'
import { metricOf } from './sql-metric'
import { keyValuesOf, isList, type Json, parseJsonb } from './stored-value'
import type { Message, Signal, Store, StoredItem } from './target'

/** A row of a view, every column as Postgres writes it. */
export type Row = Readonly<Record<string, string | null>>

const VIEWS = { traces: 'spans', metrics: 'metrics', logs: 'logs' } as const
const TIMES = {
  traces: 'start_time',
  metrics: 'time',
  logs: 'time',
} as const
const ITEMS = { traces: spanOf, metrics: metricOf, logs: logRecordOf } as const

/** Reads what Sidelight has stored through its public views alone, and makes OTLP of it again. */
export function createSqlStore(connectionString: string): Store & { end(): Promise<void> } {
  const pool = new Pool({
    connectionString,
    max: 4,
    types: { getTypeParser: () => (text: string) => text },
  })
  return {
    async read(signal, service) {
      const { rows } = await pool.query<Row>(
        `select *, trunc(extract(epoch from ${TIMES[signal]}) * 1000000000) as filed_unix_nano
         from sidelight.${VIEWS[signal]} where service = $1`,
        [service],
      )
      return rows.map((row) => storedItem(signal, row))
    },
    end: () => pool.end(),
  }
}

/** A jsonb column; undefined where it is null. */
export function jsonOf(row: Row, column: string): Json | undefined {
  const text = row[column]
  return typeof text === 'string' ? parseJsonb(text) : undefined
}

/** A jsonb column that holds attributes. */
export function attributesOf(row: Row, column: string): Message[] {
  return keyValuesOf(jsonOf(row, column) ?? {})
}

/** A field that is absent where the column is null. */
export function present(name: string, value: unknown): Message {
  return value === null || value === undefined ? {} : { [name]: value }
}

function storedItem(signal: Signal, row: Row): StoredItem {
  return {
    item: ITEMS[signal](row),
    resource: {
      attributes: attributesOf(row, 'resource_attributes'),
      droppedAttributesCount: Number(row['resource_dropped_attributes_count']),
      entityRefs: entityRefsOf(jsonOf(row, 'entity_refs') ?? []),
    },
    resourceSchemaUrl: row['resource_schema_url'] ?? '',
    scope: {
      name: row['scope_name'],
      version: row['scope_version'],
      attributes: attributesOf(row, 'scope_attributes'),
      droppedAttributesCount: Number(row['scope_dropped_attributes_count']),
    },
    scopeSchemaUrl: row['scope_schema_url'] ?? '',
    timeUnixNano: row['filed_unix_nano'] ?? '',
  }
}

function entityRefsOf(refs: Json): Message[] {
  if (!isList(refs)) return []
  return refs.map((ref) => {
    const { schema_url, type, id_keys, description_keys } = ref as Record<string, Json>
    return {
      ...present('schemaUrl', schema_url),
      ...present('type', type),
      idKeys: id_keys ?? [],
      descriptionKeys: description_keys ?? [],
    }
  })
}

import type { PoolClient } from 'pg'
import {
  DICTIONARIES,
  type DictionaryName,
  type DictionaryRow,
  type Translated,
} from '../translate/rows'
import { isPoison, isRetried, type ServerError } from './sqlstate'

/** Dictionary rows Postgres refuses, by `dictionaryKey`. */
export type RefusedKeys = ReadonlyMap<string, ServerError>

/** The dictionary rows a writer has put into the database, so that it does so once a day and not once a request. */
export interface Dictionary {
  /** Inserts what is not known to be there of what requests refer to, outside any transaction. */
  ensure(client: PoolClient, all: readonly Pick<Translated, 'dictionary'>[]): Promise<RefusedKeys>
  /** Whether some of the rows are not known to be there. */
  lacks(rows: readonly DictionaryRow[]): boolean
  forget(): void
}

const DAY_MS = 86_400_000
const ROWS_A_STATEMENT = 1_000
const ATTEMPTS = 3

const TYPES: Readonly<Record<string, string>> = {
  id: 'bigint',
  service_id: 'bigint',
  resource_id: 'bigint',
  scope_id: 'bigint',
  dropped_attributes_count: 'bigint',
  kind: 'integer',
  attributes: 'jsonb',
  entity_refs: 'jsonb',
  metadata: 'jsonb',
  is_monotonic: 'boolean',
  explicit_bounds: 'double precision[]',
}

/** `kind` of a metric series, of an error and of what events are about is a name. */
const TYPES_OF: Readonly<Partial<Record<DictionaryName, Readonly<Record<string, string>>>>> = {
  metric_series: { kind: 'text' },
  catalogue: { kind: 'text' },
  error_group_hash: {
    id: 'uuid',
    group_id: 'uuid',
    kind: 'text',
    why: 'jsonb',
    similar_hashes: 'uuid[]',
  },
}

const NAMES = Object.keys(DICTIONARIES) as DictionaryName[]

export function createDictionary(nowMs: () => number): Dictionary {
  // Noted on the row itself, which the translator hands out as the same object while it remembers it: what is known here is
  // bounded by its memory, and looking it up costs a comparison.
  let period = nextPeriod++
  let day = 0
  const today = (): number => {
    const now = Math.floor(nowMs() / DAY_MS)
    if (now !== day) period = nextPeriod++
    day = now
    return period
  }
  return {
    async ensure(client, all) {
      const current = today()
      const unknown = new Set<DictionaryRow>()
      for (const { dictionary } of all) {
        for (const row of dictionary) if (row.knownIn !== current) unknown.add(row)
      }
      if (unknown.size === 0) return new Map()
      const refused = await insertAll(client, unknown)
      for (const row of unknown) {
        if (!refused.has(dictionaryKey(row.dictionary, row.id))) row.knownIn = current
      }
      return refused
    },
    lacks(rows) {
      const current = today()
      return rows.some((row) => row.knownIn !== current)
    },
    forget() {
      period = nextPeriod++
    },
  }
}

/** Of all dictionaries: rows that one database has are not known in another. */
let nextPeriod = 1

/** The columns that refer to a dictionary row, in any table. */
export const REFERENCES: Readonly<Record<string, DictionaryName>> = {
  resource_id: 'resource',
  scope_id: 'scope',
  service_id: 'service',
  operation_id: 'operation',
  series_id: 'metric_series',
  catalogue_id: 'catalogue',
}

export function dictionaryKey(dictionary: string, id: string): string {
  return `${dictionary}:${id}`
}

async function insertAll(
  client: PoolClient,
  rows: Iterable<DictionaryRow>,
): Promise<Map<string, ServerError>> {
  const refused = new Map<string, ServerError>()
  const all = [...rows]
  // Every writer takes the tables in the same order and, in `sortedById`, the rows.
  for (const dictionary of NAMES) {
    const rows = all.filter((row) => row.dictionary === dictionary)
    // Those it refers to have been before it: a series whose resource is not there would be found by nobody.
    const sorted = sortedById(rows.filter((row) => !refersToRefused(row, refused)))
    for (let from = 0; from < sorted.length; from += ROWS_A_STATEMENT) {
      await insertRows(client, sorted.slice(from, from + ROWS_A_STATEMENT), refused)
    }
  }
  return refused
}

/** Whether it goes with a row that was refused; it is then refused for the same reason. */
function refersToRefused(row: DictionaryRow, refused: Map<string, ServerError>): boolean {
  if (refused.size === 0) return false
  for (const [column, name] of DICTIONARIES[row.dictionary].entries()) {
    const dictionary = REFERENCES[name]
    if (dictionary === undefined) continue
    const error = refused.get(dictionaryKey(dictionary, row.values[column] ?? ''))
    if (error === undefined) continue
    refused.set(dictionaryKey(row.dictionary, row.id), error)
    return true
  }
  return false
}

/** One row an id: a statement may not update the same row twice. */
function sortedById(rows: readonly DictionaryRow[]): DictionaryRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return [...byId].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

/** Halves what Postgres refuses until the rows at fault stand alone. */
async function insertRows(
  client: PoolClient,
  rows: readonly DictionaryRow[],
  refused: Map<string, ServerError>,
): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  try {
    await upsert(client, first.dictionary, rows)
  } catch (error) {
    if (!isPoison(error)) throw error
    if (rows.length === 1) {
      refused.set(dictionaryKey(first.dictionary, first.id), error)
      return
    }
    const middle = rows.length >> 1
    await insertRows(client, rows.slice(0, middle), refused)
    await insertRows(client, rows.slice(middle), refused)
  }
}

async function upsert(
  client: PoolClient,
  dictionary: DictionaryName,
  rows: readonly DictionaryRow[],
): Promise<void> {
  const values = DICTIONARIES[dictionary].map((_, column) =>
    rows.map((row) => row.values[column] ?? null),
  )
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(UPSERTS[dictionary], values)
      return
    } catch (error) {
      if (!isRetried(error) || attempt === ATTEMPTS) throw error
    }
  }
}

const UPSERTS = Object.fromEntries(NAMES.map((name) => [name, upsertStatement(name)])) as Readonly<
  Record<DictionaryName, string>
>

function upsertStatement(dictionary: DictionaryName): string {
  const columns = DICTIONARIES[dictionary]
  const today = `(now() at time zone 'utc')::date`
  return `
    insert into sidelight.${dictionary} as known (${columns.join(', ')}, last_seen_day)
    select ${columns.map((column) => `given.${column}::${typeOf(dictionary, column)}`).join(', ')}, ${today}
    from unnest(${columns.map((_, i) => `$${i + 1}::text[]`).join(', ')})
      with ordinality as given (${columns.join(', ')}, position)
    order by given.position
    on conflict (id) do update set last_seen_day = excluded.last_seen_day
    where known.last_seen_day < excluded.last_seen_day`
}

function typeOf(dictionary: DictionaryName, column: string): string {
  return TYPES_OF[dictionary]?.[column] ?? TYPES[column] ?? 'text'
}

import { parseAttributes, parseList, textOf, type Attributes } from './stored'

/** What a statement selects of the dictionaries `resource` and `scope` that it has joined. */
export const ORIGIN_COLUMNS = `
  resource.attributes::text as resource_attributes,
  resource.dropped_attributes_count as resource_dropped_attributes_count,
  resource.entity_refs::text as resource_entity_refs, coalesce(resource.schema_url, '') as resource_schema_url,
  coalesce(scope.name, '') as scope_name, coalesce(scope.version, '') as scope_version,
  scope.attributes::text as scope_attributes, scope.dropped_attributes_count as scope_dropped_attributes_count,
  coalesce(scope.schema_url, '') as scope_schema_url`

/** A row with `ORIGIN_COLUMNS` and the two ids. */
export interface OriginRow {
  readonly resource_id: string
  readonly resource_attributes: string | null
  readonly resource_dropped_attributes_count: string | null
  readonly resource_entity_refs: string | null
  readonly resource_schema_url: string
  readonly scope_id: string
  readonly scope_name: string
  readonly scope_version: string
  readonly scope_attributes: string | null
  readonly scope_dropped_attributes_count: string | null
  readonly scope_schema_url: string
}

/** Resources and scopes already decoded for this answer: many rows share a few. */
export interface Decoded {
  readonly resources: Map<string, ReturnType<typeof decodeResource>>
  readonly scopes: Map<string, ReturnType<typeof decodeScope>>
}

/** Nothing decoded yet. */
export function noneDecoded(): Decoded {
  return { resources: new Map(), scopes: new Map() }
}

/** The resource and the scope of a row, each decoded once an answer. */
export function decodeOrigin(row: OriginRow, { resources, scopes }: Decoded) {
  return {
    resource: remembered(resources, row.resource_id, () => decodeResource(row)),
    scope: remembered(scopes, row.scope_id, () => decodeScope(row)),
  }
}

function decodeResource(row: OriginRow) {
  return {
    attributes: parseAttributes(row.resource_attributes),
    droppedAttributesCount: Number(row.resource_dropped_attributes_count),
    entityRefs: parseList(row.resource_entity_refs).map(decodeEntityRef),
    schemaUrl: row.resource_schema_url,
  }
}

function decodeEntityRef(stored: Attributes) {
  return {
    schemaUrl: textOf(stored['schema_url']),
    type: textOf(stored['type']),
    idKeys: (stored['id_keys'] ?? []) as string[],
    descriptionKeys: (stored['description_keys'] ?? []) as string[],
  }
}

function decodeScope(row: OriginRow) {
  return {
    name: row.scope_name,
    version: row.scope_version,
    attributes: parseAttributes(row.scope_attributes),
    droppedAttributesCount: Number(row.scope_dropped_attributes_count),
    schemaUrl: row.scope_schema_url,
  }
}

function remembered<V>(known: Map<string, V>, id: string, decode: () => V): V {
  const value = known.get(id) ?? decode()
  known.set(id, value)
  return value
}

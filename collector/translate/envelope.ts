import { Cursor } from '../otlp/cursor'
import { largestRows, RowBuffer } from './buffer'
import { identify, type ResourceIdentity, type ScopeIdentity, type Text } from './identity'
import { addDropped, type Changes, type TranslationLimits, UNCHANGED } from './limits'
import { countRepairs, decodeText } from './text'
import { ValueWriter } from './value'

/** What a Resource or InstrumentationScope holds, its attributes as the text of jsonb. */
interface Content {
  attributes: string
  droppedAttributesCount: number
  name: string
  version: string
  entityRefs: EntityRef[]
  changes: Changes
  isTooDeep: boolean
  isTooLarge: boolean
}

interface EntityRef {
  readonly schema_url?: string
  readonly type: string
  readonly id_keys: readonly string[]
  readonly description_keys?: readonly string[]
}

interface ContentTags {
  readonly attribute: number
  readonly droppedAttributesCount: number
  readonly name: number
  readonly version: number
  readonly entityRef: number
}

/** A tag that no field has. */
const NONE = 0
const RESOURCE: ContentTags = {
  attribute: 0x0a,
  droppedAttributesCount: 0x10,
  entityRef: 0x1a,
  name: NONE,
  version: NONE,
}
const SCOPE: ContentTags = {
  attribute: 0x1a,
  droppedAttributesCount: 0x20,
  entityRef: NONE,
  name: 0x0a,
  version: 0x12,
}
const ENTITY_REF = { schemaUrl: 0x0a, type: 0x12, idKey: 0x1a, descriptionKey: 0x22 }

const COMMA = 0x2c
/** What names a release, the most usual first. */
const RELEASE = ['service.version', 'vcs.ref.head.revision', 'deployment.id']
const LONGEST_RELEASE = 256
const DEFAULT_SERVICE = 'unknown_service'

/** What an envelope is decoded with. */
interface Decoding {
  readonly schemaUrl: string
  readonly limits: TranslationLimits
  readonly intern: (text: string) => Text
}

/** Decodes a Resource. Its parts, if it was sent in several, are to be joined. */
export function decodeResource(
  bytes: Uint8Array,
  {
    schemaUrl,
    tenantAttributes,
    limits,
    intern,
  }: Decoding & { readonly tenantAttributes: readonly string[] },
): ResourceIdentity {
  const content = decodeContent(bytes, RESOURCE, limits)
  const dropped = String(content.droppedAttributesCount)
  const entityRefs = content.entityRefs.length > 0 ? JSON.stringify(content.entityRefs) : null
  const values = [content.attributes, dropped, entityRefs, schemaUrl]
  const attribute = attributeReader(content.attributes)
  const tenant = firstOf(tenantAttributes.map(attribute))
  return {
    ...identify('resource', values, values, content.changes),
    service: attribute('service.name') || DEFAULT_SERVICE,
    namespace: attribute('service.namespace'),
    environment: attribute('deployment.environment.name') || attribute('deployment.environment'),
    tenant: tenant === '' ? null : intern(tenant),
    release: firstOf(RELEASE.map(attribute)).slice(0, LONGEST_RELEASE),
    instance: attribute('service.instance.id'),
    root: attribute('sidelight.app.root') || null,
    releaseOf: null,
    isTooDeep: content.isTooDeep,
    isTooLarge: content.isTooLarge,
  }
}

/** Decodes an InstrumentationScope. Its parts, if it was sent in several, are to be joined. */
export function decodeScope(
  bytes: Uint8Array,
  { schemaUrl, limits, intern }: Decoding,
): ScopeIdentity {
  const content = decodeContent(bytes, SCOPE, limits)
  const { name, version, attributes } = content
  const values = [name, version, attributes, String(content.droppedAttributesCount), schemaUrl]
  return {
    ...identify('scope', values, values, content.changes),
    name: intern(name),
    isTooDeep: content.isTooDeep,
    isTooLarge: content.isTooLarge,
  }
}

function decodeContent(bytes: Uint8Array, tags: ContentTags, limits: TranslationLimits): Content {
  const cursor = new Cursor(bytes)
  const rows = new RowBuffer(bytes.length * 2 + 16)
  const values = new ValueWriter(cursor, rows, limits)
  values.endLimit = largestRows(bytes.length)
  const content: Content = {
    attributes: '{}',
    droppedAttributesCount: 0,
    name: '',
    version: '',
    entityRefs: [],
    changes: UNCHANGED,
    isTooDeep: false,
    isTooLarge: false,
  }
  const strings = new StringReader(cursor)
  const limit = bytes.length
  let attributes = 0
  while (cursor.at < limit) {
    const tag = cursor.tag(limit)
    if (tag === tags.attribute && attributes++ < limits.maxAttributes) {
      if (rows.end > 0) rows.byte(COMMA)
      values.keyValue(cursor.delimited(limit), 1)
    } else if (tag === tags.droppedAttributesCount) {
      cursor.varint(limit)
      content.droppedAttributesCount = cursor.low >>> 0
    } else if (tag === tags.name) content.name = strings.read(limit)
    else if (tag === tags.version) content.version = strings.read(limit)
    else if (tag === tags.entityRef) content.entityRefs.push(entityRef(cursor, strings, limit))
    else cursor.skip(tag, limit)
  }
  content.attributes = `{${rows.written().toString('utf8')}}`
  const droppedAttributes = Math.max(0, attributes - limits.maxAttributes)
  content.droppedAttributesCount =
    addDropped(content.droppedAttributesCount, droppedAttributes) >>> 0
  content.changes = {
    repairedStrings: values.repaired + strings.repaired,
    droppedAttributes,
    cutValues: values.cutValues,
  }
  content.isTooDeep = values.isTooDeep
  content.isTooLarge = values.isTooLarge
  return content
}

function entityRef(cursor: Cursor, strings: StringReader, limit: number): EntityRef {
  const end = cursor.delimited(limit)
  let schemaUrl = ''
  let type = ''
  const idKeys: string[] = []
  const descriptionKeys: string[] = []
  while (cursor.at < end) {
    const tag = cursor.tag(end)
    if (tag === ENTITY_REF.schemaUrl) schemaUrl = strings.read(end)
    else if (tag === ENTITY_REF.type) type = strings.read(end)
    else if (tag === ENTITY_REF.idKey) idKeys.push(strings.read(end))
    else if (tag === ENTITY_REF.descriptionKey) descriptionKeys.push(strings.read(end))
    else cursor.skip(tag, end)
  }
  return {
    ...(schemaUrl === '' ? {} : { schema_url: schemaUrl }),
    type,
    id_keys: idKeys,
    ...(descriptionKeys.length === 0 ? {} : { description_keys: descriptionKeys }),
  }
}

class StringReader {
  readonly #cursor: Cursor
  repaired = 0

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  read(limit: number): string {
    const cursor = this.#cursor
    const end = cursor.delimited(limit)
    const start = cursor.at
    cursor.at = end
    this.repaired += countRepairs(cursor.bytes, start, end)
    return decodeText(cursor.bytes, start, end)
  }
}

/** Reads string attributes by key from their stored form; anything else reads as ''. */
function attributeReader(attributes: string): (key: string) => string {
  const parsed = new Map(Object.entries(JSON.parse(attributes) as Record<string, unknown>))
  return (key) => {
    const value = parsed.get(key.startsWith('$') ? `$${key}` : key)
    return typeof value === 'string' ? value : ''
  }
}

function firstOf(texts: readonly string[]): string {
  return texts.find((text) => text !== '') ?? ''
}

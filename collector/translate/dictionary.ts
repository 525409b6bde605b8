import type { Cursor } from '../otlp/cursor'
import { ByteCache, type CacheKey } from './cache'
import { decodeResource, decodeScope } from './envelope'
import type { EventKind } from './event-kinds'
import { IdSet } from './id-set'
import {
  identify,
  type Identity,
  nextSerial,
  type ResourceIdentity,
  type ScopeIdentity,
  type ServiceIdentity,
  type Text,
} from './identity'
import { type TranslationLimits, UNCHANGED } from './limits'
import type { DictionaryName, DictionaryRow } from './rows'
import { countRepairs, decodeText } from './text'

const NO_BYTES = new Uint8Array()

/** Where a message or string lies in the source. A message sent in several parts lists each part's start and end. */
export type Parts = readonly number[]

/**
 * Turns resources, scopes, services and operations as they are on the wire into dictionary rows. What was seen before is
 * found by its bytes, without decoding or hashing its content again.
 */
export class Dictionary {
  readonly #tenantAttributes: readonly string[]
  readonly #limits: TranslationLimits
  readonly #texts: ByteCache<Text>
  readonly #resources: ByteCache<ResourceIdentity>
  readonly #scopes: ByteCache<ScopeIdentity>
  /** Services by what they consist of, and by the resource and tenant they were found with. */
  readonly #services: ByteCache<ServiceIdentity>
  readonly #serviceOf: ByteCache<ServiceIdentity>
  readonly #operations: ByteCache<Identity>
  readonly #releases: ByteCache<Identity>
  readonly #subjects: ByteCache<Identity>
  readonly #key: CacheKey = { first: 0, second: 0, third: 0, bytes: NO_BYTES, start: 0, end: 0 }
  readonly #intern = (text: string): Text => this.internText(text)
  #request = 0
  #rows: DictionaryRow[] = []
  readonly #lowIds = new IdSet()
  #mayRepeat = false
  /** What was changed in the content of the rows used. */
  repaired = 0
  droppedAttributes = 0
  cutValues = 0

  constructor(size: number, tenantAttributes: readonly string[], limits: TranslationLimits) {
    this.#tenantAttributes = tenantAttributes
    this.#limits = limits
    this.#texts = new ByteCache(size)
    this.#resources = new ByteCache(size)
    this.#scopes = new ByteCache(size)
    this.#services = new ByteCache(size)
    this.#serviceOf = new ByteCache(size)
    this.#operations = new ByteCache(size)
    this.#releases = new ByteCache(size)
    this.#subjects = new ByteCache(size)
  }

  /** Starts the list of rows of another request. */
  beginRequest(): void {
    this.#request++
    this.#rows = []
    this.#lowIds.clear()
    this.#mayRepeat = false
    this.repaired = this.droppedAttributes = this.cutValues = 0
  }

  /** The rows used since, each once. */
  rows(): readonly DictionaryRow[] {
    if (!this.#mayRepeat) return this.#rows
    // Different bytes may mean the same row, and a row may have been forgotten and made anew meanwhile.
    return [...new Map(this.#rows.map((row) => [`${row.dictionary}:${row.id}`, row])).values()]
  }

  /** Says that a row of this request refers to the identity. */
  use(identity: Identity): void {
    if (identity.usedIn === this.#request) return
    identity.usedIn = this.#request
    this.#rows.push(identity.row)
    // Half an id finds out cheaply that a row is new, as nearly all are.
    if (!this.#lowIds.add(identity.idLow)) this.#mayRepeat = true
    const { changes } = identity
    if (changes === UNCHANGED) return
    this.repaired += changes.repairedStrings
    this.droppedAttributes += changes.droppedAttributes
    this.cutValues += changes.cutValues
  }

  resource(source: Cursor, parts: Parts, schemaUrl: Parts): ResourceIdentity {
    const schema = this.#schemaOf(source, schemaUrl)
    const key = this.#messageKey(source, parts, schema.serial)
    const known = this.#resources.find(key)
    if (known !== undefined) return known
    const bytes = key.bytes.subarray(key.start, key.end)
    const made = decodeResource(bytes, {
      schemaUrl: schema.text,
      tenantAttributes: this.#tenantAttributes,
      limits: this.#limits,
      intern: this.#intern,
    })
    // Interning a tenant has used the key for something else.
    this.#resources.add(this.#fill(schema.serial, 0, 0, bytes, 0, bytes.length), made)
    return made
  }

  scope(source: Cursor, parts: Parts, schemaUrl: Parts): ScopeIdentity {
    const schema = this.#schemaOf(source, schemaUrl)
    const key = this.#messageKey(source, parts, schema.serial)
    const known = this.#scopes.find(key)
    if (known !== undefined) return known
    const bytes = key.bytes.subarray(key.start, key.end)
    const made = decodeScope(bytes, {
      schemaUrl: schema.text,
      limits: this.#limits,
      intern: this.#intern,
    })
    this.#scopes.add(this.#fill(schema.serial, 0, 0, bytes, 0, bytes.length), made)
    return made
  }

  service(resource: ResourceIdentity, tenant: Text): ServiceIdentity {
    const known = this.#serviceOf.find(
      this.#fill(resource.serial, tenant.serial, 0, NO_BYTES, 0, 0),
    )
    if (known !== undefined) return known
    const names = [tenant.text, resource.environment, resource.namespace, resource.service] as const
    // No name holds NUL: it has been replaced in all of them.
    const bytes = Buffer.from(names.join('\0'))
    const key = this.#fill(0, 0, 0, bytes, 0, bytes.length)
    let service = this.#services.find(key)
    if (service === undefined) {
      service = {
        ...identify('service', names, names, UNCHANGED),
        names: [...names],
        overflow: { operation: null, resource: null },
      }
      this.#services.add(key, service)
    }
    this.#serviceOf.add(this.#fill(resource.serial, tenant.serial, 0, NO_BYTES, 0, 0), service)
    return service
  }

  /** The release of the service that the resource names; null when it names none. */
  release(resource: ResourceIdentity, service: ServiceIdentity): Identity | null {
    if (resource.release === '') return null
    if (resource.releaseOf?.serviceSerial !== service.serial) {
      const release = this.#release(service, resource.release)
      resource.releaseOf = { serviceSerial: service.serial, release }
    }
    return resource.releaseOf.release
  }

  /** Releases are of a service in all its environments. */
  #release({ names: [tenant, , namespace, name] }: ServiceIdentity, version: string): Identity {
    return this.#identify('release', this.#releases, [tenant, namespace, name, version])
  }

  /** What events are about. No text may hold NUL. */
  subject(tenant: string, kind: EventKind, subject: string, detail: string): Identity {
    return this.#identify('catalogue', this.#subjects, [tenant, kind, subject, detail])
  }

  /** A row that is nothing but texts, none of which holds NUL. */
  #identify(
    dictionary: DictionaryName,
    cache: ByteCache<Identity>,
    texts: readonly string[],
  ): Identity {
    const bytes = Buffer.from(texts.join('\0'))
    const known = cache.find(this.#fill(0, 0, 0, bytes, 0, bytes.length))
    if (known !== undefined) return known
    const made = identify(dictionary, texts, texts, UNCHANGED)
    cache.add(this.#fill(0, 0, 0, bytes, 0, bytes.length), made)
    return made
  }

  operation(
    service: ServiceIdentity,
    module: Text,
    kind: number,
    source: Cursor,
    nameStart: number,
    nameEnd: number,
  ): Identity {
    const key = this.#fill(service.serial, module.serial, kind, source.bytes, nameStart, nameEnd)
    const known = this.#operations.find(key)
    if (known !== undefined) return known
    const name = decodeText(source.bytes, nameStart, nameEnd)
    const repairedStrings = countRepairs(source.bytes, nameStart, nameEnd)
    const content = [...service.names, module.text, kind, name]
    const values = [service.row.id, module.text, String(kind), name]
    const made = identify('operation', content, values, { ...UNCHANGED, repairedStrings })
    this.#operations.add(key, made)
    return made
  }

  text(bytes: Uint8Array, start: number, end: number): Text {
    const key = this.#fill(0, 0, 0, bytes, start, end)
    const known = this.#texts.find(key)
    if (known !== undefined) return known
    const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const made = { text: decodeText(source, start, end), serial: nextSerial() }
    this.#texts.add(key, made)
    return made
  }

  internText(text: string): Text {
    const bytes = Buffer.from(text)
    return this.text(bytes, 0, bytes.length)
  }

  #schemaOf(source: Cursor, schemaUrl: Parts): Text {
    return this.text(source.bytes, schemaUrl[0] ?? 0, schemaUrl[1] ?? 0)
  }

  #messageKey(source: Cursor, parts: Parts, schemaSerial: number): CacheKey {
    if (parts.length <= 2) {
      return this.#fill(schemaSerial, 0, 0, source.bytes, parts[0] ?? 0, parts[1] ?? 0)
    }
    // Joined, the parts of a message merge by themselves.
    const joined = joinParts(source.bytes, parts)
    return this.#fill(schemaSerial, 0, 0, joined, 0, joined.length)
  }

  #fill(
    first: number,
    second: number,
    third: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): CacheKey {
    const key = this.#key
    key.first = first
    key.second = second
    key.third = third
    key.bytes = bytes
    key.start = start
    key.end = end
    return key
  }
}

/** The parts in one piece. */
export function joinParts(bytes: Buffer, parts: Parts): Buffer {
  const pieces: Buffer[] = []
  for (let index = 0; index < parts.length; index += 2) {
    pieces.push(bytes.subarray(parts[index], parts[index + 1]))
  }
  return Buffer.concat(pieces)
}

import type { Cursor } from '../otlp/cursor'
import type { Dictionary } from './dictionary'
import type { ResourceIdentity, ScopeIdentity, Text } from './identity'

const MODULE = Buffer.from('module')

/** Tells whose a span, log record or data point is: its tenant and its module, some of which its own attributes may say. */
export class Attribution {
  readonly #cursor: Cursor
  readonly #dictionary: Dictionary
  /** The attribute names that may say the tenant, the most important first. */
  readonly #tenantKeys: readonly Buffer[]
  #tokenTenant: Text | null = null
  #noTenant: Text
  #moduleStart = -1
  #moduleEnd = -1
  readonly #tenantStarts: number[]
  readonly #tenantEnds: number[]

  constructor(cursor: Cursor, dictionary: Dictionary, tenantAttributes: readonly string[]) {
    this.#cursor = cursor
    this.#dictionary = dictionary
    this.#tenantKeys = tenantAttributes.map((name) => Buffer.from(name))
    this.#tenantStarts = tenantAttributes.map(() => -1)
    this.#tenantEnds = tenantAttributes.map(() => -1)
    this.#noTenant = dictionary.internText('')
  }

  /** `tenant` is the one the caller's token is bound to, which always wins, or null. */
  beginRequest(tenant: string | null): void {
    this.#tokenTenant = tenant === null ? null : this.#dictionary.internText(tenant)
    this.#noTenant = this.#dictionary.internText('')
  }

  /** The tenant the caller's token is bound to, if it is to one: what items and resources say does not matter then. */
  get tokenTenant(): Text | null {
    return this.#tokenTenant
  }

  beginItem(): void {
    this.#moduleStart = -1
    for (let index = 0; index < this.#tenantStarts.length; index++) this.#tenantStarts[index] = -1
  }

  /** Takes note of an attribute of the item; of several with one key the last counts, as in jsonb. */
  notice(keyStart: number, keyEnd: number, textStart: number, textEnd: number): void {
    if (keyEnd - keyStart === 6 && this.#isKey(MODULE, keyStart, keyEnd)) {
      this.#moduleStart = textEnd > textStart ? textStart : -1
      this.#moduleEnd = textEnd
    }
    if (this.#tokenTenant !== null) return
    for (let index = 0; index < this.#tenantKeys.length; index++) {
      if (!this.#isKey(this.#tenantKeys[index]!, keyStart, keyEnd)) continue
      this.#tenantStarts[index] = textEnd > textStart ? textStart : -1
      this.#tenantEnds[index] = textEnd
    }
  }

  tenant(resource: ResourceIdentity): Text {
    if (this.#tokenTenant !== null) return this.#tokenTenant
    for (let index = 0; index < this.#tenantStarts.length; index++) {
      const start = this.#tenantStarts[index]!
      if (start !== -1) {
        return this.#dictionary.text(this.#cursor.bytes, start, this.#tenantEnds[index]!)
      }
    }
    return resource.tenant ?? this.#noTenant
  }

  module(scope: ScopeIdentity): Text {
    if (this.#moduleStart === -1) return scope.name
    return this.#dictionary.text(this.#cursor.bytes, this.#moduleStart, this.#moduleEnd)
  }

  #isKey(key: Buffer, start: number, end: number): boolean {
    const { length } = key
    if (end - start !== length) return false
    const { bytes } = this.#cursor
    for (let index = 0; index < length; index++) {
      if (bytes[start + index] !== key[index]) return false
    }
    return true
  }
}

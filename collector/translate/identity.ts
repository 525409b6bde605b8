import { createHash } from 'node:crypto'
import type { Changes } from './limits'
import type { DictionaryName, DictionaryRow } from './rows'

/** A dictionary row as the translator remembers it. */
export interface Identity {
  readonly row: DictionaryRow
  /** The words of the id, as COPY BINARY wants them. */
  readonly idHigh: number
  readonly idLow: number
  /** Names the identity in the keys of caches; never used again. */
  readonly serial: number
  /** What was changed in its content. */
  readonly changes: Changes
  /** The request that handed the row out last. */
  usedIn: number
  /** Whether it was within the cap of a service when that was judged last, for which service, and in which period. */
  isAdmitted: boolean
  judgedFor: number
  judgedIn: number
}

export interface ResourceIdentity extends Identity {
  readonly service: string
  readonly namespace: string
  readonly environment: string
  /** The tenant named by the resource's attributes, else null. */
  readonly tenant: Text | null
  /** Empty when it is not known. */
  readonly release: string
  /** `service.instance.id`, else empty. */
  readonly instance: string
  /** The folder of the application, null when it is not known. */
  readonly root: string | null
  /** The row of its release, for the service it was found with last. */
  releaseOf: { readonly serviceSerial: number; readonly release: Identity } | null
  readonly isTooDeep: boolean
  readonly isTooLarge: boolean
}

export interface ScopeIdentity extends Identity {
  readonly name: Text
  readonly isTooDeep: boolean
  readonly isTooLarge: boolean
}

export interface ServiceIdentity extends Identity {
  /** Tenant, environment, namespace and name. */
  readonly names: readonly [string, string, string, string]
  /** What stands in for its operations and resources above the caps, once there are some. */
  readonly overflow: { operation: Identity | null; resource: Identity | null }
}

/** A decoded string that can stand in the key of a cache by its serial. */
export interface Text {
  readonly text: string
  readonly serial: number
}

let lastSerial = 0

export function nextSerial(): number {
  return ++lastSerial
}

/**
 * Makes a row and its id: the first 64 bits of the SHA-256 of `content`, which says which dictionary and, as JSON, what is
 * in the row. Attributes count in the order they were sent, so the same ones in another order make another row.
 */
export function identify(
  dictionary: DictionaryName,
  content: readonly unknown[],
  values: readonly (string | null)[],
  changes: Changes,
): Identity {
  const digest = createHash('sha256')
    .update(JSON.stringify([dictionary, ...content]))
    .digest()
  const id = String(digest.readBigInt64BE(0))
  return {
    row: { dictionary, id, values: [id, ...values], knownIn: 0 },
    idHigh: digest.readInt32BE(0),
    idLow: digest.readInt32BE(4),
    serial: nextSerial(),
    changes,
    usedIn: 0,
    isAdmitted: true,
    judgedFor: 0,
    judgedIn: 0,
  }
}

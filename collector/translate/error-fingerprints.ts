import { hash as digestOf } from 'node:crypto'
import { ByteCache, type CacheKey } from './cache'
import { ErrorKey } from './error-key'
import { uuidOf } from './error-scope'
import {
  type ErrorReport,
  type Fingerprint,
  fingerprint,
  type StackException,
} from './fingerprint/fingerprint'
import type { FingerprintRules } from './fingerprint/rules'
import { jsonOf } from './given-fields'
import { type Identity, nextSerial, type ServiceIdentity } from './identity'
import { UNCHANGED } from './limits'
import { type Overflow, OVERFLOW_NAME } from './overflow'
import { Recent } from './recent'

/** What a throw is a case of. */
export interface KnownError {
  /** The row of `error_group_hash`. */
  readonly identity: Identity
  /** uuids. */
  readonly hash: string
  readonly innermost: string
  /** Of each exception of the chain, `innermost` the last. */
  readonly alone: readonly string[]
  /** Null of the stand-in for errors above the caps. */
  readonly fingerprint: Fingerprint | null
}

/** Fingerprints remembered, with their rows, and rows: how many, and in how much memory. */
const MOST_REMEMBERED = 4_096
const MOST_FINGERPRINT_BYTES = 16 * 1_024 * 1_024
const MOST_ROW_BYTES = 8 * 1_024 * 1_024
/** What a frame or an exception takes, and a row besides its texts. */
const OBJECT_BYTES = 128
/** So many a second are taken of errors that are not known, once the caps are reached. */
const MOST_BEYOND_CAPS = 100
const SECOND_MS = 1_000

/**
 * Tells what throws are cases of. What repeats is found by its bytes; above the caps of errors a stand-in is handed out, and new
 * ones are not even looked at when there are many.
 */
export class ErrorFingerprints {
  readonly #rules: FingerprintRules
  readonly #overflow: Overflow
  readonly #key: ErrorKey
  readonly #cacheKey: CacheKey
  readonly #known = new ByteCache<KnownError>(MOST_REMEMBERED, MOST_FINGERPRINT_BYTES)
  readonly #identities = new Recent(MOST_REMEMBERED, MOST_ROW_BYTES, rowBytes)
  readonly #standIns = new WeakMap<ServiceIdentity, KnownError>()
  #second = 0
  #taken = 0

  constructor(rules: FingerprintRules, overflow: Overflow) {
    this.#rules = rules
    this.#overflow = overflow
    this.#key = new ErrorKey(rules)
    this.#cacheKey = { first: 0, second: 0, third: 0, bytes: this.#key.bytes, start: 0, end: 0 }
  }

  beginRequest(receivedMs: number): void {
    const second = Math.floor(receivedMs / SECOND_MS)
    if (second === this.#second) return
    this.#second = second
    this.#taken = 0
  }

  of(report: ErrorReport, service: ServiceIdentity): KnownError {
    const key = this.#cacheKey
    this.#key.write(report)
    key.first = service.serial
    key.bytes = this.#key.bytes
    key.end = this.#key.end
    let known = this.#known.find(key)
    if (known === undefined) {
      if (this.#overflow.isFullOfErrors(service) && ++this.#taken > MOST_BEYOND_CAPS) {
        return this.#standIn(service)
      }
      known = this.#take(report)
      this.#known.add(key, known, heldBytes(report, known))
    }
    return this.#overflow.admitsError(known.identity, service) ? known : this.#standIn(service)
  }

  #take(report: ErrorReport): KnownError {
    const taken = fingerprint(report, this.#rules)
    const { hash, innermost, alone } = taken
    let identity = this.#identities.find(hash)
    if (identity === undefined) {
      identity = identifyError(hash, rowOf(report, taken))
      this.#identities.add(hash, identity)
    }
    return { identity, hash, innermost, alone, fingerprint: taken }
  }

  #standIn(service: ServiceIdentity): KnownError {
    const known = this.#standIns.get(service)
    if (known !== undefined) return known
    const made = createStandIn(service)
    this.#standIns.set(service, made)
    return made
  }
}

/** What remembering an error holds in memory. A piece of a text keeps all of it, so the texts of the report count whole. */
function heldBytes(
  { stack, message, template }: ErrorReport,
  { identity, fingerprint }: KnownError,
): number {
  // Frames are held twice: as they are shown, and as they were read.
  const objects = 2 * countObjects(fingerprint?.exceptions ?? [])
  return (
    textBytes(stack) +
    textBytes(message) +
    textBytes(template) +
    objects * OBJECT_BYTES +
    rowBytes(identity)
  )
}

function countObjects(exceptions: readonly StackException[]): number {
  return exceptions.reduce(
    (sum, { frames, members = [] }) => sum + 1 + frames.length + countObjects(members),
    0,
  )
}

/** V8 keeps a text in one byte a character, or two. */
function textBytes(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length
}

function rowBytes({ row }: Identity): number {
  return row.values.reduce((sum, value) => sum + (value?.length ?? 0), OBJECT_BYTES)
}

/** The columns of `error_group_hash` that follow `group_id`. */
function rowOf(report: ErrorReport, { algorithm, ...taken }: Fingerprint): (string | null)[] {
  const { tenant, namespace, service, module, operation } = report
  // The text of a log record may hold a stack.
  const kind = taken.exceptions.length > 0 ? 'exception' : report.kind
  return [
    algorithm,
    tenant,
    namespace,
    service,
    kind,
    storable(taken.class),
    taken.code === null ? null : storable(taken.code),
    storable(taken.message),
    storable(taken.culprit),
    module,
    operation,
    jsonOf(taken.why),
    `{${taken.similar.join()}}`,
  ]
}

function createStandIn({ names: [tenant, , namespace, name] }: ServiceIdentity): KnownError {
  const content = ['error_group_hash', OVERFLOW_NAME, tenant, namespace, name]
  const hash = uuidOf(digestOf('sha256', JSON.stringify(content), 'hex'))
  const service = [tenant, namespace, name]
  const shown = [OVERFLOW_NAME, null, '', '', '', '', '[]', '{}']
  const identity = identifyError(hash, ['fp/1', ...service, 'exception', ...shown])
  return { identity, hash, innermost: hash, alone: [hash], fingerprint: null }
}

function identifyError(hash: string, columns: readonly (string | null)[]): Identity {
  const digest = Buffer.from(hash.replaceAll('-', ''), 'hex')
  return {
    row: { dictionary: 'error_group_hash', id: hash, values: [hash, hash, ...columns] },
    idHigh: digest.readInt32BE(0),
    idLow: digest.readInt32BE(4),
    serial: nextSerial(),
    changes: UNCHANGED,
    usedIn: 0,
    isAdmitted: true,
    judgedFor: 0,
    judgedIn: 0,
  }
}

/** What Postgres takes as text. */
function storable(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\ufffd')
}
